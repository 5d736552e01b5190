"""Figures of orders from what a slice knows of them; the cases are data."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge import OrderAction, OrderSpan, Slice
from edge.facts import total
from edge_orders import Orders, formulas

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
SECOND = 1_000_000


def action(row: dict[str, Any]) -> OrderAction:
    times = {name: row[name] * SECOND for name in ("created", "due") if name in row}
    rest = {name: row[name] for name in ("ordered", "dwell_s", "closes") if name in row}
    return OrderAction(row["ts"] * SECOND, "4711", row["action"], None, row.get("quantity"), **times, **rest)


def slice_of(case: dict[str, Any], asset: str = "a/b/c/d") -> Slice:
    spans = (OrderSpan("4711", a * SECOND, b * SECOND, None, quantity) for a, b, quantity in case.get("in_process", ()))
    return Slice(asset, 0, 3600 * SECOND, (), orders=tuple(map(action, case["orders"])), in_process=tuple(spans))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_values_follow_from_orders(case: dict[str, Any]) -> None:
    values = Orders().values(Orders().facts(slice_of(case)))
    for name, expected in case["values"].items():
        assert values[name] == (None if expected is None else pytest.approx(expected, rel=1e-12)), name


def test_work_in_process_of_two_machines_adds_up() -> None:
    facts = total(Orders().facts(slice_of(CASES[2], asset)) for asset in ("a/b/c/d", "a/b/c/e"))
    assert Orders().values(facts)["wip_orders"] == pytest.approx(3.0)


def test_formulas_of_single_figures() -> None:
    assert formulas.net_cycle_time([100, 92], [90, 90]) == pytest.approx(6.0)
    assert formulas.turns(500_000, formulas.average_inventory(40_000, 60_000)) == pytest.approx(10.0)
    assert formulas.lead_time(formulas.work_in_process(2.0, 5.0), 2.0) == pytest.approx(5.0)
