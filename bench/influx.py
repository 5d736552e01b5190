"""InfluxDB beside the service: what a million waiting points cost, how fast they leave, whether readings keep up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS

from bench.figures import Figure, percentile
from bench.scale import Scale
from bench.stage import POLL_S, drain, load, resident_mb, stage
from edge.influx.points import ReadingLines
from edge.store.segments import Rows
from tests.influxdb import Influx
from tests.running import Service

ASKED = 40
DRAIN_S = 900.0
BARE_LINES = 100_000
NAMES = tuple(f"signal{n}" for n in range(8))
PUBLISHED = "Telegraf 1.30 into InfluxDB: 40,000 messages/s, 220 MB"


def influx(scale: Scale) -> Iterator[Figure]:
    """Readings of eight signals, a point each."""
    with Influx() as server:
        yield from _waiting(scale, server)
        yield _bare(server)
    yield from _live(scale)


def _waiting(scale: Scale, server: Influx) -> Iterator[Figure]:
    points = 5 * scale.messages
    with stage(server.settings) as (broker, service):
        with load(broker.port, kind="readings", messages=1000):
            service.wait_processed(1000)
        server.kill()
        with load(broker.port, kind="readings", messages=points):
            drain(service, points, before=1000, timeout_s=600.0)
        waiting = service.metrics()["edge_outbox_points"]
        peak, answers = resident_mb(service), _ask(service)
        server.start()
        drained = _Draining(service)
        quiet = _ask(service)
    yield Figure(f"memory, {waiting:,.0f} points waiting", "200 MB", f"{peak:.0f} MB", "all processes")
    yield Figure("  API meanwhile", "as fast as without", _shown(answers), f"nothing waiting: {_shown(quiet)}")
    yield Figure("  they leave at", "5,000 points/s", f"{drained.rate:,.0f}/s", f"{8 * drained.rate:,.0f} values/s")
    yield Figure("  memory, API meanwhile", "200 MB", f"{drained.peak_mb:.0f} MB", _shown(drained.answers))


def _ask(service: Service) -> list[float]:
    """Milliseconds of questions about a machine's readings and KPI."""
    took = []
    path = service.get("/api/v1/assets")["assets"][-1]["path"]
    window: Mapping[str, Any] = {"from": "2020-01-01T00:00:00Z", "points": 200, "signal": "temperature"}
    for n in range(ASKED):
        began = time.perf_counter()
        if n % 2:
            service.get("/api/v1/kpis/oee", asset=path)
        else:
            service.get(f"/api/v1/assets/{path}/readings", **window)
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(0.02)
    return took


def _shown(took: list[float]) -> str:
    return f"p50 {percentile(took, 0.5):.0f}, p95 {percentile(took, 0.95):.0f} ms"


class _Draining:
    """Watches until nothing waits: points a second, the highest memory, what the API took meanwhile."""

    def __init__(self, service: Service) -> None:
        self.answers: list[float] = []
        before = service.metrics()["edge_outbox_sent_points_total"]
        asking = threading.Thread(target=lambda: self.answers.extend(_ask(service)))
        self.peak_mb, began = 0.0, 0.0
        deadline = time.monotonic() + DRAIN_S
        while True:
            metrics = service.metrics()
            sent = metrics["edge_outbox_sent_points_total"] - before
            if sent and not began:
                began, first = time.perf_counter(), sent
                asking.start()
            self.peak_mb = max(self.peak_mb, resident_mb(service))
            if sent and not metrics["edge_outbox_points"]:
                break
            assert time.monotonic() < deadline, service.log[-2000:]
            time.sleep(POLL_S)
        self.rate = (sent - first) / max(time.perf_counter() - began, 1e-9)
        asking.join()


def _bare(server: Influx) -> Figure:
    """The client library alone, writing lines like ours synchronously."""
    rows = Rows()
    made = ReadingLines("works/hall/line00/bare", NAMES)
    for n in range(BARE_LINES):
        rows.times.append(1_700_000_000_000_000 + n * 1000)
        rows.offsets.append(n)
        rows.values.extend(n * 0.1 + place for place in range(8))
    lines = made.of(rows)
    with InfluxDBClient(server.url, server.token, org=server.org, enable_gzip=True, timeout=60_000) as client:
        writing = client.write_api(write_options=SYNCHRONOUS)
        began = time.perf_counter()
        for first in range(0, len(lines), 5000):
            writing.write(server.bucket, server.org, "\n".join(lines[first : first + 5000]))
        rate = len(lines) / (time.perf_counter() - began)
    return Figure("  the client library alone, lines ready", "-", f"{rate:,.0f}/s", PUBLISHED)


def _live(scale: Scale) -> Iterator[Figure]:
    """Readings flat out, without InfluxDB and with it on the same cores."""
    rates = []
    for wanted in (False, True):
        with Influx() as server, stage(server.settings if wanted else ()) as (broker, service):
            if not wanted:
                server.kill()
            with load(broker.port, kind="readings", messages=scale.messages):
                drained = drain(service, scale.messages)
            rates.append(drained.rate)
            if wanted:
                behind = service.metrics()["edge_outbox_points"]
                began = time.perf_counter()
                while service.metrics()["edge_outbox_points"]:
                    time.sleep(POLL_S)
                after = time.perf_counter() - began
    alone, beside = rates
    measured = f"{beside:,.0f}/s"
    yield Figure(
        "readings with a live InfluxDB", "20,000/s", measured, f"{beside / alone:.2f} of {alone:,.0f}/s without"
    )
    yield Figure("  all of them there", "-", f"{after:.1f} s later", f"{behind:,.0f} were behind; {drained.cpu}")
