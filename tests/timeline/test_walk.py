"""What a stretch of a machine's history hands on, and how it reads what lies before and behind it."""

from __future__ import annotations

from typing import Any

import pytest

from edge.clock import SECOND
from edge.timeline.hour import HourEvents
from edge.timeline.rules import Rules
from edge.timeline.walk import ALWAYS, Carry, Lead, Walk, first_carry, walk
from tests.timeline.building import at, one_hour, rules

RUNNING = Carry(base="running", raw="running", product="P")


def walked(hour: HourEvents, carry: Carry = RUNNING, until: str = "7:00", ahead: Lead | None = None,
           by: Rules | None = None) -> Walk:  # fmt: skip
    return walk(hour, carry, at("6:00"), at(until), ahead, by or rules())


def states(found: Walk) -> list[tuple[int, int, str]]:
    return [((s.start - at("6:00")) // SECOND, (s.end - at("6:00")) // SECOND, s.state) for s in found.segments]


def test_the_state_before_goes_on_until_the_first_report() -> None:
    found = walked(one_hour(("6:10", "state", "fault")))
    assert states(found) == [(0, 600, "running"), (600, 3600, "fault")]


def test_a_report_after_the_cut_does_not_exist_yet() -> None:
    found = walked(one_hour(("6:10", "state", "fault"), ("6:50", "state", "running")), until="6:30")
    assert states(found) == [(0, 600, "running"), (600, 1800, "fault")]
    assert found.carry.raw == "fault"


def test_a_short_state_before_the_cut_is_absorbed_though_a_later_report_is_known() -> None:
    said = one_hour(("6:10", "state", "fault"), ("6:50", "state", "running"))
    assert states(walked(said, until="6:10:04", by=rules(debounce_s=5))) == [(0, 604, "running")]
    assert states(walked(said, until="6:10:05", by=rules(debounce_s=5)))[-1] == (600, 605, "fault")


@pytest.mark.parametrize(
    ("given", "start", "fault"),
    [
        ({"default_state": "unknown"}, 0, False),
        ({"default_state": "running"}, 0, False),
        ({"default_state": "stopped"}, ALWAYS, False),
        ({"default_state": "fault"}, ALWAYS, True),
        ({"default_state": "no_order"}, 0, False),
        ({"default_state": "no_order", "no_order_is_loss": True}, ALWAYS, False),
        ({"default_state": "stopped", "stale_s": 60}, 0, False),
    ],
)
def test_a_default_state_that_stands_has_always_stood(given: dict[str, Any], start: int, fault: bool) -> None:
    carry = first_carry(rules(**given))
    assert (carry.stop_start, carry.stop_fault) == (start, fault)


def test_an_open_stop_is_handed_on_with_its_start_and_fault() -> None:
    found = walked(one_hour(("6:50", "state", "stopped"), ("6:55", "state", "fault")))
    assert (found.carry.stop_start, found.carry.stop_fault) == (at("6:50"), True)


def test_a_stop_that_goes_on_behind_has_the_end_class_and_fault_of_its_lead() -> None:
    lead = Lead(stop_end=at("7:01"), stop_fault=True, stop_micro=True)
    ((stop, micro),) = walked(one_hour(("6:59:30", "state", "stopped")), ahead=lead).stops
    assert (stop.start, stop.end, stop.fault, micro) == (at("6:59:30"), at("7:01"), True, True)


def test_the_lead_says_how_a_carried_stop_ends() -> None:
    carry = Carry(base="stopped", raw="stopped", raw_ts=at("5:59"), stop_start=at("5:59"))
    assert walked(one_hour(("6:00:30", "state", "running")), carry).lead == Lead(at("6:00:30"), False, False, True)


def test_the_reason_of_a_state_outlives_an_absorbed_one_over_the_hour() -> None:
    by = rules(debounce_s=60)
    before = walk(
        one_hour(("5:30", "state", "fault", "jam"), ("5:59:50", "state", "idle")), RUNNING, at("5:00"), at("6:00"),
        Lead(absorbed=True), by,
    )  # fmt: skip
    after = walked(one_hour(("6:00:10", "state", "fault", "fuse")), before.carry, by=by)
    assert [(s.state, s.reason) for s in after.segments] == [("fault", "jam"), ("fault", "fuse")]


@pytest.mark.parametrize(("next_report", "absorbed"), [("6:00:20", True), ("6:00:30", False)])
def test_the_lead_says_whether_the_carried_state_was_too_short(next_report: str, absorbed: bool) -> None:
    carry = Carry(base="running", raw="idle", raw_ts=at("5:59:30"))
    found = walked(one_hour((next_report, "state", "running")), carry, by=rules(debounce_s=60))
    assert found.lead.absorbed is absorbed


def test_a_failure_of_packml_lasts_until_execute_over_hours() -> None:
    carry = Carry(base="fault", raw="fault", latched=True, stop_start=at("5:00"), stop_fault=True)
    found = walked(one_hour(("6:10", "state", "packml:4"), ("6:20", "state", "packml:6")), carry)
    assert states(found) == [(0, 600, "fault"), (600, 1200, "fault"), (1200, 3600, "running")]


def test_orders_start_and_finish() -> None:
    found = walked(one_hour(("6:10", "order", "o1", "start"), ("6:20", "order", "o2", "finish"),
                            ("6:30", "order", "o1", "finish")))  # fmt: skip
    assert [order for _, order in found.orders] == [None, "o1", None]
