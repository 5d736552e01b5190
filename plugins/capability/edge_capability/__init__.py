"""Process capability and control-chart rules, of readings of signals that have limits in the plant file.

Formulas: Cp, Cpk with sigma from moving ranges (MR-bar / 1.128), Pp, Ppk with the sample standard deviation; rules of
Western Electric and Nelson, strictly beyond (ruling 42). Facts are sums of deviations from a fixed origin, so they add.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from edge import Facts, Kpi, SignalSummary, Slice, hookimpl
from edge_capability import formulas
from edge_capability.constants import D2
from edge_capability.formulas import cp, cpk, pp, ppk, sd_from_sums
from edge_capability.run_rules import findings

__version__ = "0.1.0"
Numbers = dict[str, float | None]


class Capability(Kpi):
    name = "capability"
    title = "Process capability"
    unit = ""
    titles: ClassVar[Mapping[str, str]] = {"cpk": "Cpk of the worst signal", "beyond_limits": "Values beyond limits"}
    headline = "cpk"
    details = ("ppk", "beyond_limits")
    rank = 140
    board = False
    signals = ("limits",)

    def facts(self, slice: Slice) -> Facts:
        return {
            "signals": {
                name: {basis(one): sums(one)}
                for name, one in slice.readings.items()
                if one.low is not None or one.high is not None
            }
        }

    def values(self, facts: Facts) -> Mapping[str, Any]:
        found = {
            label(name, key, len(of_signal)): capability(key, of_sums)
            for name, of_signal in sorted(facts.get("signals", {}).items())
            for key, of_sums in of_signal.items()
            if of_sums["n"]
        }
        return {
            **{name: worst(s[name] for s in found.values()) for name in SHOWN},
            "beyond_limits": sum(s["beyond_limits"] or 0 for s in found.values()) if found else None,
            "signals": found,
        }


SHOWN = ("cp", "cpk", "pp", "ppk")  # the worst signal of all


def worst(values: Iterable[float | None]) -> float | None:
    """The smallest known one."""
    return min((value for value in values if value is not None), default=None)


def basis(one: SignalSummary) -> str:
    """What figures of a signal are taken against: limits and origin. Sums with different ones do not mix."""
    low, high = ("" if limit is None else repr(limit) for limit in (one.low, one.high))
    return f"{low}|{high}|{one.origin!r}"


def sums(one: SignalSummary) -> dict[str, float]:
    """What adds up over windows, and over machines with the same limits."""
    return {
        "n": one.n,
        "deviations": one.deviations,
        "squares": one.squares,
        "steps": one.steps,
        "step_sum": one.step_sum,
        "beyond_limits": sum(is_beyond(value, one.low, one.high) for value in one.values),
    }


def is_beyond(value: float, low: float | None, high: float | None) -> bool:
    """Strictly beyond a limit."""
    return (low is not None and value < low) or (high is not None and value > high)


def label(name: str, key: str, of_signal: int) -> str:
    """The name of a signal, with its limits where the window (or the machines) had several."""
    low, high, _ = key.split("|")
    return name if of_signal == 1 else f"{name} [{low}, {high}]"


def capability(key: str, of_sums: Mapping[str, float]) -> Numbers:
    """The figures of one signal."""
    low, high, origin = (float(text) if text else None for text in key.split("|"))
    n, steps = of_sums["n"], of_sums["steps"]
    mean = (origin or 0.0) + of_sums["deviations"] / n
    within = of_sums["step_sum"] / steps / D2[2] if steps else None
    overall = sd_from_sums(n, of_sums["deviations"], of_sums["squares"])
    return {
        "n": n,
        "mean": mean,
        "sigma_within": within,
        "sigma_overall": overall,
        "low": low,
        "high": high,
        "cp": cp(high, low, within),
        "cpk": cpk(high, low, mean, within),
        "pp": pp(high, low, overall),
        "ppk": ppk(high, low, mean, overall),
        "k": None if low is None or high is None else formulas.k(high, low, mean),
        "beyond_limits": of_sums["beyond_limits"],
    }


class ControlChart(Kpi):
    name = "control_chart"
    title = "Control chart"
    unit = ""
    titles: ClassVar[Mapping[str, str]] = {"findings": "Points against a rule"}
    headline = "findings"
    details = ("points",)
    better = "down"
    rank = 145
    board = False
    signals = ("sigma",)

    def facts(self, slice: Slice) -> Facts:
        return {"signals": {name: found for name, one in slice.readings.items() if (found := fired(one))}}

    def values(self, facts: Facts) -> Mapping[str, Any]:
        charts = dict(sorted(facts.get("signals", {}).items()))
        parts = [part for of_set in charts.values() for part in of_set.values()]
        return {
            "points": sum(part["points"] for part in parts) if parts else None,
            "findings": sum(n for part in parts for n in part["rules"].values()) if parts else None,
            "signals": {
                name: {rule_set: dict(part["rules"]) for rule_set, part in sorted(of_set.items())}
                for name, of_set in charts.items()
            },
        }


def centre_of(one: SignalSummary) -> float | None:
    """The centre line: the target, else the middle of both limits."""
    if one.target is not None:
        return one.target
    return None if one.low is None or one.high is None else (one.low + one.high) / 2


def fired(one: SignalSummary) -> dict[str, Any]:
    """By rule set, how many points there were and how often each rule fired; nothing without sigma and centre line.

    A run that began before the window fires where it is complete, so findings add up over windows."""
    centre = centre_of(one)
    if one.sigma is None or centre is None:
        return {}
    points = [*one.before, *one.values]
    rules: dict[str, int] = {}
    for found in findings(points, one.rules, centre=centre, sigma=one.sigma, before=len(one.before)):
        rules[str(found.rule)] = rules.get(str(found.rule), 0) + 1
    return {one.rules: {"points": one.n, "rules": rules}}


@hookimpl
def register_kpis() -> list[type[Kpi]]:
    return [Capability, ControlChart]
