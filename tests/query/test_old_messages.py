"""A machine whose messages come, but are old by their own times: the status says by how much, and only then."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from edge.clock import from_text
from tests.query.test_corrections import START, at
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

M1 = "s/a/l/m1"
NOW = 600  # minutes


def behind(*said: tuple[str, float, float]) -> float | None:
    """`behind_s` after messages of (kind, minute that they say, minute of their receipt)."""
    record = []
    for kind, minute, received in said:
        member = {"state": {"state": "running"}, "reading": {"signals": {"a": 1}}, "heartbeat": {}}[kind]
        payload = json.dumps({"ts": (START + timedelta(minutes=minute)).isoformat(), **member}).encode()
        record.append(Message(f"shopfloor/v1/{M1}/{kind}", payload, from_text(at(received))))
    with answering({"machines": {"s/*": {"stale_after_s": 60}}}, record) as query:
        query.now = lambda: from_text(at(NOW))
        found: float | None = query.status(M1)["behind_s"]
        return found


@pytest.mark.parametrize("kind", ["state", "reading", "heartbeat"])
def test_a_slow_clock_is_told_with_how_far_it_is_behind(kind: str) -> None:
    assert behind((kind, NOW - 301, NOW - 1), (kind, NOW - 300, NOW)) == 300 * 60


def test_a_clock_that_is_right_or_ahead_is_not_behind() -> None:
    assert behind(("state", NOW, NOW)) is None
    assert behind(("state", NOW + 10, NOW)) is None


def test_a_machine_that_never_says_its_state_is_not_behind() -> None:
    assert behind(("reading", NOW, NOW)) is None


def test_a_machine_that_is_silent_is_not_behind() -> None:
    assert behind(("state", NOW - 30, NOW - 30)) is None
