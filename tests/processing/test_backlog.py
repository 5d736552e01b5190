"""Work that nobody waits for takes its share of the time, and less the more there is to do."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge.processing.backlog import ALL, LITTLE, SOME, Backlog

NOTHING = cast(Any, None)
STEP_S = 0.001  # of the loop, beside this work


class Working(Backlog):
    """Always has more to do, until the deadline; `clock` goes on with it."""

    def __init__(self, clock: list[float]) -> None:
        super().__init__(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
        self.clock, self.worked_s, self.pooled = clock, 0.0, 0

    def evaluate(self, deadline: float) -> bool:
        self.worked_s += deadline - self.clock[0]
        self.clock[0] = deadline
        return False

    def pool(self, deadline: float, *, patient: bool, silence: bool = True) -> bool:
        self.pooled += 1
        return True


@pytest.mark.parametrize(("share", "least", "most"), [(LITTLE, 0.04, 0.05), (SOME, 0.08, 0.1), (ALL, 0.9, 1.0)])
def test_older_hours_get_their_share_of_the_time(
    monkeypatch: pytest.MonkeyPatch, share: float, least: float, most: float
) -> None:
    clock = [0.0]
    monkeypatch.setattr("edge.processing.backlog.time", SimpleNamespace(monotonic=lambda: clock[0]))
    backlog = Working(clock)
    while clock[0] < 100:
        backlog.work(share)
        clock[0] += STEP_S
    assert least * clock[0] < backlog.worked_s <= most * clock[0] + 0.02
    assert (backlog.pooled > 0) == (share == ALL)


def test_every_machine_has_its_turn_though_each_always_has_something_to_do() -> None:
    served = []
    machines = {
        name: SimpleNamespace(path=name, dirty={0}, cold=lambda now: [0], next_to_pack=lambda: None) for name in "abc"
    }
    evaluation = SimpleNamespace(evaluate=lambda machine, hours, now: served.append(machine.path))
    stopping = SimpleNamespace(is_set=lambda: False)
    parts: Any = (
        nullcontext(), SimpleNamespace(machines=machines), evaluation, lambda: 0, lambda changed: None, stopping,
    )  # fmt: skip
    backlog = Backlog(*parts)
    for _ in range(4):
        assert backlog.evaluate(deadline=0.0)  # which is over before the first machine is done
    assert served == ["a", "b", "c", "a"]
