"""How the past is dealt with: questions about a quarter, a month worked out again, a start with much behind it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from bench.figures import Figure, percentile
from bench.ledger import ROOT, Plant
from bench.scale import Scale
from bench.stage import PLANT, UNLIMITED
from edge.journal.record import Entry
from edge.journal.writer import JournalWriter
from tests.brokers import Broker
from tests.running import Service

GROUP = 2000
LINE_MACHINES = 20
SHIFTS = [
    {"name": "early", "start": "06:00", "end": "14:00", "breaks": [{"start": "10:00", "minutes": 30}]},
    {"name": "late", "start": "14:00", "end": "22:00"},
    {"name": "night", "start": "22:00", "end": "06:00"},
]
QUARTER_PLANT = {**PLANT, "sites": {"works": {"timezone": "Europe/Berlin", "shifts": SHIFTS}}}
ASKED = 100


def fill(directory: Path, entries: Iterator[Entry]) -> int:
    """Write entries into a journal as ingest does; how many."""
    with JournalWriter(directory) as writer:
        while group := list(islice(entries, GROUP)):
            writer.append(group)
        return writer.last_offset


def line_entries(events: int, days: float, start: datetime) -> Iterator[Entry]:
    """Production events of one line of 20 machines, evenly over the days."""
    step_ms = max(1, int(days * 86_400_000 * LINE_MACHINES / events))
    plant = Plant(LINE_MACHINES, events, boot="history", start_ms=int(start.timestamp() * 1000), step_ms=step_ms)
    for number in range(events):
        topic, payload = plant.message("production")
        site, area, _, machine, kind = topic.removeprefix(f"{ROOT}/").split("/")
        received = plant.ledger.start_ms + number // LINE_MACHINES * step_ms
        yield f"{ROOT}/{site}/{area}/line00/{machine}/{kind}", payload, received * 1000, 1, 1


def rebuilt(service: Service) -> tuple[int, float]:
    """`edge rebuild` of the service's folder: events, seconds."""
    sets = [part for setting in service.settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "edge", "rebuild", "--config", str(service.config), *sets]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"messages=(\d+) seconds=([\d.]+)", done.stdout + done.stderr)
    assert found is not None, done.stdout + done.stderr
    return int(found[1]), float(found[2])


def recompute(scale: Scale) -> Iterator[Figure]:
    """A month of one line, from the journal to facts."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service("mqtt://127.0.0.1:1", plant=QUARTER_PLANT, folder=Path(folder))
        start = datetime.now(UTC) - timedelta(days=31)
        fill(service.folder / "data" / "journal", line_entries(scale.recompute_events, 30, start))
        events, seconds = rebuilt(service)
    measured = f"{events / seconds:,.0f} events/s"
    yield Figure("recompute a month of a line", "100,000 events/s", measured, f"{events:,} in {seconds:.1f} s")


def line(scale: Scale) -> Iterator[Figure]:
    """OEE of a line of 20 machines over a quarter, whole and by shift."""
    start = datetime.now(UTC) - timedelta(days=scale.line_days)
    events = scale.line_days * 24 * LINE_MACHINES * 3
    with tempfile.TemporaryDirectory() as folder, Broker(UNLIMITED) as broker:
        service = Service(broker.url, plant=QUARTER_PLANT, folder=Path(folder))
        fill(service.folder / "data" / "journal", line_entries(events, scale.line_days, start))
        rebuilt(service)
        with service:
            window = {"from": start.isoformat(), "to": datetime.now(UTC).isoformat()}
            for step in (None, "shift"):
                first = _ask(service, window, step)
                took = [_ask(service, window, step) for _ in range(ASKED)]
                what = f"OEE of 20 machines over {scale.line_days} days" + (", by shift" if step else "")
                measured = f"p50 {percentile(took, 0.5):.0f}, p99 {percentile(took, 0.99):.0f} ms"
                yield Figure(what, "p99 50 ms", measured, f"the first time {first:.0f} ms; {events:,} events")


def _ask(service: Service, window: dict[str, str], step: str | None) -> float:
    """Milliseconds of one question."""
    began = time.perf_counter()
    service.get("/api/v1/kpis/oee", asset="works/hall/line00", step=step, **window)
    return (time.perf_counter() - began) * 1000


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
