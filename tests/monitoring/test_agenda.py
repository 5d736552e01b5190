"""Silent machines are looked at when they are due: as if all were looked at each second, for less."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.clock import HOUR, MINUTE, SECOND
from edge.monitoring.agenda import Agenda
from edge.monitoring.monitors import GRID, Monitors
from edge.monitoring.watch import Watch
from tests.monitoring.standins import NOON, Level, clock, host_of, inside, kept, reading
from tests.monitoring.test_restarts import mixture
from tests.scenarios.scenario import Message


def test_machines_come_in_order_at_the_first_look_that_is_not_before_they_are_due() -> None:
    agenda = Agenda()
    for machine, due in ((3, 1), (1, SECOND), (2, SECOND + 1)):
        agenda.put(machine, due)
    assert agenda.take(0) == []
    assert agenda.take(SECOND) == [1, 3]
    assert agenda.take(SECOND) == []
    assert agenda.take(9 * SECOND) == [2]


def test_a_machine_is_due_when_it_was_put_last() -> None:
    agenda = Agenda()
    agenda.put(1, 5 * SECOND)
    agenda.put(1, 2 * SECOND)
    assert agenda.take(2 * SECOND) == [1]
    agenda.put(1, 3 * SECOND)
    agenda.put(1, 9 * SECOND)
    assert agenda.take(8 * SECOND) == []
    assert agenda.take(9 * SECOND) == [1]


def look_at_all(monitors: Monitors, received: int) -> None:
    """The rule that the agenda stands for."""
    if received >= monitors._clock + GRID:
        monitors._clock = received - received % GRID
        for watch in monitors._watches.values():
            watch.silent(monitors._clock)


@pytest.mark.parametrize("seed", range(2))
def test_all_is_to_the_bit_what_it_is_where_every_machine_is_looked_at_each_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    messages = mixture(seed)
    found = []
    for name in ("due", "all"):
        with inside(tmp_path / name, messages, host_of(Level)) as within:
            while within.taken < len(messages):
                within.take(50)
                within.restart(kill=False)
            found.append(kept(within))
        monkeypatch.setattr(Monitors, "pass_time", look_at_all)
    assert found[0] == found[1]
    assert len(found[0]["history"]) > 10


def test_silent_machines_cost_their_ticks_and_not_the_seconds_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    silent = Watch.silent
    monkeypatch.setattr(Watch, "silent", lambda watch, now: (looks.append(now), silent(watch, now))[1])
    begun = [reading(NOON, 1.0, machine=f"site/area/line/m{number}") for number in range(20)]
    passing: list[Message] = [clock(NOON + n * 5 * SECOND) for n in range(1, 4 * HOUR // (5 * SECOND))]
    with inside(tmp_path, begun + passing, host_of(Level)) as within:
        within.take(len(begun) + len(passing))
        assert len(kept(within)["watched"]) == len(begun)
    ticks = 4 * HOUR // MINUTE  # at most, they come ever more seldom
    assert len(begun) < len(looks) <= len(begun) * (ticks + 1)
    assert len(looks) < len(begun) * len(passing) // 20
