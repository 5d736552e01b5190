"""Yields from units; the cases are data."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge import LineRole, Slice, Span, Unit
from edge.facts import total
from edge_first_pass_yield import FirstPassYield, formulas

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))


def slice_of(units: list[list[str]]) -> Slice:
    return Slice("a/b/c/d", 0, 100, (), units=tuple(Unit(s, at, 1, first, final) for s, at, first, final in units))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_yields_follow_from_verdicts(case: dict[str, Any]) -> None:
    kpi = FirstPassYield()
    values = kpi.values(kpi.facts(slice_of(case["units"])))
    for name, expected in case["values"].items():
        assert values[name] == (None if expected is None else pytest.approx(expected, rel=1e-12)), name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_facts_of_parts_add_up_to_facts_of_the_whole(case: dict[str, Any]) -> None:
    kpi = FirstPassYield()
    parts = total(kpi.facts(slice_of([unit])) for unit in case["units"])
    whole = kpi.facts(slice_of(case["units"]))
    assert kpi.values(parts or whole) == kpi.values(whole)


def test_line_yield_counts_units_that_were_clean_at_every_station() -> None:
    kpi = FirstPassYield()
    units = (
        Unit("u1", "a", 1, "pass", "pass", route_clean=True),
        Unit("u2", "a", 1, "pass", "pass", route_clean=False),
    )
    assert kpi.values(kpi.facts(Slice("a/b/c/d", 0, 9, (), units=units)))["line_fpy"] == 0.5


def test_defects_count_against_the_opportunities_that_are_known() -> None:
    kpi = FirstPassYield()
    units = (
        Unit("u1", "a", 1, "fail", "pass", defects=3, opportunities=10),
        Unit("u2", "a", 1, "fail", "fail"),
        Unit("u3", "a", 1, "pass", "pass", opportunities=10),
        Unit("u4", "a", 1, "pass", "fail"),
    )
    values = kpi.values(kpi.facts(Slice("a/b/c/d", 0, 9, (), units=units)))
    assert values["dpu"] == pytest.approx(1.0)
    assert values["dpmo"] == pytest.approx(150_000)
    assert values["sigma_level"] == pytest.approx(formulas.NORMAL.inv_cdf(0.85) + 1.5)
    assert (values["first_pass_yield"], values["first_time_through"], values["final_yield"]) == (0.5, 0.25, 0.5)


@pytest.mark.parametrize(
    ("sigma", "one_sided", "two_sided"), [(1, 691_462, 697_672), (3, 66_807, 66_811), (6, 3.4, 3.4)]
)
def test_sigma_levels_are_those_of_the_tables(sigma: float, one_sided: float, two_sided: float) -> None:
    assert formulas.dpmo_of_sigma(sigma) == pytest.approx(one_sided, rel=1e-3)
    assert formulas.dpmo_of_sigma(sigma, two_sided=True) == pytest.approx(two_sided, rel=1e-3)
    for sides in (False, True):
        there = formulas.dpmo_of_sigma(sigma, two_sided=sides)
        assert formulas.sigma_level(there, two_sided=sides) == pytest.approx(sigma)


def test_no_defect_at_all_has_no_level() -> None:
    assert formulas.sigma_level(0) is None
    assert formulas.sigma_level(1_000_000, two_sided=True) is None


def test_yields_and_defects_lead_to_each_other() -> None:
    assert formulas.dpu_of_yield(formulas.rty_of_dpu(0.3)) == pytest.approx(0.3)
    assert formulas.normalised_yield(formulas.rty([0.9, 0.9, 0.9]), 3) == pytest.approx(0.9)


def test_a_step_of_the_route_that_saw_no_unit_leaves_the_rolled_yield_unknown() -> None:
    kpi = FirstPassYield()
    route = LineRole("a/b/c", False, False, route=("s1", "s2"))
    one = kpi.facts(Slice("a/b/c/d", 0, 9, (), units=(Unit("u1", "s1", 1, "pass", "pass"),), line=route))
    two = kpi.facts(Slice("a/b/c/e", 0, 9, (), units=(Unit("u1", "s2", 2, "fail", "pass"),), line=route))
    other = kpi.facts(Slice("a/b/c/f", 0, 9, (), units=(Unit("u1", "elsewhere", 2, "fail", "pass"),), line=route))
    assert kpi.values(total([one, other]))["rty"] is None
    assert kpi.values(total([one, two, other]))["rty"] == 0.0
    assert kpi.values(total([one, two, other]))["normalised_yield"] == 0.0


def test_yields_of_each_product_are_those_of_its_units() -> None:
    kpi = FirstPassYield()
    spans = (Span(0, 5, "running", "run", True, product="A"), Span(5, 9, "running", "run", True, product="B"))
    units = (
        Unit("u1", "s", 1, "pass", "pass"), Unit("u2", "s", 5, "fail", "pass", defects=2, opportunities=10),
        Unit("u3", "s", 6, "pass", "pass", product="A"),
    )  # fmt: skip
    products = kpi.values(kpi.facts(Slice("a/b/c/d", 0, 9, spans, units=units)))["products"]
    assert {name: (one["units"], one["fpy"]) for name, one in products.items()} == {"A": (2, 1.0), "B": (1, 0.0)}
    assert (products["B"]["dpu"], products["B"]["dpmo"], products["B"]["first_time_through"]) == (2.0, 200_000, 0.0)
