"""The values and flags of OEE from facts; the cases are data."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge import Count, LineRole, Slice, Span
from edge.facts import total
from edge_oee import Oee, formulas

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
NOTHING: dict[str, Any] = Oee().facts(Slice("a/b/c/d", 0, 0, ())) | {"calendar_s": 0.0}


def facts_of(case: dict[str, Any]) -> dict[str, Any]:
    """The case's facts; every part is judged and has an ideal cycle unless the case says otherwise."""
    facts = case["facts"]
    total = facts.get("total_count", 0)
    return {**NOTHING, "judged_count": total, "ideal_count": total, **facts}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_values_follow_from_summed_facts(case: dict[str, Any]) -> None:
    facts = facts_of(case)
    values = Oee().values(facts)
    for name, expected in case["values"].items():
        assert values[name] == (None if expected is None else pytest.approx(expected, rel=1e-12)), name
    assert Oee().flags(facts) == case["flags"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_factors_multiply_to_oee_where_all_exist(case: dict[str, Any]) -> None:
    values = Oee().values(facts_of(case))
    factors = [values[name] for name in ("availability", "performance", "quality")]
    if None not in factors:
        assert values["oee"] == pytest.approx(factors[0] * factors[1] * factors[2], rel=1e-12)


def test_every_second_of_scheduled_time_is_in_one_class() -> None:
    classes = ("run", "micro", "down", "setup", "planned", "no_order", "unknown", "unscheduled")
    spans = tuple(Span(i * 10, i * 10 + 10, "x", name, name != "unscheduled") for i, name in enumerate(classes))
    facts = Oee().facts(Slice("a/b/c/d", 0, 80, spans))
    parts = ("planned_busy_s", "planned_excluded_s", "no_order_s", "unknown_s")
    assert sum(facts[name] for name in parts) == pytest.approx(facts["scheduled_s"])
    assert facts["planned_busy_s"] == pytest.approx(facts["run_time_s"] + facts["down_s"] + facts["setup_s"])


def at_line(
    *, constraint: bool = False, last: bool = False, cycle_s: float | None = None, judged: int = 50
) -> dict[str, Any]:
    """Facts of a machine that ran for 1,000 s and made 50 parts, 5 of them bad."""
    role = LineRole("a/b/c", constraint, last, {"P": 12.0}, complete=True, cycle_s=cycle_s)
    spans = (Span(0, 1_000_000_000, "running", "run", True),)
    return dict(
        Oee().facts(
            Slice("a/b/c/d", 0, 1_000_000_000, spans, (Count("P", "scheduled", 50, 5, judged, 9.0),), line=role)
        )
    )


def test_a_line_is_judged_at_its_constraint_and_counted_at_its_last_machine() -> None:
    line = total([at_line(constraint=True), at_line(last=True), at_line()])
    assert Oee().values(line)["line_oee"] == pytest.approx(45 * 12 / 1000)
    own_cycle = total([at_line(constraint=True), at_line(last=True, cycle_s=10.0)])
    assert Oee().values(own_cycle)["line_oee"] == pytest.approx(0.45)
    assert Oee().values(at_line(constraint=True, last=True))["line_oee"] == pytest.approx(0.54)


def test_half_a_line_has_no_line_oee() -> None:
    assert Oee().values(at_line(constraint=True))["line_oee"] is None
    assert Oee().values(at_line(last=True))["line_oee"] is None
    assert Oee().values(total([at_line(constraint=True), at_line(last=True, judged=0)]))["line_oee"] is None


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("allocation_efficiency", (400, 480), 400 / 480), ("allocation_ratio", (400, 600), 400 / 600),
        ("utilisation_efficiency", (300, 400), 0.75), ("technical_efficiency", (300, 100), 0.75),
        ("setup_ratio", (50, 350), 1 / 7), ("production_process_ratio", (300, 600), 0.5),
        ("required_time", (24, 4), 20),
        *((name, (0, 0), None) for name in ("allocation_ratio", "technical_efficiency", "setup_ratio")),
    ],
)  # fmt: skip
def test_times_of_orders_have_the_ratios_of_the_standard(name: str, arguments: Any, expected: float | None) -> None:
    assert getattr(formulas, name)(*arguments) == (None if expected is None else pytest.approx(expected))
