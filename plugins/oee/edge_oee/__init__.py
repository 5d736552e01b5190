"""Overall equipment effectiveness: availability x performance x quality, with the sums behind them.

Formulas: ISO 22400-2 (availability, effectiveness, quality ratio, OEE index, NEE index), with planned downtime out of
the denominator, minor stops as a performance loss and quality weighted by ideal time. Seconds are exact, ratios are
unrounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from edge import Facts, Kpi, Slice, Stop, hookimpl
from edge_oee import formulas
from edge_oee.formulas import ratio

__version__ = "0.3.0"
LOW_COVERAGE = 0.9


class Oee(Kpi):
    name = "oee"
    title = "OEE"
    headline = "oee"
    details = ("availability", "performance", "quality")
    of_line = ("line_oee",)
    quotients: ClassVar[Mapping[str, tuple[str, str]]] = {
        "oee": ("ideal_good_s", "planned_busy_s"),
        "availability": ("run_time_s", "planned_busy_s"),
        "performance": ("ideal_total_s", "run_time_s"),
        "quality": ("ideal_good_s", "ideal_total_s"),
        "quality_by_count": ("good_count", "total_count"),
    }
    rank = 10

    def facts(self, slice: Slice) -> Facts:
        return {**times(slice), **parts(slice), **stops(slice), "line": line(slice), "flags": dict(slice.flags)}

    def values(self, facts: Facts) -> Mapping[str, Any]:
        busy, run, ideal = facts["planned_busy_s"], facts["run_time_s"], facts["ideal_total_s"]
        availability, performance = formulas.availability(run, busy), _performance(facts)
        quality = _quality(facts)
        oee = _oee(facts, quality)
        nee = None if oee is None else formulas.nee(oee, run, facts["setup_s"])
        utilisation = formulas.utilisation(busy, facts["calendar_s"])
        known = busy + facts["unknown_s"]
        operating = run + facts["setup_s"]
        return {
            "oee": oee,
            "availability": availability,
            "performance": performance,
            "quality": quality,
            "quality_by_count": formulas.quality(facts["good_count"], facts["total_count"]) if _judged(facts) else None,
            "nee": nee,
            "utilisation": utilisation,
            "teep": None if oee is None or utilisation is None else formulas.teep(oee, utilisation),
            "availability_low": ratio(run, known),
            "availability_high": ratio(run + facts["unknown_s"], known),
            "coverage": ratio(busy, known),
            "reduced_speed_s": formulas.reduced_speed(run, facts["micro_s"], ideal) if _complete(facts) else None,
            "mtbf_s": ratio(operating, facts["failures"]),
            "mttr_s": ratio(facts["repair_s"], facts["repairs_ended"]),
            "line_oee": _line_oee(facts.get("line", {})),
        }

    def flags(self, facts: Facts) -> list[str]:
        found = set(super().flags(facts))
        performance = _performance(facts)
        if performance is not None and performance > 1:
            found.add("performance_gt_1")
        if facts["total_count"] and not facts["run_time_s"]:
            found.add("counts_without_run")
        if facts["total_count"] and not _judged(facts):
            found.add("no_reject_signal")
        if facts["good_count"] < 0:
            found.add("bad_gt_total")
        if facts["ideal_count"] != facts["total_count"]:
            found.add("no_ideal_cycle")
        known = facts["planned_busy_s"] + facts["unknown_s"]
        if known and facts["planned_busy_s"] / known < LOW_COVERAGE:
            found.add("low_coverage")
        return sorted(found)


def times(slice: Slice) -> dict[str, float]:
    """Seconds of the time model: calendar, scheduled, and every class of scheduled time."""
    in_class = slice.class_s
    down, micro = in_class.get("down", 0.0), in_class.get("micro", 0.0)
    run, setup = in_class.get("run", 0.0) + micro, in_class.get("setup", 0.0)
    return {
        "calendar_s": slice.seconds,
        "scheduled_s": slice.seconds - in_class.get("unscheduled", 0.0),
        "planned_excluded_s": in_class.get("planned", 0.0),
        "no_order_s": in_class.get("no_order", 0.0),
        "unknown_s": in_class.get("unknown", 0.0),
        "planned_busy_s": run + down + setup,
        "run_time_s": run,
        "micro_s": micro,
        "down_s": down,
        "external_s": sum(s.seconds for s in slice.spans if s.external and s.time_class == "down"),
        "setup_s": setup,
    }


def parts(slice: Slice) -> dict[str, float]:
    """Parts by booking, and the ideal seconds of those that have an ideal cycle."""
    total = good = judged = ideal_count = 0
    ideal_total = ideal_good = 0.0
    apart = {"gap": 0, "unscheduled": 0}
    for count in slice.counts:
        if count.booked != "scheduled":
            apart[count.booked] += count.total
            continue
        total += count.total
        good += count.total - count.bad
        judged += count.judged
        if count.ideal_s is not None:
            ideal_count += count.total
            ideal_total += count.ideal_s * count.total
            ideal_good += count.ideal_s * (count.total - count.bad)
    return {
        "total_count": total,
        "good_count": good,
        "gap_count": apart["gap"],
        "unscheduled_count": apart["unscheduled"],
        "judged_count": judged,
        "ideal_count": ideal_count,
        "ideal_total_s": ideal_total,
        "ideal_good_s": ideal_good,
    }


def stops(slice: Slice) -> dict[str, float]:
    """Micro-stops and failures that began, and repairs that ended, in the window (rulings 2 and 29)."""
    repaired = [s.length_s or 0.0 for s in slice.stops_ended if s.fault and s.ended_in is not None]
    return {
        "micro_stops": sum(s.micro and s.begun_in != "unscheduled" for s in slice.stops_begun),
        "failures": sum(_is_failure(s) for s in slice.stops_begun),
        "repairs_ended": len(repaired),
        "repair_s": sum(repaired),
    }


def line(slice: Slice) -> dict[str, float]:
    """What the machine is to the OEE of its line: planned busy time of the constraint, good parts of the last machine
    with the ideal cycles of the constraint; and the calendar time of each, which says that it is among those asked for.
    Nothing for a machine that is neither."""
    role = slice.line
    if role is None or not role.complete:
        return {}
    out: dict[str, float] = {}
    if role.is_constraint:
        out |= {"constraint_s": slice.seconds, "constraint_busy_s": times(slice)["planned_busy_s"]}
    if role.is_last:
        booked = [count for count in slice.counts if count.booked == "scheduled"]
        ideal = [(count, role.ideal(count.product)) for count in booked]
        out |= {
            "last_s": slice.seconds,
            "count": sum(count.total for count in booked),
            "judged_count": sum(count.judged for count in booked),
            "ideal_count": sum(count.total for count, cycle in ideal if cycle),
            "good_ideal_s": sum((count.total - count.bad) * cycle for count, cycle in ideal if cycle),
        }
    return out


def _line_oee(facts: Facts) -> float | None:
    """OEE of the lines whose constraint and last machine are both among the machines asked for."""
    if not facts.get("constraint_s") or not facts.get("last_s") or facts["ideal_count"] != facts["count"]:
        return None
    if facts["count"] and not facts["judged_count"]:
        return None
    return formulas.line_oee(facts["good_ideal_s"], facts["constraint_busy_s"])


def _is_failure(stop: Stop) -> bool:
    return stop.fault and stop.begun_in == "scheduled"


def _judged(facts: Facts) -> bool:
    return bool(facts["judged_count"])


def _complete(facts: Facts) -> bool:
    """Whether every part counts with an ideal cycle of its own."""
    return bool(facts["ideal_count"] == facts["total_count"])


def _performance(facts: Facts) -> float | None:
    """Ideal time of the parts / run time (ruling 10), raw even above 1 (ruling 12); None without run time (14)."""
    return formulas.performance(facts["ideal_total_s"], facts["run_time_s"]) if _complete(facts) else None


def _quality(facts: Facts) -> float | None:
    """Good / total weighted by ideal time (ruling 11); None without parts (13) or without a reject signal (41)."""
    if not facts["total_count"] or not _judged(facts):
        return None
    if _complete(facts) and facts["ideal_total_s"]:
        return formulas.quality(facts["ideal_good_s"], facts["ideal_total_s"])
    return formulas.quality(facts["good_count"], facts["total_count"])


def _oee(facts: Facts, quality: float | None) -> float | None:
    """Ideal time of good parts / planned busy time, which is A x P x Q and stays defined where a factor is 0/0."""
    busy = facts["planned_busy_s"]
    if not busy or not _complete(facts):
        return None
    if not facts["total_count"]:
        return 0.0
    if not facts["run_time_s"] or quality is None:
        return None
    return formulas.oee_of_times(facts["ideal_good_s"], busy)


@hookimpl
def register_kpis() -> list[type[Kpi]]:
    return [Oee]
