"""What hours that are no longer kept have left: states, products and levels that were said before go on to hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.clock import DAY, HOUR, MINUTE
from edge.processing.retention import Retention
from edge.query.query import Asked
from edge.query.window import Window
from tests.processing.test_pooling import BEGIN, LINE, said
from tests.properties.inside import Inside

PLANT: dict[str, Any] = {
    "products": {"P": {"ideal_cycle_s": 7}, "Q": {"ideal_cycle_s": 20}},
    "machines": {"site/*": {"product": "P", "stale_after_s": 0}},
}
ONCE = [
    said("state", BEGIN, state="running"),
    said("product", BEGIN, product="Q"),
    said("state", BEGIN, "silent", state="running"),
    said("count", BEGIN + MINUTE, "silent", counter="total", value=100),
]
HOURLY = [said("count", BEGIN + hour * HOUR + MINUTE, total=10, bad=1) for hour in range(1, 96)]
OLD = said("state", BEGIN - 100 * DAY, received=BEGIN + 96 * HOUR, state="fault")  # from a clock that is wrong
AGAIN = said("count", BEGIN + 96 * HOUR + MINUTE, "silent", counter="total", value=150)
LAST_DAY = {"run_time_s": 86400.0, "unknown_s": 0.0, "total_count": 240, "ideal_total_s": 4800.0}
SILENT_DAY = {"run_time_s": 86400.0, "unknown_s": 0.0, "total_count": 0, "ideal_total_s": 0.0}


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    """Four days, of which two have been dropped."""
    with Inside(tmp_path, PLANT, [*ONCE, *HOURLY, OLD, AGAIN]) as found:
        found.take(len(ONCE) + len(HOURLY))
        found.clock = BEGIN + 96 * HOUR
        found.evaluate()
        found.pipeline.retention = Retention(events_us=2 * DAY)
        while found.pipeline.retire():
            pass
        yield found


def day(inside: Inside, machine: str, number: int = 3) -> dict[str, Any]:
    start = BEGIN + number * DAY
    with inside.asking() as query:
        facts = query.kpi("oee", Asked(f"{LINE}/{machine}", Window(start, start + DAY)), None, None)["facts"]
    return {name: facts[name] for name in LAST_DAY}


def work_out_again(inside: Inside) -> None:
    inside.pipeline.evaluate_everything()
    inside.evaluate()


def test_what_was_said_before_holds_when_hours_are_worked_out_again(inside: Inside) -> None:
    work_out_again(inside)
    assert day(inside, "m0") == LAST_DAY
    inside.restart(kill=False)
    work_out_again(inside)
    assert day(inside, "m0") == LAST_DAY


def test_a_machine_of_which_no_hour_is_kept_is_what_it_said_last(inside: Inside) -> None:
    assert day(inside, "silent") == SILENT_DAY
    inside.restart(kill=False)
    assert day(inside, "silent") == SILENT_DAY
    inside.take(2)
    inside.evaluate()
    inside.clock = BEGIN + 5 * DAY
    assert day(inside, "silent", 4)["total_count"] == 50  # the level of its counter is known too


def test_a_message_older_than_all_that_is_kept_changes_nothing(inside: Inside) -> None:
    inside.take(1)
    inside.evaluate()
    work_out_again(inside)
    assert day(inside, "m0") == LAST_DAY
