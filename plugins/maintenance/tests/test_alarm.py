"""An alarm opens, rises and ends at its edges, and a chattering one becomes harder to open."""

from __future__ import annotations

from typing import Any

import pytest

from edge_maintenance.alarm import HABIT_FACTOR, HABITS, Alarm

HOLD, SILENCE = 20, 30


def edges(alarm: Alarm, dues: list[int], start: int = 0, **known: Any) -> list[tuple[int, str | None]]:
    found = [(start + at, alarm.step(due, start + at, HOLD, SILENCE, **known)) for at, due in enumerate(dues)]
    return [(at, edge) for at, edge in found if edge]


def test_three_of_five_readings_open_it():
    assert edges(Alarm(), [1, 0, 0, 0, 1, 0, 1, 0, 1]) == [(8, "open")]


def test_it_rises_when_a_higher_tier_is_confirmed_and_does_not_fall():
    alarm = Alarm()
    assert edges(alarm, [1, 1, 1, 3, 3, 2, 2, 1]) == [(2, "open"), (5, "escalate")]
    assert alarm.tier == 2


def test_it_ends_when_it_was_quiet_for_the_hold():
    assert edges(Alarm(), [1, 1, 1] + [0] * 30) == [(2, "open"), (22, "clear")]


def test_silence_keeps_the_same_from_opening_again_and_lets_worse_through():
    alarm = Alarm()
    edges(alarm, [1, 1, 1] + [0] * 20)
    assert edges(alarm, [1] * 25, start=25) == []
    alarm.history = [0, 0, 0]
    assert edges(alarm, [2] * 3, start=50) == [(52, "open")]


def test_what_is_urgent_breaks_the_silence():
    alarm = Alarm()
    edges(alarm, [3, 3, 3] + [0] * 20)
    assert edges(alarm, [3] * 3, start=25, urgent=True) == [(27, "open")]


def test_alarm_that_keeps_coming_is_harder_to_open_and_forgotten_when_it_stays_away():
    alarm = Alarm()
    for start in (0, 100, 200):
        edges(alarm, [1, 1, 1] + [0] * 20, start, why="+flow")
    assert alarm.factors(230) == {"+flow": pytest.approx(HABIT_FACTOR**2)}
    edges(alarm, [1, 1, 1] + [0] * 20, 5000, why="+flow")
    assert alarm.factors(5030) == {}


def test_habit_is_of_the_reason_for_which_it_opened():
    alarm = Alarm()
    for start, why in ((0, "+flow"), (100, "-flow"), (200, "+flow")):
        edges(alarm, [1, 1, 1] + [0] * 20, start, why=why)
    assert alarm.factors(230) == {"+flow": HABIT_FACTOR}
    again = Alarm()
    again.restore(alarm.plain())
    assert again.plain() == alarm.plain()


def test_habits_are_bounded():
    alarm = Alarm()
    for start in range(30):
        edges(alarm, [1, 1, 1] + [0] * 20, 100 * start, why=f"+s{start}")
    assert list(alarm.habits) == [f"+s{number}" for number in range(30 - HABITS, 30)]
