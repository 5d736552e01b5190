"""Operating points that nothing names are found in the first rows, and taken out of all others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

import pytest

from edge import Assessment, Observation, Watched
from edge_maintenance.monitor import Maintenance
from edge_maintenance.points import Points, key_columns

HOUR = 3600
SPEEDS = (900.0, 1500.0, 2100.0, 2700.0)


def cycles(count: int, seed: int, worn_from: int = 1 << 30) -> Iterator[dict[str, float]]:
    """A machine that runs at another speed in each cycle, with an optional wear of six signals by half a percent."""
    dice = Random(seed)
    for cycle in range(count):
        speed = dice.choice(SPEEDS)
        wear = min(max(cycle - worn_from, 0) / 20, 1.0)
        found = {"speed": speed + dice.gauss(0, 0.3), "count": 4.0 if speed < 2000 else 5.0}
        for number in range(6):
            level = 100.0 + speed / 20 * (number + 1) / 3
            found[f"s{number}"] = round(level * (1 + 0.005 * wear) + dice.gauss(0, 0.0005) * level, 3)
        yield found


def watched(rows: Iterator[dict[str, float]], watch: Maintenance | None = None, first: int = 0) -> list[Assessment]:
    watch = watch or monitor()
    return [
        watch.assess(Observation("a/b/c/m", (first + at) * HOUR * 1_000_000, "reading", values, state="running"))
        for at, values in enumerate(rows)
    ]


def monitor(state: dict | None = None) -> Maintenance:
    return Maintenance(Watched("a/b/c/m", {"step_s": HOUR}, {}), state)


def test_machine_at_speeds_that_nothing_names_stays_quiet_until_it_wears():
    for seed in range(5):
        said = watched(cycles(200, seed, worn_from=140))
        assert {one.state for one in said[45:140]} == {"ok"}
        assert said[-1].state == "watch"


def test_reasons_say_the_values_as_they_are_at_the_point():
    rows = list(cycles(200, 7, worn_from=140))
    for one in watched(iter(rows))[-1].reasons:
        assert one.value == pytest.approx(rows[-1][one.signal], rel=0.005)
        assert one.change_pct == pytest.approx((one.value - one.expected) / one.expected * 100)
        assert abs(one.expected - one.value) < 0.02 * one.value


def test_speed_that_was_not_among_the_first_is_learned_and_is_no_alarm():
    dice = Random(3)
    said = watched(
        row
        for at, row in enumerate(cycles(600, 5))
        if (at < 400 and row["speed"] < 2500) or (at >= 400 and dice.random() < 0.9)
    )
    assert {one.state for one in said[45:]} == {"ok"}


def test_state_after_a_restart_goes_on_alike_before_and_after_points_are_known():
    rows = list(cycles(120, 9, worn_from=80))
    whole = watched(iter(rows))
    for cut in (20, 29, 31, 90):
        before = monitor()
        watched(iter(rows[:cut]), before)
        after = monitor(json.loads(json.dumps(before.checkpoint())))
        assert watched(iter(rows[cut:]), after, cut) == whole[cut:]


def columns(rows: list[list[float]]) -> list[list[float]]:
    return [list(column) for column in zip(*rows, strict=True)]


def test_coarse_steps_steady_drift_and_a_single_signal_are_no_operating_points():
    dice = Random(1)
    coarse = [[round(dice.gauss(20, 0.4)) * 0.5, *(dice.gauss(5, 1) for _ in range(3))] for _ in range(30)]
    drift = [[float(at // 10), *(at + dice.gauss(0, 0.1) for _ in range(3))] for at in range(30)]
    alone = [[dice.choice((10.0, 20.0)), dice.gauss(5, 1)] for _ in range(30)]
    alike = [[step * 0.5, step * 0.5 + 1, step * 0.5 + 2] for step in (dice.choice((40, 41)) for _ in range(30))]
    for rows in (coarse, drift, alone, alike):
        assert key_columns(columns(rows)) == []


def test_two_settings_that_say_different_things_are_both_keys():
    dice = Random(2)
    rows = []
    for _ in range(30):
        one, two = dice.choice((1.0, 2.0)), dice.choice((10.0, 30.0))
        rows.append([one, two, *(one * 5 + two / 3 + dice.gauss(0, 0.1) for _ in range(3))])
    assert sorted(key_columns(columns(rows))) == [0, 1]


def test_points_are_bounded_and_a_row_without_a_key_is_of_the_point_before():
    points = Points()
    for at, row in enumerate(cycles(30, 4)):
        points.see(row, at + 1, 1)
    assert points.settle()
    for speed in range(4000, 40_000, 1000):
        points.without({"speed": float(speed), "s0": 1.0}, {"s0": 0.0})
    assert len(points.known) == 16
    at = points.now
    points.without({"s0": 1.0}, {"s0": 0.0})
    assert points.now == at
