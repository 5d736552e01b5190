"""Hours kept consistent: what changed is evaluated again, as far as its consequences reach, and no further."""

from __future__ import annotations

import random
from typing import Any

import pytest

from edge.clock import HOUR
from edge.timeline.history import Row, settle
from edge.timeline.hour import HourEvents
from edge.timeline.overlay import Nothing, Overlay
from edge.timeline.rules import Rules
from edge.timeline.walk import Walk
from tests.timeline.building import at, events, hours, rules

LATE = at("30:00")


class Watched(Overlay):
    """A history that says which hours were evaluated."""

    def __init__(self, found: dict[int, HourEvents]) -> None:
        super().__init__(Nothing(found))
        self.evaluated: list[int] = []

    def put(self, row: Row, walked: Walk, events: HourEvents) -> None:
        self.evaluated.append(row.hour)
        super().put(row, walked, events)


def settled(*said: tuple[Any, ...], cut: int = LATE, by: Rules | None = None) -> Watched:
    history = Watched(hours(events(*said)))
    settle(history, set(history.stored.hours), cut, by or rules())  # type: ignore[attr-defined]
    return history


def stops(history: Overlay) -> list[tuple[int, int, int | None, bool]]:
    """(hour, start, end, micro) of the stops of every hour."""
    return [
        (hour, stop.start, stop.end, micro)
        for hour, (walked, _) in sorted(history.walks.items())
        for stop, micro in walked.stops
    ]


def test_a_stop_over_three_hours_has_one_class_in_each() -> None:
    history = settled(("6:59:30", "state", "stopped"), ("7:30", "alive"), ("8:00:10", "state", "running"))
    expected = (at("6:59:30"), at("8:00:10"), False)
    assert stops(history) == [(at(hour), *expected) for hour in ("6:00", "7:00", "8:00")]


def test_a_stop_over_hours_without_any_message_has_its_end_in_the_first() -> None:
    history = settled(("6:59:30", "state", "stopped"), ("9:30", "state", "running"))
    assert stops(history)[0] == (at("6:00"), at("6:59:30"), at("9:30"), False)


def test_a_state_that_lasts_over_silent_hours_is_not_absorbed_and_its_stop_has_its_end() -> None:
    history = settled(("5:00", "state", "running"), ("6:59:58", "state", "stopped"), ("9:30", "state", "running"),
                      by=rules(debounce_s=5))  # fmt: skip
    assert stops(history)[0] == (at("6:00"), at("6:59:58"), at("9:30"), False)


@pytest.mark.parametrize(
    ("said", "cut", "given", "review"),
    [
        ([("6:10", "state", "running")], "6:30", {}, "7:00"),
        ([("6:10", "state", "running")], "7:00", {}, None),
        ([("6:59:30", "state", "stopped")], "7:00", {}, "7:01:30"),
        ([("6:59:30", "state", "stopped")], "6:59:40", {}, "7:00"),
        ([("6:10", "state", "stopped")], "6:11", {}, "6:12"),
        ([("6:10", "state", "stopped")], "6:12", {}, "7:00"),
        ([("6:59:58", "state", "running")], "7:00:01", {"debounce_s": 5}, "7:00:03"),
        ([("6:59:58", "state", "running")], "7:00:03", {"debounce_s": 5}, None),
    ],
)  # fmt: skip
def test_the_last_hour_says_when_it_must_be_looked_at_again(
    said: list[tuple[Any, ...]], cut: str, given: dict[str, Any], review: str | None
) -> None:
    row = settled(*said, cut=at(cut), by=rules(**given)).get(at("6:00"))
    assert row is not None
    assert row.review == (at(review) if review else 1 << 62)


def test_a_late_count_costs_its_own_hour_only() -> None:
    said = [(f"{hour}:10", "state", "running") for hour in range(24)]
    history = settled(*said)
    history.evaluated.clear()
    settle(history, {at("7:00")}, LATE, rules())
    assert history.evaluated == [at("7:00")]


def test_a_late_state_is_carried_as_far_as_it_reaches() -> None:
    said = [("5:00", "state", "running"), *((f"{hour}:10", "alive") for hour in range(6, 12)),
            ("9:20", "state", "running")]  # fmt: skip
    history = settled(*said)
    (fault,) = events(("6:30", "state", "fault"))
    history.events(at("6:00")).add([fault])
    history.evaluated.clear()
    settle(history, {at("6:00")}, LATE, rules())
    assert set(history.evaluated) == {at(f"{hour}:00") for hour in (6, 7, 8, 9)}
    assert {stop[1:] for stop in stops(history)} == {(at("6:30"), at("9:20"), False)}


@pytest.mark.parametrize("seed", range(8))
def test_the_order_in_which_hours_are_evaluated_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    said = [
        (f"{minute // 60}:{minute % 60:02}:{chance.randrange(60):02}", "state", chance.choice(("running", "stopped")))
        for minute in sorted(chance.sample(range(600), 60))
    ]
    by = rules(debounce_s=20, stale_s=900)
    at_once, piecemeal = settled(*said, by=by), Watched(hours(events(*said)))
    changed = list(at_once.rows)
    chance.shuffle(changed)
    for hour in changed:
        settle(piecemeal, {hour}, LATE, by)
    assert piecemeal.rows == at_once.rows


def test_a_late_stop_between_reports_of_one_state_reaches_no_further_than_they_do() -> None:
    history = settled(*((f"{hour}:10", "state", "running") for hour in range(24)))
    history.events(at("7:00")).add(events(("7:05", "state", "fault")))
    history.evaluated.clear()
    settle(history, {at("7:00")}, LATE, rules())
    assert history.evaluated == [at("7:00")]


def test_hours_behind_the_cut_wait() -> None:
    history = settled(("6:10", "state", "fault"), ("8:10", "state", "running"), cut=at("8:00"))
    assert sorted(history.rows) == [at("6:00")]
    assert stops(history) == [(at("6:00"), at("6:10"), None, False)]
    assert history.rows[at("6:00")].hour + HOUR == at("7:00")
