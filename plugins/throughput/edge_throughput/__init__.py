"""Throughput: parts per time, takt and its attainment, and how much of the capacity is used.

Formulas: ISO 22400-2 throughput rate PQ / AOET and equipment load ratio PQ / equipment production capacity; takt =
available time / demand of the same window.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from edge import Facts, Kpi, Slice, hookimpl
from edge_throughput.formulas import cycle_time, equipment_load, ratio, takt, takt_attainment, throughput_rate

__version__ = "0.1.1"
HOUR_S = 3600.0
RUNNING = frozenset({"run", "micro"})
BUSY = RUNNING | {"down", "setup"}
AVAILABLE = BUSY | {"unknown", "no_order"}  # scheduled, and not a break or planned stop


class Throughput(Kpi):
    name = "throughput"
    title = "Throughput"
    unit = "1/h"
    units: ClassVar[Mapping[str, str]] = {"takt_attainment": "1", "equipment_load": "1", "capacity_utilisation": "1"}
    titles: ClassVar[Mapping[str, str]] = {
        "parts_per_h": "Parts per hour",
        "throughput_rate_per_h": "Parts per hour of an order",
        "cycle_time_s": "Time per part",
        "takt_attainment": "Takt kept",
        "equipment_load": "Load of the capacity",
        "capacity_utilisation": "Running share of available time",
        "produced_count": "Parts made",
        "order_s": "Time with an order",
    }
    headline = "parts_per_h"
    details = ("takt_attainment", "equipment_load", "cycle_time_s")
    rank = 120
    board = False

    def facts(self, slice: Slice) -> Facts:
        produced = sum(count.total for count in slice.counts if count.booked == "scheduled")
        available = time_in(slice, AVAILABLE)
        return {
            "produced_count": produced,
            "busy_s": time_in(slice, BUSY),
            "running_s": time_in(slice, RUNNING),
            "available_s": available,
            "order_s": sum(span.seconds for span in slice.spans if span.order and span.time_class in AVAILABLE),
            "demand": demand(slice, available, produced),
            "capacity": capacity(slice, available, produced),
        }

    def values(self, facts: Facts) -> Mapping[str, Any]:
        wanted, able = facts.get("demand", {}), facts.get("capacity", {})
        rate = throughput_rate(facts["produced_count"], facts["order_s"])
        return {
            "parts_per_h": ratio(facts["produced_count"] * HOUR_S, facts["busy_s"]),
            "throughput_rate_per_h": None if rate is None else rate * HOUR_S,
            "cycle_time_s": cycle_time(facts["busy_s"], facts["produced_count"]),
            "takt_s": takt(wanted.get("available_s", 0.0), wanted.get("count", 0.0)),
            "takt_attainment": takt_attainment(wanted.get("produced", 0), wanted.get("count", 0.0)),
            "equipment_load": equipment_load(able.get("produced", 0), able.get("count", 0.0)),
            "capacity_utilisation": ratio(facts["running_s"], facts["available_s"]),
        }


def time_in(slice: Slice, classes: frozenset[str]) -> float:
    """Seconds in these time classes."""
    return sum(seconds for name, seconds in slice.class_s.items() if name in classes)


def demand(slice: Slice, available: float, produced: float) -> dict[str, float]:
    """Parts wanted of the window, where the machine has a demand, with its own time and parts: others' do not mix."""
    per_h = slice.settings.get("demand_per_h")
    return {"count": per_h * available / HOUR_S, "available_s": available, "produced": produced} if per_h else {}


def capacity(slice: Slice, available: float, produced: float) -> dict[str, float]:
    """Parts that the machine could have made: by its own setting, else by the ideal cycle of what was being made. Time
    and parts of products without one are left out of it."""
    per_h = slice.settings.get("capacity_per_h")
    if per_h:
        return {"count": per_h * available / HOUR_S, "produced": produced}
    count = sum(span.seconds / span.ideal_s for span in slice.spans if span.ideal_s and span.time_class in AVAILABLE)
    made = sum(one.total for one in slice.counts if one.ideal_s and one.booked == "scheduled")
    return {"count": count, "produced": made} if count or made else {}


@hookimpl
def register_kpis() -> list[type[Kpi]]:
    return [Throughput]
