"""Pools of lines: there when a stretch is settled, gone when something in it changes, and never of another result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from edge.changes import TOPIC
from edge.clock import DAY, HOUR, MINUTE, from_text
from edge.query.query import Asked
from edge.query.window import Window
from edge.store.schema import VERSION, open_writer
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

LINE = "site/area/line"
BEGIN = from_text("2025-03-03T00:00:00Z")
SHIFTS = [{"name": "day", "start": "06:00", "end": "18:00"}, {"name": "night", "start": "18:00", "end": "06:00"}]
PLANT: dict[str, Any] = {
    "products": {"P": {"ideal_cycle_s": 7.3}},
    "sites": {"site": {"timezone": "UTC", "shifts": SHIFTS}},
    "machines": {"site/*": {"product": "P", "stale_after_s": 0}},
}


def said(kind: str, ts: int, machine: str = "m0", received: int = 0, **body: Any) -> Message:
    return Message(
        f"shopfloor/v1/{LINE}/{machine}/{kind}", json.dumps({"ts": ts // 1000, **body}).encode(), received or ts
    )


HISTORY = [
    message
    for hour in range(60)
    for machine, at in (("m0", 123_000), ("m1", 7_777_000))
    for message in (
        said("state", BEGIN + hour * HOUR + at, machine, state="running" if hour % 3 else "fault"),
        said("count", BEGIN + hour * HOUR + at + MINUTE, machine, total=hour, bad=hour % 2),
    )
]
SILENT = "m3"  # in the plant file, and never heard
CHANGE = Message(
    TOPIC,
    json.dumps(
        {"id": "1", "kind": "exception", "name": "site", "by": "ann", "why": "a test", "value": {
            "from": "2025-03-04T07:00:00Z", "to": "2025-03-04T09:00:00Z", "kind": "unscheduled", "reason": "fair"}}
    ).encode(),
    BEGIN + 61 * HOUR,
)  # fmt: skip
LATE = [said("state", BEGIN + 31 * HOUR + 9 * MINUTE, received=BEGIN + 61 * HOUR, state="fault")]


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    with Inside(tmp_path, PLANT, [*HISTORY, *LATE, said("count", BEGIN + 62 * HOUR, "m2", total=1)]) as found:
        found.take(len(HISTORY))
        found.evaluate()
        yield found


def stretches(inside: Inside) -> list[float]:
    """Where pools begin, in hours after the start."""
    rows: Any = inside.pipeline.db.execute("select distinct start from pools order by start")
    return [(start - BEGIN) / HOUR for (start,) in rows]


def asked(inside: Inside, name: str = "oee") -> dict[str, Any]:
    with inside.asking() as query:
        window = Asked(LINE, Window(BEGIN - DAY + 1, inside.clock))
        found = query.kpi(name, window, "shift", None)
        return {key: found[key] for key in ("values", "facts", "flags", "coverage", "revision", "windows")}


def test_settled_stretches_between_shift_bounds_and_midnights_are_pooled(inside: Inside) -> None:
    assert stretches(inside) == [0, 6, 18, 24, 30, 42, 48]  # from 54 on it is not over


@pytest.mark.parametrize("name", ["oee", "first_pass_yield", "orders"])
def test_with_and_without_pools_an_answer_is_the_same_to_the_digit(inside: Inside, name: str) -> None:
    pooled = asked(inside, name)
    inside.pipeline.db.execute("delete from pools")
    assert asked(inside, name) == pooled


def test_a_late_message_drops_the_pools_that_it_reaches_and_no_others(inside: Inside) -> None:
    inside.take(1)
    inside.pipeline.commit()
    before = asked(inside)
    inside.pipeline.work_on_cold(10.0)
    assert stretches(inside) == [0, 6, 18, 24, 42, 48]
    after = asked(inside)
    assert after["facts"] == before["facts"]
    inside.pipeline.pool()
    assert stretches(inside) == [0, 6, 18, 24, 30, 42, 48]
    assert asked(inside) == after


def test_a_message_not_yet_worked_out_is_seen_over_the_pools(inside: Inside) -> None:
    before = asked(inside)["facts"]["down_s"]
    inside.take(1)
    inside.pipeline.commit()
    assert asked(inside)["facts"]["down_s"] > before


def test_a_new_machine_makes_the_pools_of_its_line_useless(inside: Inside) -> None:
    before = asked(inside)["facts"]["calendar_s"]
    inside.take(2)
    inside.pipeline.commit()
    length = (inside.clock - BEGIN + DAY - 1) / 1e6
    assert asked(inside)["facts"]["calendar_s"] == pytest.approx(3 * length)
    assert before < 3 * length
    inside.evaluate()
    assert asked(inside)["facts"]["calendar_s"] == pytest.approx(3 * length)


def test_other_settings_make_pools_useless(inside: Inside, tmp_path: Path) -> None:
    before = asked(inside)["facts"]["ideal_total_s"]
    inside.pipeline.close()
    plant = {**PLANT, "products": {"P": {"ideal_cycle_s": 14.6}}}
    with Inside(tmp_path, plant, HISTORY) as other:
        other.clock = inside.clock
        assert asked(other)["facts"]["ideal_total_s"] == pytest.approx(2 * before)
    inside.restart(kill=False)


def test_a_store_without_pools_gets_the_table(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "store.db")
    db.execute("drop table pools; pragma user_version=1")
    db.close()
    db = open_writer(tmp_path / "store.db")
    assert db.execute("select count(*) from pools").fetchall() == [(0,)]
    assert db.pragma("user_version") == VERSION
    db.close()


def test_pools_go_with_the_events_that_they_are_of(inside: Inside) -> None:
    retention = inside.pipeline.retention
    object.__setattr__(retention, "events_us", inside.clock - BEGIN - 31 * HOUR)
    db: apsw.Connection = inside.pipeline.db
    with db:
        while retention.step(db, inside.pipeline.readings, inside.clock):
            pass
    assert stretches(inside) == [42, 48]


def test_other_plant_data_from_the_interface_reach_silent_machines_too(tmp_path: Path) -> None:
    plant = {**PLANT, "machines": {**PLANT["machines"], f"{LINE}/{SILENT}": {"product": "P"}}}
    with Inside(tmp_path, plant, [*HISTORY, CHANGE]) as inside:
        inside.take(len(HISTORY))
        inside.clock = CHANGE.received
        inside.evaluate()
        before = asked(inside)["facts"]["scheduled_s"]
        inside.take(1)
        inside.pipeline.commit()
        lost_s = 3 * 2 * 3600
        assert before - asked(inside)["facts"]["scheduled_s"] == pytest.approx(lost_s)
        inside.evaluate()
        assert stretches(inside) == [0, 6, 18, 24, 30, 42, 48]
        assert before - asked(inside)["facts"]["scheduled_s"] == pytest.approx(lost_s)


def test_a_line_is_pooled_from_its_first_message_on_whenever_that_comes(tmp_path: Path) -> None:
    plant = {**PLANT, "machines": {**PLANT["machines"], f"{LINE}/m0": {}}}
    with Inside(tmp_path, plant, HISTORY) as inside:
        inside.clock = BEGIN
        inside.pipeline.pool()
        assert stretches(inside) == []
        inside.take(len(HISTORY))
        inside.evaluate()
        assert stretches(inside) == [0, 6, 18, 24, 30, 42, 48]


def test_silence_may_be_left_for_later_and_no_number_depends_on_it(tmp_path: Path) -> None:
    again = BEGIN + 30 * DAY
    messages = [*HISTORY, said("count", again + MINUTE, total=1), said("count", again + 7 * HOUR, "m1", total=1)]
    with Inside(tmp_path, PLANT, messages) as inside:
        inside.take(len(messages))
        inside.pipeline.catch_up()
        inside.pipeline.pool(silence=False)
        spoke = [0, 6, 18, 24, 30, 42, 48, 54]
        assert stretches(inside) == [*spoke, 30 * 24]  # the rest of that day is not over
        before = asked(inside)
        inside.pipeline.pool()
        assert len(stretches(inside)) == 3 * 30 + 1
        assert asked(inside) == before


def test_a_revision_is_not_taken_back_while_the_next_one_is_worked_out(tmp_path: Path) -> None:
    again = said("count", BEGIN + 31 * HOUR + 20 * MINUTE, received=BEGIN + 61 * HOUR, total=7)
    with Inside(tmp_path, PLANT, [*HISTORY, *LATE, again]) as inside:
        inside.take(len(HISTORY))
        inside.evaluate()
        revisions = []
        for _ in range(2):
            inside.take(1)
            inside.pipeline.commit()
            revisions.append(asked(inside)["revision"])
            inside.evaluate()
            revisions.append(asked(inside)["revision"])
    assert revisions == sorted(revisions)
    assert revisions[0] < revisions[1] < revisions[3]


def test_a_present_between_seconds_has_the_same_digits_for_silent_machines(tmp_path: Path) -> None:
    plant = {**PLANT, "machines": {f"{LINE}/m{n}": {"stale_after_s": 0} for n in range(3)}}
    with Inside(tmp_path, plant, [said("state", BEGIN, state="running")]) as inside:
        inside.take(1)
        inside.clock = BEGIN + 30 * HOUR + 100_000  # a tenth of a second
        inside.evaluate()
        assert stretches(inside)
        found = []
        for _ in range(2):
            with inside.asking() as query:
                found.append(query.kpi("oee", Asked(LINE, Window(BEGIN, BEGIN + 31 * HOUR)), None, None))
            inside.pipeline.db.execute("delete from pools")
    assert found[0]["facts"]["calendar_s"] == found[1]["facts"]["calendar_s"] == 324000.3
    assert found[0] == found[1]
