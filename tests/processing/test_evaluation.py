"""Facts in the store: what a failing plugin leaves behind, what a provisional hour has, when a revision counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.clock import HOUR, MINUTE, from_text
from edge.kpi import Facts, Kpi
from tests.properties.inside import HOST, Inside
from tests.scenarios.scenario import Message

SIX = from_text("2025-03-03T06:00:00Z")
MACHINE = "site/area/line/m0"
PLANT: dict[str, Any] = {"products": {"P": {"ideal_cycle_s": 10.0}},
                         "machines": {MACHINE: {"product": "P", "stale_after_s": 0}}}  # fmt: skip


def said(kind: str, ts: int, **body: Any) -> Message:
    return Message(f"shopfloor/v1/{MACHINE}/{kind}", json.dumps({"ts": ts // 1000, **body}).encode(), ts)


RUNNING = said("state", SIX + MINUTE, state="running")
COUNT = said("count", SIX + 10 * MINUTE, total=4, bad=0)
NEXT = said("count", SIX + HOUR, total=1, bad=0)
LATE = Message(COUNT.topic, json.dumps({"ts": (SIX + 20 * MINUTE) // 1000, "total": 5}).encode(), SIX + 2 * HOUR)


class Fussy(Kpi):
    """Fails where more than four parts were made."""

    name = "fussy"

    def facts(self, slice: Any) -> Facts:
        total = sum(count.total for count in slice.counts)
        if total > 4:
            raise ValueError("too many")
        return {"total": total}

    def values(self, facts: Facts) -> dict[str, Any]:
        return {"fussy": facts["total"]}


@pytest.fixture
def fussy() -> Iterator[None]:
    HOST.register("fussy", "1", [Fussy])
    yield
    del HOST.kpis["fussy"]


def revision(inside: Inside, name: str, start: int) -> int | None:
    sql = "select revision from facts join kpis on kpis.id=kpi where name=? and start=?"
    found = inside.pipeline.db.execute(sql, (name, start)).fetchone()
    return None if found is None else int(found[0])  # type: ignore[arg-type]  # an integer column


def test_facts_of_an_hour_that_a_plugin_fails_on_now_are_not_those_of_before(tmp_path: Path, fussy: None) -> None:
    with Inside(tmp_path, PLANT, [RUNNING, COUNT, NEXT, LATE]) as inside, inside.asking() as query:
        inside.take(3)
        inside.evaluate()
        assert inside.facts()["fussy", MACHINE, SIX, SIX + HOUR] == {"total": 4}
        inside.take(1)
        inside.evaluate()
        assert ("fussy", MACHINE, SIX, SIX + HOUR) not in inside.facts()
        found = query.kpi("fussy", query.window(MACHINE, SIX, SIX + HOUR, None), None, None)
        assert "incomplete" in found["flags"]
        assert found["values"] == {}
        assert inside.facts()["oee", MACHINE, SIX, SIX + HOUR]["total_count"] == 9


def test_an_hour_is_provisional_until_it_is_over_and_a_late_message_makes_a_revision(tmp_path: Path) -> None:
    with Inside(tmp_path, PLANT, [RUNNING, COUNT, NEXT, LATE]) as inside:
        inside.take(2)
        inside.evaluate()
        assert (revision(inside, "oee", SIX), inside.pipeline.now()) == (0, SIX + 10 * MINUTE)
        inside.clock = SIX + HOUR
        inside.evaluate()
        assert revision(inside, "oee", SIX) == 1
        inside.take(1)
        inside.evaluate()
        assert revision(inside, "oee", SIX) == 1
        inside.take(1)
        inside.evaluate()
        assert revision(inside, "oee", SIX) == 2


def test_an_hour_that_begins_later_than_now_waits(tmp_path: Path) -> None:
    with Inside(tmp_path, PLANT, [RUNNING, NEXT]) as inside:
        inside.take(2)
        inside.clock = SIX + 30 * MINUTE
        inside.evaluate()
        assert {cell[2:] for cell in inside.facts()} == {(SIX, SIX + 30 * MINUTE)}
        inside.clock = SIX + HOUR + MINUTE
        inside.evaluate()
        ends = {cell[2:] for cell in inside.facts() if cell[0] == "oee"}
        assert ends == {(SIX, SIX + HOUR), (SIX + HOUR, SIX + HOUR + MINUTE)}


@pytest.mark.parametrize(("minutes", "time_class"), [(1, "micro"), (3, "down")])
def test_an_open_stop_at_the_end_of_an_hour_changes_its_class_with_time(
    tmp_path: Path, minutes: int, time_class: str
) -> None:
    stop = said("state", SIX + 59 * MINUTE + 30_000_000, state="stopped")
    with Inside(tmp_path, PLANT, [RUNNING, stop]) as inside:
        inside.take(2)
        inside.clock = SIX + HOUR + 10_000_000
        inside.evaluate()
        assert inside.facts()["time_model", MACHINE, SIX, SIX + HOUR]["classes"]["micro"] == 30.0
        inside.clock = SIX + HOUR + minutes * MINUTE
        inside.evaluate()
        assert inside.facts()["time_model", MACHINE, SIX, SIX + HOUR]["classes"][time_class] == 30.0
