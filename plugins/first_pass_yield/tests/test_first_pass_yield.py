"""Yields from units; the cases are data."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge import Slice, Unit
from edge.facts import total
from edge_first_pass_yield import FirstPassYield

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
