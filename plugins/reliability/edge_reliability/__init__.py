"""Reliability: MTBF, MTTR and inherent availability from stops with a fault.

Formulas: MTBF = (run + set-up) / failures that began in planned time, MTTR = mean full length of failures that ended
(ruling 29 of the KPI definitions), inherent availability = MTBF / (MTBF + MTTR).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from edge import Facts, Kpi, Slice, hookimpl
from edge_reliability.formulas import failure_rate, inherent_availability, mtbf, mttr

__version__ = "0.2.0"
HOUR_S = 3600.0
OPERATING = ("run", "micro", "setup")  # micro-stops are run time


class Reliability(Kpi):
    name = "reliability"
    title = "Reliability"
    units: ClassVar[Mapping[str, str]] = {"failures": "", "failures_per_h": "1/h"}
    titles: ClassVar[Mapping[str, str]] = {
        "inherent_availability": "Inherent availability",
        "mtbf_s": "Time between failures",
        "mttr_s": "Time to repair",
        "failures_per_h": "Failures per hour",
        "operating_s": "Operating time",
    }
    headline = "inherent_availability"
    details = ("mtbf_s", "mttr_s", "failures")
    rank = 110
    board = False

    def facts(self, slice: Slice) -> Facts:
        repairs = [stop.length_s or 0.0 for stop in slice.stops_ended if stop.fault and stop.ended_in is not None]
        return {
            "operating_s": sum(slice.class_s.get(name, 0.0) for name in OPERATING),
            "failures": sum(stop.fault and stop.begun_in == "scheduled" for stop in slice.stops_begun),
            "repairs_ended": len(repairs),
            "repair_s": sum(repairs),
        }

    def values(self, facts: Facts) -> Mapping[str, Any]:
        between = mtbf(facts["operating_s"], facts["failures"])
        repair = mttr(facts["repair_s"], facts["repairs_ended"])
        return {
            "mtbf_s": between,
            "mttr_s": repair,
            "inherent_availability": inherent_availability(between, repair),
            "failures_per_h": failure_rate(between) * HOUR_S if between else None,
            "failures": facts["failures"],
        }


@hookimpl
def register_kpis() -> list[type[Kpi]]:
    return [Reliability]
