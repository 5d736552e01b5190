"""Features of a unit follow its rows in constant memory, whatever is missing, late or irregular."""

import json
from math import exp, inf, nan
from typing import Any

import pytest

from edge_maintenance.features import Recipe, Regimes

ONE = Regimes((), (), ((),), 1.0, ((60.0, 0.0),), ((2.0, 0.0),))
TWO = Regimes(("speed",), (500.0,), ((1000.0,), (1500.0,)), 0.1, ((60.0, 1.0), (80.0, 1.0)), ((2.0, 1.0), (4.0, 1.0)))


def recipe(regimes: Regimes = ONE) -> Recipe:
    return Recipe(("heat", "flat"), regimes, memory=4.0, first=3.0, young=20.0, step=1.0)


def after(rows: list[tuple[float, dict[str, Any]]], regimes: Regimes = ONE) -> dict[str, float]:
    made = recipe(regimes)
    state = made.start()
    for age, values in rows:
        made.take(state, values, age)
    return dict(zip(made.names, made.features(state), strict=True))


def test_first_row_is_the_level_in_deviations_and_has_no_pace() -> None:
    assert after([(0.0, {"heat": 64.0, "flat": 5.0})]) == {
        "level heat": 2.0, "level flat": 0.0, "pace heat": 0.0, "pace flat": 0.0, "age": 0.0,
    }  # fmt: skip


def test_level_forgets_by_age_and_not_by_rows() -> None:
    steps = after([(float(age), {"heat": 60.0 if age < 50 else 64.0}) for age in range(58)])
    apart = after([(age, {"heat": 60.0 if age < 50 else 64.0}) for age in (*range(50), 57.0)])
    assert steps["level heat"] == pytest.approx(2 * (1 - exp(-8 / 4)), rel=1e-5)
    assert apart["level heat"] == pytest.approx(2 * (1 - exp(-8 / 4)), rel=1e-5)


def test_pace_is_the_change_since_the_first_rows_over_the_age() -> None:
    found = after([(float(age), {"heat": 60.0 if age <= 3 else 62.0}) for age in range(81)])
    assert found["pace heat"] == pytest.approx(1.0 * 20 / (20 + 80), rel=1e-6)


@pytest.mark.parametrize("cell", [nan, inf, None, "hot"])
def test_cell_that_is_no_number_changes_nothing(cell: Any) -> None:
    rows = [(0.0, {"heat": 62.0}), (1.0, {"heat": cell}), (2.0, {})]
    assert after(rows)["level heat"] == 1.0


def test_signal_that_was_never_seen_is_named_and_counts_as_usual() -> None:
    made = recipe()
    state = made.start()
    made.take(state, {"heat": 62.0}, 0.0)
    assert made.unseen(state) == ["flat"]
    assert made.features(state)[1] == 0.0


@pytest.mark.parametrize("age", [5.0, 5.4, 4.0, nan])
def test_row_that_comes_too_soon_again_or_late_is_passed_over(age: float) -> None:
    made = recipe()
    state = made.start()
    made.take(state, {"heat": 62.0}, 5.0)
    before = json.dumps(state)
    assert not made.take(state, {"heat": 99.0}, age)
    assert json.dumps(state) == before


def test_each_operating_point_has_its_own_scale_and_an_unknown_one_is_passed_over() -> None:
    rows = [(0.0, {"speed": 1000.0, "heat": 62.0}), (1.0, {"speed": 1504.0, "heat": 84.0}), (2.0, {"speed": 1250.0})]
    found = after(rows, TWO)
    assert (found["level heat"], found["age"]) == (1.0, 1.0)


def test_single_value_ten_times_too_large_moves_the_level_by_no_more_than_the_clip() -> None:
    rows = [(float(age), {"heat": 60.0}) for age in range(40)]
    assert after([*rows, (40.0, {"heat": 6000.0})])["level heat"] < 6 * 0.23


def test_restored_state_goes_on_to_the_same_digit() -> None:
    made = recipe(TWO)
    rows = [
        (age * 1.1, {"speed": 1000.0 + 500 * (age % 2), "heat": 60.1 + age / 7, "flat": age / 3}) for age in range(60)
    ]
    through, resumed = made.start(), made.start()
    for age, values in rows:
        made.take(through, values, age)
        made.take(resumed, values, age)
        resumed = json.loads(json.dumps(resumed))
    assert made.features(resumed) == made.features(through)
    assert resumed == through
