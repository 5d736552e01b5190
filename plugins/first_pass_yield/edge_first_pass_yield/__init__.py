"""First pass yield: the share of units whose first verdict is pass, with final, rolled and line yield, and defects.

Formulas: ISO 22400-2 first pass yield GP / IP on serialised units; rolled throughput yield is the product of the
stations' first pass yields. Rework and retests never count, aborted tests are no verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from edge import Facts, Kpi, Slice, Unit, hookimpl
from edge_first_pass_yield.formulas import (
    SHIFT,
    dpmo,
    dpu,
    first_time_through,
    fpy,
    normalised_yield,
    ratio,
    rty,
    sigma_level,
)

__version__ = "0.3.0"


class FirstPassYield(Kpi):
    name = "first_pass_yield"
    title = "First pass yield"
    units: ClassVar[Mapping[str, str]] = {
        "dpu": "", "dpmo": "", "sigma_level": "", "sigma_shift": "", "sigma_sides": "",
    }  # fmt: skip
    headline = "first_pass_yield"
    details = ("final_yield",)
    of_line = ("rty", "line_fpy")
    quotients: ClassVar[Mapping[str, tuple[str, str]]] = {
        "first_pass_yield": ("first_pass", "units"),
        "final_yield": ("final_pass", "units"),
        "line_fpy": ("clean", "started"),
    }
    rank = 20

    def facts(self, slice: Slice) -> Facts:
        stations: dict[str, dict[str, int]] = {}
        products: dict[str, dict[str, int]] = {}
        for unit in slice.units:
            add_unit(sums_of(stations, unit.station), unit)
            product = product_of(slice, unit)
            if product:
                add_unit(sums_of(products, product), unit)
        sums = {name: sum(s[name] for s in stations.values()) for name in COUNTED}
        route = {} if slice.line is None else dict.fromkeys(slice.line.route, slice.seconds)
        return {**sums, "stations": stations, "products": products, "route": route}

    def values(self, facts: Facts) -> Mapping[str, Any]:
        stations = facts.get("stations", {})
        steps = list(facts.get("route") or stations)
        rolled = rolled_yield([stations.get(step) for step in steps])
        return {
            "first_pass_yield": fpy(facts["first_pass"], facts["units"]),
            "final_yield": ratio(facts["final_pass"], facts["units"]),
            "first_time_through": first_time_through(facts["units"], facts["scrapped"], facts["reworked"]),
            "rty": rolled,
            "normalised_yield": None if rolled is None else normalised_yield(rolled, len(steps)),
            "line_fpy": ratio(facts["clean"], facts["started"]),
            **defect_values(facts),
            "sigma_shift": SHIFT,
            "sigma_sides": 1,
            "stations": {name: group_values(s) for name, s in sorted(stations.items())},
            "products": {name: group_values(s) for name, s in sorted(facts.get("products", {}).items())},
        }


COUNTED = (
    "units", "first_pass", "final_pass", "route_units", "started", "clean", "scrapped", "reworked", "defects",
    "counted_defects", "opportunities",
)  # fmt: skip


def sums_of(known: dict[str, dict[str, int]], name: str) -> dict[str, int]:
    """The sums of a station or product, which begin at zero."""
    found = known.get(name)
    if found is None:
        found = known[name] = dict.fromkeys(COUNTED, 0)
    return found


def add_unit(sums: dict[str, int], unit: Unit) -> None:
    """Count one unit: its verdicts, and on the first station of a route whether it came through clean."""
    sums["units"] += 1
    sums["first_pass"] += unit.first == "pass"
    sums["final_pass"] += unit.final == "pass"
    sums["route_units"] += unit.in_route
    sums["scrapped"] += unit.final != "pass"
    sums["reworked"] += unit.first != "pass" and unit.final == "pass"
    defects = max(unit.defects, unit.first != "pass")  # a fail without a number is one defect
    sums["defects"] += defects
    if unit.opportunities:
        sums["counted_defects"] += defects
        sums["opportunities"] += unit.opportunities
    if unit.route_clean is not None:
        sums["started"] += 1
        sums["clean"] += unit.route_clean


def product_of(slice: Slice, unit: Unit) -> str | None:
    """What a unit is: as its message says, else what was being made."""
    return unit.product or next((span.product for span in slice.spans if span.start <= unit.ts < span.end), None)


def rolled_yield(steps: Sequence[Mapping[str, int] | None]) -> float | None:
    """The product over the steps; None where there are none, or one has seen no unit: its yield is not known."""
    sums = [step for step in steps if step and step["units"]]
    return rty(step["first_pass"] / step["units"] for step in sums) if steps and len(sums) == len(steps) else None


def defect_values(sums: Mapping[str, Any]) -> dict[str, float | None]:
    """Defects per unit and per million opportunities, and the sigma level of the latter, one-sided."""
    per_million = dpmo(sums["counted_defects"], 1, sums["opportunities"])
    return {
        "dpu": dpu(sums["defects"], sums["units"]),
        "dpmo": per_million,
        "sigma_level": None if per_million is None else sigma_level(per_million, shift=SHIFT, two_sided=False),
    }


def group_values(sums: Mapping[str, int]) -> dict[str, float | None]:
    """The yields of one station, or of one product."""
    units = sums["units"]
    return {
        "units": units,
        "first_pass": sums["first_pass"],
        "fpy": fpy(sums["first_pass"], units),
        "final_yield": ratio(sums["final_pass"], units),
        "first_time_through": first_time_through(units, sums["scrapped"], sums["reworked"]),
        **defect_values(sums),
    }


@hookimpl
def register_kpis() -> list[type[Kpi]]:
    return [FirstPassYield]
