"""KPI windows that change: InfluxDB ends up with what holds now, and nothing of what held before is left over."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edge.clock import DAY, HOUR, MINUTE, SECOND, to_text
from edge.influx.comparison import Verdict
from tests.influx.sending import send_all, verification
from tests.influxdb import Influx
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

BEGIN = (time.time_ns() // 1000 // DAY - 2) * DAY + 8 * HOUR
NOW = BEGIN + DAY
PATH = "works/hall/l1/m1"
MACHINES = {"products": {"P1": {"ideal_cycle_s": 30.0}}, "machines": {"works/*": {"product": "P1"}}}
SHIFTS = {"sites": {"works": {"timezone": "UTC", "shifts": [
    {"name": "early", "start": "06:00", "end": "09:30", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
    {"name": "late", "start": "09:30", "end": "18:00", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
]}}}  # fmt: skip


def closed() -> dict[str, Any]:
    """A plant in which the time of all messages was not scheduled."""
    day = datetime.fromtimestamp(BEGIN / SECOND, UTC)
    slot = {"from": day, "to": datetime.fromtimestamp((BEGIN + 4 * HOUR) / SECOND, UTC), "reason": "holiday"}
    return {"sites": {"works": {"timezone": "UTC", "unscheduled": [slot]}}}


def messages() -> list[Message]:
    made = []
    for n in range(180):
        at = BEGIN + n * MINUTE
        kind, said = ("state", {"state": "running"}) if n % 30 == 0 else ("count", {"total": 1, "bad": int(n % 7 == 0)})
        payload = json.dumps({"ts": at // 1000, **said}).encode()
        made.append(Message(f"shopfloor/v1/{PATH}/{kind}", payload, at + SECOND))
    return made


@pytest.fixture(scope="module")
def influx() -> Iterator[Influx]:
    with Influx() as running:
        yield running


def evaluated(folder: Path, influx: Influx, plant: Mapping[str, Any]) -> Verdict:
    """The store as it is with this plant, sent; what a comparison then says."""
    with Inside(folder, {**MACHINES, **plant}, messages()) as inside:
        inside.take(1 << 30)
        inside.clock = NOW
        inside.pipeline.catch_up()
        send_all(inside, influx, folder / "outbox.db")
        return verification(inside, influx, PATH).run(BEGIN - HOUR, NOW)


def windows(influx: Influx) -> dict[str, float | None]:
    """OEE by begin of the window."""
    return {
        to_text(row["time"] // 1000)[11:16]: row["oee"] for row in influx.query('select "oee", window_s from kpi_oee')
    }


def test_restated_windows_leave_nothing_behind(tmp_path: Path, influx: Influx) -> None:
    assert evaluated(tmp_path, influx, SHIFTS).well
    first = windows(influx)
    assert list(first) == ["08:00", "09:00", "09:30", "10:00"]
    assert None not in first.values()
    for plant, begins in ((closed(), ["08:00", "09:00", "10:00"]), ({}, ["08:00", "09:00", "10:00"])):
        verdict = evaluated(tmp_path, influx, plant)
        assert (verdict.missing, verdict.different, verdict.extra) == (0, 0, 0), verdict.examples
        found = windows(influx)
        assert list(found) == begins
        assert (set(found.values()) == {None}) == bool(plant)  # where nothing was planned there is no OEE


def test_sending_all_of_it_again_changes_nothing(tmp_path: Path, influx: Influx) -> None:
    evaluated(tmp_path, influx, SHIFTS)
    before = influx.query("select * from /.*/")
    (tmp_path / "outbox.db").unlink()
    verdict = evaluated(tmp_path, influx, SHIFTS)
    assert verdict.well
    assert influx.query("select * from /.*/") == before


def test_what_a_lost_position_knew_of_is_taken_away_all_the_same(tmp_path: Path, influx: Influx) -> None:
    evaluated(tmp_path, influx, SHIFTS)
    for file in tmp_path.glob("outbox.db*"):
        file.unlink()
    verdict = evaluated(tmp_path, influx, closed())
    assert (verdict.missing, verdict.different, verdict.extra) == (0, 0, 0), verdict.examples
    assert list(windows(influx)) == ["08:00", "09:00", "10:00"]
