"""A trend is told from noise, and how long it takes to a limit comes with an interval that holds it."""

import json
import random
from typing import Any

import pytest

from edge_maintenance import trend

HOUR, DAY = 3600.0, 86_400.0


def followed(
    slope_per_day: float, together: float = 0.0, seed: int = 1, days: float = 4.0, step_s: float = 600.0
) -> Any:
    """A signal from 50 on, with noise of deviation 1 that goes together from reading to reading."""
    dice, noise, state = random.Random(seed), 0.0, None
    for step in range(int(days * DAY / step_s)):
        noise = together * noise + (1 - together**2) ** 0.5 * dice.gauss(0, 1)
        at_s = step * step_s
        value = 50 + slope_per_day * at_s / DAY + noise
        state = state or trend.start(at_s, value)
        trend.take(state, at_s, value, 6 * HOUR, 30 * DAY)
    return state


def time_to(state: Any, limit: float, side: float = 1.0) -> trend.TimeTo | None:
    line = trend.line_of(state)
    return None if line is None else trend.time_to(line, limit, side, trend.memory_of(state, 6 * HOUR, 30 * DAY))


def test_straight_line_meets_its_limit_when_it_does() -> None:
    state = trend.start(0.0, 50.0)
    for hour in range(1, 97):
        trend.take(state, hour * HOUR, 50.0 + hour / 24, 6 * HOUR, 30 * DAY)
    found = time_to(state, 60.0)
    assert found is not None
    since = state["last"]
    assert found.value == pytest.approx(10 * DAY - since, rel=1e-6)
    assert found.low == pytest.approx(found.high, rel=1e-3)


@pytest.mark.parametrize("together", [0.0, 0.9, 0.97])
def test_noise_has_no_trend_however_much_it_goes_together(together: float) -> None:
    states = [followed(0.0, together, seed) for seed in range(60)]
    said = sum(time_to(state, 60.0) is not None or time_to(state, 40.0, -1.0) is not None for state in states)
    assert said <= 4  # of 60: about 3 at a level of 5 %


@pytest.mark.parametrize("together", [0.0, 0.9])
def test_interval_holds_the_time_to_the_limit(together: float) -> None:
    held = said = 0
    for seed in range(60):
        state = followed(2.0, together, seed)
        found = time_to(state, 66.0)
        if found is not None:
            said += 1
            held += found.low <= 8 * DAY - state["last"] <= found.high
    assert said >= 50
    assert 0.75 <= held / said <= 1.0


def test_trend_away_from_the_limit_or_far_from_it_says_nothing() -> None:
    state = followed(2.0)
    assert time_to(state, 40.0, -1.0) is None
    assert time_to(state, 500.0) is None


def test_line_that_has_met_its_limit_has_no_time_left() -> None:
    found = time_to(followed(2.0), 51.0)
    assert found is not None
    assert found.value == 0.0


def test_few_readings_say_nothing() -> None:
    assert time_to(followed(50.0, days=0.01), 60.0) is None


def test_repeated_and_stepped_back_times_do_no_harm() -> None:
    state = followed(2.0)
    for at_s in (state["last"], state["last"] - DAY, state["last"]):
        trend.take(state, at_s, 58.0, 6 * HOUR, 30 * DAY)
    assert time_to(state, 66.0) is not None


def test_state_is_plain_data_that_goes_on_to_the_same_digit() -> None:
    state = followed(2.0)
    again = json.loads(json.dumps(state))
    for one in (state, again):
        trend.take(one, 5 * DAY, 60.0, 6 * HOUR, 30 * DAY)
    assert again == state
    assert len(json.dumps(state)) < 400
