"""Machines that publish only counts, or only a signal: their state follows from these."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edge.clock import from_text
from edge.query.query import Asked
from edge.query.window import Window
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

START = datetime(2025, 3, 3, 6, tzinfo=UTC)
ASSET = "s/a/l/m"


def at(minute: float) -> str:
    return (START + timedelta(minutes=minute)).isoformat()


def said(minute: float, kind: str, **members: object) -> Message:
    return Message(
        f"shopfloor/v1/{ASSET}/{kind}", json.dumps({"ts": at(minute), **members}).encode(), from_text(at(minute))
    )


def facts(settings: dict[str, Any], messages: Sequence[Message], start: float, end: float) -> dict[str, Any]:
    plant = {
        "products": {"P": {"ideal_cycle_s": 60}},
        "machines": {"s/*": {"product": "P", "stale_after_s": 0, **settings}},
    }
    with answering(plant, messages) as query:
        window = Asked(ASSET, Window(from_text(at(start)), from_text(at(end))))
        found: dict[str, Any] = query.kpi("oee", window, None, None)["facts"]
    return found


COUNTS = {"state_from": "counts", "parts_timeout_s": 240}
MADE = [*range(0, 30, 2), *range(50, 130, 2)]  # a pause from minute 28 to 50; over the hours without one


@pytest.mark.parametrize("order", [1, -1])
def test_a_pause_between_parts_is_a_stop_dated_back_to_the_part_before_it(order: int) -> None:
    messages = [said(minute, "count", total=1) for minute in MADE][::order]
    found = facts(COUNTS, messages, 0, 128)
    assert (found["run_time_s"], found["down_s"]) == ((128 - 22) * 60, 22 * 60)
    assert found["total_count"] == len(MADE) - 1  # the last one lies on the end


def test_absolute_counters_say_when_parts_were_made() -> None:
    messages = [said(minute, "count", counter="total", value=n) for n, minute in enumerate([0, *MADE])]
    messages += [said(40, "count", counter="total", value=MADE.index(50))]  # a sample that shows no new part
    found = facts(COUNTS, messages, 2, 128)
    assert found["down_s"] == 22 * 60


def test_the_last_pause_is_running_until_the_timeout_has_passed_and_then_a_stop_from_its_start() -> None:
    messages = [said(minute, "count", total=1) for minute in range(0, 60, 2)]
    assert facts(COUNTS, messages, 0, 120)["down_s"] == 62 * 60


def test_one_hour_does_not_change_the_class_of_the_next() -> None:
    messages = [said(minute, "count", total=1) for minute in (55, 57, 58, 65, 66)]
    whole, first, second = (facts(COUNTS, messages, *window) for window in ((55, 66), (55, 60), (60, 66)))
    assert whole["down_s"] == 7 * 60
    assert first["down_s"] + second["down_s"] == whole["down_s"]


def test_a_signal_above_its_limit_means_running() -> None:
    settings = {"state_from": "signal", "running_signal": "current", "running_above": 2.0}
    values = [(0, 5.0), (10, 5.2), (20, 0.3), (30, 0.2), (45, 4.0), (60, 4.1)]
    messages = [said(minute, "reading", signals={"current": value, "other": 1}) for minute, value in values]
    found = facts(settings, messages, 0, 60)
    assert (found["run_time_s"], found["down_s"]) == (35 * 60, 25 * 60)
