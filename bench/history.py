"""How the past is dealt with: questions about a quarter, a month worked out again, a start with much behind it."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from bench.figures import Figure, percentile
from bench.ledger import DAY_MS, ROOT, Plant
from bench.load import publish, publish_packet
from bench.scale import Scale
from bench.stage import PLANT, UNLIMITED, cpu_s
from edge.journal.record import Entry
from edge.journal.writer import JournalWriter
from tests.brokers import Broker
from tests.running import Service, plant_toml

GROUP = 2000
LINE_MACHINES = 20
MONTH_EVENTS, MONTH_DAYS = 1_000_000, 30
SHIFTS = [
    {"name": "early", "start": "06:00", "end": "14:00", "breaks": [{"start": "10:00", "minutes": 30}]},
    {"name": "late", "start": "14:00", "end": "22:00"},
    {"name": "night", "start": "22:00", "end": "06:00"},
]
QUARTER_PLANT = {**PLANT, "sites": {"works": {"timezone": "Europe/Berlin", "shifts": SHIFTS}}}
ASKED, LATE = 100, 50
POLL_S = 0.2


def fill(directory: Path, entries: Iterator[Entry]) -> int:
    """Write entries into a journal as ingest does; how many."""
    with JournalWriter(directory) as writer:
        while group := list(islice(entries, GROUP)):
            writer.append(group)
        return writer.last_offset


def line_entries(events: int, days: float, start: datetime) -> Iterator[Entry]:
    """Production events of one line of 20 machines, evenly over the days."""
    for topic, *rest in entries(LINE_MACHINES, events, days, start):
        site, area, _, machine, kind = topic.removeprefix(f"{ROOT}/").split("/")
        yield f"{ROOT}/{site}/{area}/line00/{machine}/{kind}", *rest


def entries(machines: int, events: int, days: float, start: datetime) -> Iterator[Entry]:
    """Production events of the machines of the load, evenly over the days."""
    step_ms = max(1, int(days * DAY_MS * machines / events))
    plant = Plant(machines, events, boot="history", start_ms=int(start.timestamp() * 1000), step_ms=step_ms)
    for number in range(events):
        topic, payload = plant.message("production")
        yield topic, payload, (plant.ledger.start_ms + number // machines * step_ms) * 1000, 1, 1


def rebuilt(service: Service) -> tuple[int, float, float]:
    """`edge rebuild` of the service's folder: events, seconds, seconds of CPU."""
    sets = [part for setting in service.settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "edge", "rebuild", "--config", str(service.config), *sets]
    before = _children_cpu_s()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"messages=(\d+) seconds=([\d.]+)", done.stdout + done.stderr)
    assert found is not None, done.stdout + done.stderr
    return int(found[1]), float(found[2]), _children_cpu_s() - before


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def recompute(scale: Scale) -> Iterator[Figure]:
    """Numbers of a line at the rate of a million events a month: from the journal, and again from the stored events."""
    days = MONTH_DAYS * scale.recompute_events / MONTH_EVENTS
    with tempfile.TemporaryDirectory() as folder, Broker(UNLIMITED) as broker:
        service = Service(broker.url, plant=QUARTER_PLANT, folder=Path(folder))
        begin = datetime.now(UTC) - timedelta(days=days + 1)
        fill(service.folder / "data" / "journal", line_entries(scale.recompute_events, days, begin))
        events, seconds, cpu = rebuilt(service)
        conditions = f"{events:,} events of {LINE_MACHINES} machines in {days:.0f} days"
        again, again_cpu = _worked_out_again(service, events, days)
    how = "by the service after a change of the plant file"
    yield Figure("recompute of a line, stored events", "100,000 events/s", f"{again:,.0f} events/s",
                 f"{again_cpu:,.0f} a second of CPU; {how}; {conditions}")  # fmt: skip
    yield Figure("  from the journal (`edge rebuild`)", "", f"{events / seconds:,.0f} events/s",
                 f"{events / cpu:,.0f} a second of CPU; in {seconds:.1f} s with pools of the line")  # fmt: skip


def _worked_out_again(service: Service, events: int, days: float) -> tuple[float, float]:
    """Events a second, and a second of CPU, of a service that starts with another micro-stop threshold: from the first
    look at how many hours wait until none does."""
    plant = {**QUARTER_PLANT, "machines": {"works/*": {**PLANT["machines"]["works/*"], "microstop_threshold_s": 90}}}
    (service.config / "plant.toml").write_text(plant_toml(plant), encoding="utf-8")
    with service:
        began, cpu, waiting = time.perf_counter(), cpu_s(service)["main"], service.metrics()["edge_hours_waiting"]
        assert waiting > 0, "all was worked out before the first look: take more events"
        while service.metrics()["edge_hours_waiting"]:
            time.sleep(POLL_S)
        seconds, cpu = time.perf_counter() - began, cpu_s(service)["main"] - cpu
    done = events * waiting / (days * 24 * LINE_MACHINES)
    return done / seconds, done / max(cpu, 0.01)


def line(scale: Scale) -> Iterator[Figure]:
    """OEE of a line of 20 machines over a quarter, whole and by shift: first, again, and after single late messages."""
    begin = datetime.now(UTC) - timedelta(days=scale.line_days)
    events = scale.line_days * 24 * LINE_MACHINES * scale.line_events_per_hour
    with tempfile.TemporaryDirectory() as folder, Broker(UNLIMITED) as broker:
        service = Service(broker.url, plant=QUARTER_PLANT, folder=Path(folder))
        fill(service.folder / "data" / "journal", line_entries(events, scale.line_days, begin))
        rebuilt(service)
        window = {"from": begin.isoformat(), "to": datetime.now(UTC).isoformat()}
        for step in (None, "shift"):
            with service:
                first = _ask(service, window, step)
                cpu = cpu_s(service)["main"]
                took = [_ask(service, window, step) for _ in range(ASKED)]
                cpu_ms = (cpu_s(service)["main"] - cpu) / ASKED * 1000
                late = [_ask_after(service, broker, number, window, step) for number in range(LATE)]
                service.stop()
            what = f"OEE of 20 machines over {scale.line_days} days" + (", by shift" if step else "")
            beside = f"{cpu_ms:.0f} ms of CPU; the first question after a start {first:.0f} ms; {events:,} events"
            yield Figure(what, "p99 50 ms", _percentiles(took), beside)
            yield Figure("  right after a late message", "p99 50 ms", _percentiles(late), f"each up to {LATE} h late")


def _percentiles(took: Sequence[float]) -> str:
    return f"p50 {percentile(took, 0.5):.0f}, p99 {percentile(took, 0.99):.0f} ms"


def _ask(service: Service, window: Mapping[str, str], step: str | None) -> float:
    """Milliseconds of one question."""
    began = time.perf_counter()
    service.get("/api/v1/kpis/oee", asset="works/hall/line00", step=step, **window)
    return (time.perf_counter() - began) * 1000


def _ask_after(service: Service, broker: Broker, number: int, window: Mapping[str, str], step: str | None) -> float:
    """Milliseconds of a question that comes with a message whose time is some hours ago."""
    done = service.metrics()["edge_messages_processed_total"]
    ts = int(time.time() * 1000) - (number + 1) * 3_600_000
    payload = json.dumps({"ts": ts, "total": 1, "bad": 0, "id": f"late-{step}-{number}"}).encode()
    publish(broker.port, [publish_packet(f"{ROOT}/works/hall/line00/m{number % LINE_MACHINES:03d}/count", payload, 1)])
    service.wait_processed(round(done) + 1)
    return _ask(service, window, step)


def start(scale: Scale) -> Iterator[Figure]:
    """From the start of the process to ready, without and with a large journal."""
    took = []
    size = 0
    with tempfile.TemporaryDirectory() as folder, Broker(UNLIMITED) as broker:
        service = Service(broker.url, plant=PLANT, folder=Path(folder))
        for large in (False, True):
            if large:
                journal = service.folder / "data" / "journal"
                fill(journal, _padding(round(scale.journal_gb * 1e9)))
                size = sum(file.stat().st_size for file in journal.iterdir())
            began = time.perf_counter()
            with service:
                took.append(time.perf_counter() - began)
                service.stop()
    what = f"start to ready, {size / 1e9:.1f} GB of journal"
    yield Figure(what, "2 s", f"{took[1]:.1f} s", f"{took[0]:.1f} s with an empty one")


def _padding(size: int) -> Iterator[Entry]:
    """Heartbeats with much beside them, so many bytes in all."""
    now = int(time.time() * 1000)
    each = 20_000
    for number in range(size // each):
        payload = b'{"ts": %d, "boot": "b", "seq": %d, "note": "%s"}' % (now - number, number, b"x" * each)
        yield f"{ROOT}/works/hall/line00/m000/heartbeat", payload, now * 1000, 1, 1
