"""Reliability from stops; the cases are data."""

import json
from math import exp, gamma
from pathlib import Path
from typing import Any

import pytest

from edge import Slice, Span, Stop
from edge_reliability import Reliability, formulas

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
SECOND = 1_000_000


def stop(row: list[Any]) -> Stop:
    start, end, fault, begun_in = row
    return Stop(
        start * SECOND, None if end is None else end * SECOND, fault, False, begun_in, begun_in if end else None
    )


def slice_of(case: dict[str, Any]) -> Slice:
    spans, at = [], 0
    for name, seconds in case["classes"].items():
        spans.append(Span(at, at + seconds * SECOND, "x", name, True))
        at += seconds * SECOND
    begun, ended = (tuple(map(stop, case[key])) for key in ("begun", "ended"))
    return Slice("a/b/c/d", 0, at, tuple(spans), stops_begun=begun, stops_ended=ended)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_values_follow_from_stops(case: dict[str, Any]) -> None:
    values = Reliability().values(Reliability().facts(slice_of(case)))
    for name, expected in case["values"].items():
        assert values[name] == (None if expected is None else pytest.approx(expected, rel=1e-12)), name


def test_parts_in_series_fail_more_often_than_each() -> None:
    assert formulas.series_mtbf([100, 100]) == pytest.approx(50)
    assert formulas.series_availability([0.9, 0.9]) == pytest.approx(0.81)
    assert formulas.parallel_availability([0.9, 0.9]) == pytest.approx(0.99)


def test_weibull_is_found_again_from_two_of_its_points() -> None:
    failed = [1 - formulas.weibull_reliability(t, 2.0, 1000.0) for t in (300.0, 800.0)]
    beta = formulas.weibull_beta(300.0, failed[0], 800.0, failed[1])
    assert beta == pytest.approx(2.0)
    assert formulas.weibull_eta(300.0, failed[0], beta) == pytest.approx(1000.0)
    assert formulas.weibull_mttf(2.0, 1000.0) == pytest.approx(1000 * gamma(1.5))
    assert formulas.weibull_reliability(formulas.weibull_life(0.1, 2.0, 1000.0), 2.0, 1000.0) == pytest.approx(0.9)


def test_survival_at_a_constant_rate_is_exponential() -> None:
    assert formulas.survival(50.0, 100.0) == pytest.approx(exp(-0.5))


def test_times_of_single_failures_and_the_share_of_corrective_work() -> None:
    assert formulas.mean_time([10.0, 20.0, 60.0]) == 30
    assert formulas.mean_time([]) is None
    assert formulas.corrective_maintenance_ratio(3, 9) == 0.25
    assert formulas.corrective_maintenance_ratio(0, 0) is None
