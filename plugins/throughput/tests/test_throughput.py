"""Throughput from spans and counts; the cases are data."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge import Count, Slice, Span
from edge.facts import total
from edge_throughput import Throughput, formulas

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
SECOND = 1_000_000


def slice_of(case: dict[str, Any]) -> Slice:
    spans, at = [], 0
    for time_class, seconds, order, ideal in case["spans"]:
        end = at + seconds * SECOND
        spans.append(Span(at, end, "x", time_class, time_class != "unscheduled", order=order, ideal_s=ideal))
        at = end
    ideal = next((ideal for *_, ideal in case["spans"] if ideal), None)
    counts = (Count("P", "scheduled", case["total"], 0, case["total"], ideal), Count("P", "gap", 7, 0, 7, None))
    return Slice("a/b/c/d", 0, at, tuple(spans), counts, settings=case["settings"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_values_follow_from_time_and_parts(case: dict[str, Any]) -> None:
    values = Throughput().values(Throughput().facts(slice_of(case)))
    for name, expected in case["values"].items():
        assert values[name] == (None if expected is None else pytest.approx(expected, rel=1e-12)), name


def test_a_machine_without_demand_does_not_thin_that_of_others() -> None:
    facts = total(Throughput().facts(slice_of(case)) for case in CASES[:2])
    assert Throughput().values(facts)["takt_attainment"] == pytest.approx(1.2)


def test_a_product_without_an_ideal_cycle_is_left_out_wherever_a_window_is_cut() -> None:
    known = Span(0, 60 * SECOND, "x", "run", scheduled=True, product="P", ideal_s=2.0)
    other = Span(60 * SECOND, 90 * SECOND, "x", "run", scheduled=True, product="N")
    counts = Count("P", "scheduled", 20, 0, 20, 2.0), Count("N", "scheduled", 9, 0, 9, None)
    whole = Throughput().facts(Slice("a/b/c/d", 0, 90 * SECOND, (known, other), counts))
    parts = [
        Throughput().facts(Slice("a/b/c/d", span.start, span.end, (span,), (count,)))
        for span, count in zip((known, other), counts, strict=True)
    ]
    assert total(parts) == whole
    assert Throughput().values(whole)["equipment_load"] == pytest.approx(20 / 30)


def test_attainment_is_the_same_from_times() -> None:
    takt, cycle = formulas.takt(3600, 100), formulas.cycle_time(3600, 120)
    assert takt is not None
    assert cycle is not None
    assert formulas.demand_met(takt, cycle) == formulas.takt_attainment(120, 100)
    assert formulas.capacity(3600, 20) == 180
    assert formulas.stations(90, 30) == 3


def test_people_work_for_a_share_of_their_attendance() -> None:
    assert formulas.worker_efficiency(6, 8) == 0.75
    assert formulas.worker_efficiency(6, 0) is None
