"""Capability and control charts from readings; the cases are data."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edge import SignalSummary, Slice
from edge.facts import total
from edge_capability import Capability, ControlChart, charts, constants, formulas
from edge_capability.run_rules import findings

HERE = Path(__file__).parent
CASES = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
RULES = json.loads((HERE / "rules.json").read_text(encoding="utf-8"))


def reading(values: list[float], before: list[float], **settings: Any) -> SignalSummary:
    limits = [limit for limit in (settings.get("low"), settings.get("high")) if limit is not None]
    origin = sum(limits) / len(limits) if limits else 0.0
    steps = [abs(b - a) for a, b in pairwise([*before[-1:], *values])]
    return SignalSummary(
        len(values), sum(values), 0.0, 0.0, 0.0, values, before, origin, sum(v - origin for v in values),
        sum((v - origin) ** 2 for v in values), len(steps), sum(steps), **settings,
    )  # fmt: skip


def slice_of(one: SignalSummary) -> Slice:
    return Slice("a/b/c/d", 0, 100, (), readings={"force": one})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_values_follow_from_readings(case: dict[str, Any]) -> None:
    one = reading(case["values"], [], low=case["low"], high=case["high"])
    found = Capability().values(Capability().facts(slice_of(one)))["signals"]["force"]
    for name, expected in case["expected"].items():
        assert found[name] == (None if expected is None else pytest.approx(expected, rel=1e-12)), name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_facts_of_parts_add_up_to_the_whole(case: dict[str, Any]) -> None:
    kpi, values = Capability(), case["values"]
    parts = [reading(values[n : n + 1], values[:n], low=case["low"], high=case["high"]) for n in range(len(values))]
    whole = kpi.values(kpi.facts(slice_of(reading(values, [], low=case["low"], high=case["high"]))))
    summed = kpi.values(total(kpi.facts(slice_of(part)) for part in parts))
    for name, expected in whole["signals"]["force"].items():
        assert summed["signals"]["force"][name] == (None if expected is None else pytest.approx(expected)), name


def test_limits_that_changed_are_kept_apart() -> None:
    facts = total(Capability().facts(slice_of(reading([1.0, 2.0], [], low=0.0, high=high))) for high in (4.0, 5.0))
    assert set(Capability().values(facts)["signals"]) == {"force [0.0, 4.0]", "force [0.0, 5.0]"}


@pytest.mark.parametrize("case", RULES, ids=lambda case: case["name"])
def test_rules_fire_where_they_should(case: dict[str, Any]) -> None:
    fired = [f"{one.rule}@{one.index}" for one in findings(case["values"], case["rules"])]
    assert fired == case["fires"]


@pytest.mark.parametrize("case", RULES, ids=lambda case: case["name"])
def test_findings_do_not_depend_on_where_a_window_is_cut(case: dict[str, Any]) -> None:
    kpi, values = ControlChart(), case["values"]
    settings = {"sigma": 1.0, "target": 0.0, "rules": case["rules"]}
    whole = kpi.facts(slice_of(reading(values, [], **settings)))
    cuts = [slice_of(reading(values[n : n + 1], values[max(0, n - 14) : n], **settings)) for n in range(len(values))]
    assert kpi.values(total(map(kpi.facts, cuts))) == kpi.values(whole)


def test_every_finding_names_its_set() -> None:
    assert {one.rule_set for one in findings([9.0], "nelson")} == {"nelson"}
    with pytest.raises(ValueError, match="no rule set 'weco'"):
        findings([1.0], "weco")
    with pytest.raises(ValueError, match="sigma must be positive"):
        findings([1.0], "nelson", sigma=0.0)


def test_without_sigma_there_is_no_chart() -> None:
    assert (
        ControlChart().values(ControlChart().facts(slice_of(reading([1.0], [], low=0.0, high=2.0))))["points"] is None
    )


def test_constants_agree_with_each_other() -> None:
    assert constants.c4(2) == pytest.approx(0.7979, abs=5e-5)
    assert constants.c4(4) == pytest.approx(0.9213, abs=5e-5)
    assert (constants.b3(4), constants.b4(4)) == pytest.approx((0.0, 2.266), abs=1e-3)
    for n, d2 in constants.D2.items():
        assert constants.A2[n] == pytest.approx(3 / (d2 * n**0.5), abs=1e-3)


def test_limits_of_charts() -> None:
    values, ranges = charts.individuals([1.0, 3.0, 1.0, 3.0])
    assert values.ucl == pytest.approx(2 + 3 * 2 / 1.128)
    assert ranges.ucl == pytest.approx(3.267 * 2)
    centre, rbar, sbar = charts.subgroup_means([[1.0, 3.0], [2.0, 4.0]])
    assert charts.mean_limits(centre, rbar, 2).ucl == pytest.approx(2.5 + 1.88 * 2)
    assert charts.sd_limits(sbar, 2).lcl == 0
    assert formulas.sigma_of_s(sbar, 2) == pytest.approx(2**0.5 / 0.7979, rel=1e-3)
    assert charts.share_limits(0.1, 100).ucl == pytest.approx(0.19)
    assert charts.count_limits(9.0).ucl == pytest.approx(18.0)


def test_cusum_sums_what_goes_beyond_the_slack() -> None:
    up, down = charts.cusum([10.0, 12.0, 13.0, 7.0], target=10.0, slack=0.5)
    assert up == pytest.approx([0.0, 1.5, 4.0, 0.5])
    assert down == pytest.approx([0.0, 0.0, 0.0, 2.5])


def test_ewma_limits_widen_to_where_they_settle() -> None:
    assert charts.ewma_limits(50.0, 2.0, 0.3, points=1).ucl == pytest.approx(50 + 3 * 2 * 0.3)
    assert charts.ewma_limits(50.0, 2.0, 0.3).ucl > charts.ewma_limits(50.0, 2.0, 0.3, points=3).ucl
