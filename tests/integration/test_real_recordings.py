"""Recordings of real sensors, replayed through a broker: every value is in the store and comes back as it was.

A recording made here has the shape of a water pump's (eight signals, one row a second). Where public recordings of that
kind are at hand (`skab/**/*.csv.gz` below EDGE_TEST_DATA, or below ../shared/data) they are replayed too.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Broker
from tests.patience import WAIT_S
from tests.running import Service

PROJECT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("EDGE_TEST_DATA", PROJECT.parent / "shared" / "data"))
FILES = sorted((DATA / "skab").rglob("*.csv.gz"))
LABELS = {"anomaly", "changepoint"}
SIGNALS = ("vibration_1", "vibration_2", "current", "pressure", "temperature", "thermocouple", "voltage", "flow")
START_MS = 1_750_000_000_000
HOUR_MS = 3_600_000

Row = tuple[int, dict[str, float]]
"""Instant in milliseconds, value by signal."""


@dataclass
class Recording:
    """Rows of one machine; of several at one instant the last one counts."""

    machine: str
    rows: Sequence[Row]
    values: dict[str, dict[int, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for ts, signals in self.rows:
            for name, value in signals.items():
                self.values.setdefault(name, {})[ts] = value

    @property
    def asset(self) -> str:
        return f"works/pumps/test/{self.machine}"

    def lines(self) -> Iterator[str]:
        """As `edge replay` reads it."""
        for seq, (ts, signals) in enumerate(self.rows):
            payload = {"ts": ts, "boot": "recording", "seq": seq, "signals": signals}
            yield json.dumps({"topic": f"shopfloor/v1/{self.asset}/reading", "payload": payload, "t_ms": ts})


def made_up(machine: str, rows: int, seed: int) -> Recording:
    """A pump that wears: noise around slow waves, a step in the middle, and rows that never were written."""
    draw = random.Random(seed)
    kept = []
    for second in range(rows):
        step = 3.0 if second > rows // 2 else 0.0
        values = {
            name: round(10 * (at + 1) + math.sin(second / 60 + at) + step * (at % 2) + draw.gauss(0, 0.2), 6)
            for at, name in enumerate(SIGNALS)
        }
        if draw.random() > 0.02:
            kept.append((START_MS + 1000 * second, values))
    return Recording(machine, kept)


def recorded(file: Path) -> Recording:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        rows = [_row(row) for row in csv.DictReader(opened, delimiter=";")]
    return Recording(f"{file.parent.name}-{file.name.partition('.')[0]}", rows)


def _row(row: dict[str, str]) -> Row:
    instant = datetime.fromisoformat(row.pop("datetime")).replace(tzinfo=UTC)
    return round(instant.timestamp() * 1000), {k: float(v) for k, v in row.items() if k not in LABELS}


def replay(service: Service, recordings: Sequence[Recording], speed: float) -> None:
    """`edge replay` of all recordings together, in order of time."""
    file = service.folder / "recording.jsonl"
    lines = [line for recording in recordings for line in recording.lines()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    url = next(setting for setting in service.settings if setting.startswith("mqtt.url="))
    command = [sys.executable, "-m", "edge", "replay", str(file), "--speed", str(speed)]
    done = subprocess.run(
        [*command, "--config", str(service.config), "--set", url],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def kept(service: Service, recording: Recording) -> dict[str, dict[int, float]]:
    """Every value that the store has of the machine, by signal and instant; asked for hour by hour."""
    instants = [ts for ts, _ in recording.rows]
    found: dict[str, dict[int, float]] = {name: {} for name in recording.values}
    for start in range(min(instants), max(instants) + 1, HOUR_MS):
        window = {"from": instant(start), "to": instant(start + HOUR_MS)}
        answer = service.get(f"/api/v1/assets/{recording.asset}/readings", points=5000, **window)
        for series in answer["series"]:
            found[series["signal"]] |= _points(series)
    return found


def instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def _points(series: dict[str, Any]) -> dict[int, float]:
    assert series["resolution_s"] == 0, "single values, not means"
    assert series["count"] == len(series["points"])
    assert all(n == 1 and low == mean == high for _, mean, low, high, n in series["points"])
    return {round(ts): mean for ts, mean, *_ in series["points"]}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with Broker() as broker, Service(broker.url) as started:
        yield started


def assert_all_kept(service: Service, recordings: Sequence[Recording], speed: float) -> None:
    before = service.metrics()["edge_messages_accepted_total"]
    messages = sum(len(recording.rows) for recording in recordings)
    replay(service, recordings, speed)
    service.wait_processed(round(before) + messages)
    assert service.metrics()["edge_messages_accepted_total"] == before + messages
    for recording in recordings:
        assert kept(service, recording) == recording.values


def test_every_value_is_kept_flat_out(service: Service) -> None:
    assert_all_kept(service, [made_up(f"made{n}", 1200, seed=n) for n in range(3)], speed=0)


def test_every_value_is_kept_at_pace(service: Service) -> None:
    assert_all_kept(service, [made_up("paced", 120, seed=9)], speed=40)


def test_every_value_is_kept_over_a_restart(service: Service) -> None:
    recording = made_up("restarted", 300, seed=11)
    assert_all_kept(service, [recording], speed=0)
    assert service.stop() == 0
    service.start()
    assert kept(service, recording) == recording.values


if FILES:

    def test_every_value_of_public_recordings_is_kept(service: Service) -> None:
        assert_all_kept(service, [recorded(file) for file in FILES], speed=0)
