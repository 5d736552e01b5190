"""What training finds out by itself: operating points, signals that tell wear, and an interval that holds."""

import numpy as np
import pytest

from edge_maintenance.train_interval import interval_of
from edge_maintenance.train_life import drifts
from edge_maintenance.train_regimes import key_signals, levels_of, regimes_of

DICE = np.random.default_rng(11)
ROWS = 3000
SAME_UNIT = (np.arange(1, ROWS) % 150) != 0
WEAR = np.tile(np.linspace(0, 1, 150) ** 2, ROWS // 150)


def table(points: int) -> np.ndarray:
    """Speed and load that stand on levels, two signals that follow them and wear, and noise in coarse steps."""
    point = DICE.integers(points, size=ROWS)
    speed = 1000.0 + 400 * point + DICE.normal(0, 2, ROWS)
    heat = 50 + 30 * point + 6 * WEAR + DICE.normal(0, 0.5, ROWS)
    shake = 2 + 4 * point + 2 * WEAR + DICE.normal(0, 0.2, ROWS)
    coarse = np.round(DICE.normal(0, 1.5, ROWS))
    return np.stack([speed, heat, shake, coarse, np.full(ROWS, 14.62)], 1)


@pytest.mark.parametrize("points", [2, 4, 6])
def test_setting_that_takes_the_others_along_tells_operating_points_apart(points: int) -> None:
    names = ["speed", "heat", "shake", "coarse", "flat"]
    found, labels = regimes_of(names, table(points), SAME_UNIT)
    assert found.signals == ("speed",)
    assert len(found.centres) == points
    assert np.bincount(labels).min() > 0
    assert found.find({"speed": 1403.0}) == 1
    assert found.find({"speed": 1200.0}) is None


def test_wear_and_coarse_noise_make_no_operating_points() -> None:
    assert key_signals(table(1), SAME_UNIT) == []


def test_levels_need_wide_gaps_and_enough_rows() -> None:
    assert levels_of(np.linspace(0.0, 1.0, 500)) is None
    assert levels_of(np.full(500, 3.0)) is None
    assert levels_of(np.array([0.0] * 499 + [9.0])) is None
    assert levels_of(np.array([0.0] * 250 + [9.0] * 250)) == pytest.approx([4.5])


def test_signal_that_ends_where_it_began_tells_no_wear() -> None:
    units = np.arange(ROWS) // 150
    assert drifts(WEAR * 2 + DICE.normal(0, 1, ROWS), units)
    assert drifts(np.where(units % 2 == 0, WEAR, -WEAR) * 2 + DICE.normal(0, 1, ROWS), units)
    assert not drifts(DICE.normal(0, 1, ROWS), units)


def lives(units: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions whose errors grow with the life that is left and go together within a unit."""
    dice = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), 100)
    left = np.tile(np.arange(100.0, 0.0, -1.0), units)
    error = (dice.normal(0, 0.12, units)[unit] + dice.normal(0, 0.08, len(unit))) * left
    return np.clip(left + error, 0, 100), left, unit


def test_interval_holds_its_share_of_units_that_were_not_there_and_is_wider_far_from_failure() -> None:
    found = interval_of(*lives(60, seed=1), 100.0)
    predicted, left, _ = lives(400, seed=2)
    low = predicted + np.interp(predicted, found.at, found.low)
    high = predicted + np.interp(predicted, found.at, found.high)
    assert 0.75 < np.mean((low <= left) & (left <= high)) < 0.88
    assert found.high[4] - found.low[4] > 2 * (found.high[1] - found.low[1])
    assert found.high[0] > 0 > found.low[-1]


def test_few_units_get_a_wider_interval() -> None:
    few, many = (interval_of(*lives(units, seed=3), 100.0) for units in (5, 200))
    assert sum(few.high) - sum(few.low) > sum(many.high) - sum(many.low)
