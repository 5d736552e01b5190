"""What a line made: the parts that leave it, each counted once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from edge.clock import from_text
from tests.query.test_corrections import START, at
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

MADE = {"l1/m1": 300, "l1/m2": 280, "l2/m1": 50, "l2/m2": 40}
ROUTE = {"s/a/l1": {"route": ["m1", "m2"]}}


def record(machines: dict[str, int]) -> list[Message]:
    messages = []
    for machine, total in machines.items():
        for minute, kind, said in ((0, "state", {"state": "running"}), (200, "count", {"total": total, "bad": 10})):
            payload = json.dumps({"ts": (START + timedelta(minutes=minute)).isoformat(), **said}).encode()
            messages.append(Message(f"shopfloor/v1/s/a/{machine}/{kind}", payload, from_text(at(minute))))
    return messages


def parts(asset: str, lines: dict[str, Any], made: dict[str, int]) -> dict[str, Any]:
    plant = {
        "products": {"A": {"ideal_cycle_s": 30}},
        "machines": {"s/*": {"product": "A", "stale_after_s": 0}},
        "lines": lines,
    }
    with answering(plant, record(made)) as query:
        query.now = lambda: from_text(at(240))
        found: dict[str, Any] = query.status(asset)["parts"]
        return found


@pytest.mark.parametrize(
    ("asset", "good", "of"),
    [
        ("s/a/l1", 270, ["s/a/l1/m2"]),
        ("s/a/l2", 70, None),
        ("s/a", 270 + 70, ["s/a/l1/m2", "s/a/l2/m1", "s/a/l2/m2"]),
    ],
)
def test_a_line_with_a_last_station_made_what_left_it_there(asset: str, good: int, of: list[str] | None) -> None:
    found = parts(asset, ROUTE, MADE)
    assert (found["good"], found.get("of")) == (good, of)


def test_a_last_station_that_was_never_heard_leaves_the_sum() -> None:
    found = parts("s/a/l1", {"s/a/l1": {"route": ["m1", "m2", "m3"]}}, MADE)
    assert (found["good"], found.get("of")) == (560, None)


def test_the_target_of_a_line_is_that_of_its_last_station() -> None:
    whole, last = parts("s/a/l1", ROUTE, MADE), parts("s/a/l1/m2", ROUTE, MADE)
    assert whole["target"] == last["target"] > 0
