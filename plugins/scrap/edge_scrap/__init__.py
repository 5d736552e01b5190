"""Scrap, rework and fall-off: which share of the parts was lost, repaired, or lost at which step.

Formulas: ISO 22400-2 scrap ratio SQ / PQ, rework ratio RQ / PQ, fall-off ratio SQ of a step / PQ of the first
operation, actual to planned scrap ratio.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from edge import Facts, Kpi, Slice, hookimpl
from edge_scrap.formulas import actual_to_planned_scrap, fall_off_ratio, rework_ratio, scrap_ratio

__version__ = "0.1.0"


class Scrap(Kpi):
    name = "scrap"
    title = "Scrap"
    titles: ClassVar[Mapping[str, str]] = {
        "scrap_ratio": "Scrap ratio",
        "rework_ratio": "Reworked units",
        "fall_off_ratio": "Scrap of parts started",
        "actual_to_planned_scrap": "Scrap against plan",
        "scrap_count": "Rejects",
    }
    headline = "scrap_ratio"
    details = ("rework_ratio", "fall_off_ratio", "actual_to_planned_scrap")
    better = "down"
    rank = 130
    board = False

    def facts(self, slice: Slice) -> Facts:
        counts = [count for count in slice.counts if count.booked == "scheduled"]
        produced, scrap = sum(c.total for c in counts), sum(c.bad for c in counts)
        planned = slice.settings.get("planned_scrap")
        return {
            "produced_count": produced,
            "scrap_count": scrap,
            "judged_parts": sum(c.judged for c in counts),
            "tested_units": len(slice.units),
            "reworked_units": sum(u.first == "fail" and u.final == "pass" for u in slice.units),
            "first_operation_count": produced if slice.line is not None and slice.line.is_first else 0,
            "scrap_of_step": {slice.asset.rpartition("/")[2]: scrap},
            "plan": {} if planned is None else {"scrap": scrap, "planned": planned * produced},
        }

    def values(self, facts: Facts) -> Mapping[str, Any]:
        judged, first = facts["judged_parts"], facts["first_operation_count"]
        plan, steps = facts.get("plan", {}), facts.get("scrap_of_step", {})
        return {
            "scrap_ratio": scrap_ratio(facts["scrap_count"], facts["produced_count"]) if judged else None,
            "rework_ratio": rework_ratio(facts["reworked_units"], facts["tested_units"]),
            "fall_off_ratio": fall_off_ratio(facts["scrap_count"], first) if judged else None,
            "fall_off": {name: fall_off_ratio(scrap, first) for name, scrap in sorted(steps.items())} if judged else {},
            "actual_to_planned_scrap": actual_to_planned_scrap(plan.get("scrap", 0), plan.get("planned", 0.0)),
        }


@hookimpl
def register_kpis() -> list[type[Kpi]]:
    return [Scrap]
