"""Scrap and rework from counts and units; the cases are data."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge import Count, LineRole, Slice, Unit
from edge.facts import total
from edge_scrap import Scrap, formulas

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))


def slices_of(case: dict[str, Any]) -> list[Slice]:
    units = tuple(Unit(f"u{n}", "eol", 1, first, final) for n, (first, final) in enumerate(case["units"]))
    return [
        Slice(
            f"a/b/c/{machine['name']}",
            0,
            100,
            (),
            (Count("P", "scheduled", machine["total"], machine["bad"], machine["judged"], None),),
            units=() if number else units,
            line=LineRole("a/b/c", False, False, is_first=machine["first"]),
            settings=machine["settings"],
        )
        for number, machine in enumerate(case["machines"])
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_values_follow_from_counts_and_units(case: dict[str, Any]) -> None:
    values = Scrap().values(total(map(Scrap().facts, slices_of(case))))
    for name, expected in case["values"].items():
        assert values[name] == (pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else expected), name


def test_material_that_was_consumed_became_goods_or_was_lost() -> None:
    ratios = (
        formulas.finished_goods_ratio(90, 100),
        formulas.integrated_goods_ratio(95, 100),
        formulas.loss_ratio(5, 100),
    )
    assert ratios == (0.9, 0.95, 0.05)
    assert formulas.loss_ratio(5, 0) is None
