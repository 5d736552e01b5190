"""All numbers of one question: sums of machines over a window, and what is divided from the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any

from tests.oracle.changes import holding
from tests.oracle.history import BEGINNING, History
from tests.oracle.machine import Machine
from tests.oracle.messages import SECOND, Fact, Message, known
from tests.oracle.parts import Parts
from tests.oracle.units import Units, yields

TIMES = {
    "planned": "planned_excluded_s", "no_order": "no_order_s", "unknown": "unknown_s", "micro": "micro_s",
    "down": "down_s", "setup": "setup_s",
}  # fmt: skip


def numbers(plant: Mapping[str, Any], messages: Sequence[Message], paths: Sequence[str], start: int, end: int,
            cut: int, *, as_of: bool = False) -> dict[str, Any]:  # fmt: skip
    """Everything that section 13 names, of the machines `paths` together, over [start, end) seen at `cut`.

    With `as_of` only what had been received by the cut exists."""
    until = cut if as_of else 1 << 62
    facts, changes = known(messages, until), holding(messages, until)
    end = min(end, cut)
    units = Units(facts)
    sums: dict[str, list[float]] = {}
    flags: set[str] = set()
    groups: tuple[dict[str, Counter[str]], dict[str, Counter[str]]] = ({}, {})
    route: list[str] = []
    for path in paths:
        machine = Machine(plant, path, changes)
        route = machine.route
        history = History(machine, [fact for fact in facts if fact.machine == path], cut)
        parts = Parts(history)
        for name, value in {**times(history, start, end), **stop_counts(history, start, end),
                            **part_sums(parts, start, end)}.items():  # fmt: skip
            sums.setdefault(name, []).append(value)
        for name, value in line_sums(history, parts, start, end).items():
            sums.setdefault(name, []).append(value)
        flags |= {name for ts, name in parts.flags if start <= ts < end}
        for found, counted in zip(groups, units.counted(machine, start, end, parts.product_at), strict=True):
            for name, sums_of_one in counted.items():
                found.setdefault(name, Counter()).update(sums_of_one)
    total = {name: fsum(values) for name, values in sums.items()}
    return {**total, **values(total), "flags": sorted(flags | value_flags(total)), **yields(*groups, route)}


def times(history: History, start: int, end: int) -> dict[str, float]:
    """Seconds, summed as whole microseconds."""
    us: Counter[str] = Counter()
    for length, time_class, state in history.classes(start, end):
        us["calendar_s"] += length
        us["scheduled_s"] += length if time_class != "unscheduled" else 0
        us[TIMES.get(time_class, "")] += length
        us["run_time_s"] += length if time_class in ("run", "micro") else 0
        us["planned_busy_s"] += length if time_class in ("run", "micro", "down", "setup") else 0
        us["external_s"] += length if time_class == "down" and state in ("starved", "blocked") else 0
    names = (*TIMES.values(), "calendar_s", "scheduled_s", "run_time_s", "planned_busy_s", "external_s")
    return {name: us[name] / SECOND for name in names}


def stop_counts(history: History, start: int, end: int) -> dict[str, float]:
    """Rulings 2, 29 and 34."""
    kind_at = history.machine.kind_at
    out = {"micro_stops": 0.0, "failures": 0.0, "repairs_ended": 0.0, "repair_s": 0.0}
    for stop in history.stops:
        if start <= stop.start < end:
            out["micro_stops"] += history.is_micro(stop) and kind_at(stop.start) != "unscheduled"
            out["failures"] += stop.fault and kind_at(stop.start) == "scheduled"
        whole = not stop.open and not stop.lost and stop.start != BEGINNING  # seen from its start to its end
        if stop.fault and whole and start <= stop.end < end:
            out["repairs_ended"] += 1
            out["repair_s"] += (stop.end - stop.start) / SECOND
    return out


def part_sums(parts: Parts, start: int, end: int) -> dict[str, float]:
    """Counts, and ideal times of those in scheduled, known time."""
    out: Counter[str] = Counter()
    ideal_total, ideal_good = [0.0], [0.0]
    for booking in parts.bookings:
        if not start <= booking.ts < end:
            continue
        if booking.where != "scheduled":
            out[f"{booking.where}_count"] += booking.total
            continue
        out["total_count"] += booking.total
        out["good_count"] += booking.total - booking.bad
        out["judged"] += booking.judged
        ideal = parts.machine.at(booking.ts).ideal(booking.product)
        if ideal is not None:
            out["ideal_count"] += booking.total
            ideal_total.append(ideal * booking.total)
            ideal_good.append(ideal * (booking.total - booking.bad))
    counts = ("total_count", "good_count", "gap_count", "unscheduled_count", "judged", "ideal_count")
    return {**{name: float(out[name]) for name in counts}, "ideal_s": fsum(ideal_total), "good_s": fsum(ideal_good)}


def line_sums(history: History, parts: Parts, start: int, end: int) -> dict[str, float]:
    """Of the line's OEE: parts of its last machine with the ideal cycle of its constraint, and that one's busy time."""
    machine = history.machine
    made = [b for b in parts.bookings if start <= b.ts < end and b.where == "scheduled"] if machine.is_last else []
    ideals = [(b, machine.line_ideal or machine.at(b.ts).ideal(b.product)) for b in made]
    return {
        "line_constraints": float(machine.is_constraint),
        "line_busy_s": times(history, start, end)["planned_busy_s"] if machine.is_constraint else 0.0,
        "line_lasts": float(machine.is_last),
        "line_count": float(sum(b.total for b in made)),
        "line_judged": float(sum(b.judged for b in made)),
        "line_timed": float(sum(b.total for b, ideal in ideals if ideal is not None)),
        "line_good_s": fsum(ideal * (b.total - b.bad) for b, ideal in ideals if ideal is not None),
    }


def line_oee(f: Mapping[str, float]) -> float | None:
    """Only where both machines are asked about; null as the OEE of a machine is."""
    asked = f["line_constraints"] and f["line_lasts"]
    known = f["line_timed"] == f["line_count"] and (not f["line_count"] or f["line_judged"])
    if not asked or not known or f["line_good_s"] < 0:
        return None
    return divided(f["line_good_s"], f["line_busy_s"])


def divided(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None


def share(good: float, total: float) -> float | None:
    """What part of `total` is good; more rejects than parts contradict each other, and the share is not known."""
    return good / total if good >= 0 else None


def values(f: Mapping[str, float]) -> dict[str, float | None]:
    """Sections 1 and 2, rulings 10 to 15, 29 and 41."""
    busy, run, setup, unknown = f["planned_busy_s"], f["run_time_s"], f["setup_s"], f["unknown_s"]
    timed = f["ideal_count"] == f["total_count"]  # every part has an ideal time
    by_count = quality = oee = None
    if f["total_count"] and f["judged"]:
        by_count = share(f["good_count"], f["total_count"])
        quality = share(f["good_s"], f["ideal_s"]) if timed and f["ideal_s"] else by_count
    if busy and not f["total_count"]:
        oee = 0.0
    elif busy and run and timed and quality is not None:
        oee = f["good_s"] / busy
    utilisation = divided(busy, f["calendar_s"])
    return {
        "availability": divided(run, busy),
        "availability_low": divided(run, busy + unknown),
        "availability_high": divided(run + unknown, busy + unknown),
        "coverage": divided(busy, busy + unknown),
        "performance": divided(f["ideal_s"], run) if timed else None,
        "quality": quality,
        "quality_by_count": by_count,
        "oee": oee,
        "nee": None if oee is None or not run else oee * (run + setup) / run,
        "utilisation": utilisation,
        "teep": None if oee is None or utilisation is None else oee * utilisation,
        "mtbf_s": divided(run + setup, f["failures"]),
        "mttr_s": divided(f["repair_s"], f["repairs_ended"]),
        "line_oee": line_oee(f),
    }


def value_flags(f: Mapping[str, float]) -> set[str]:
    """Flags that the sums themselves raise."""
    found = set()
    timed = f["ideal_count"] == f["total_count"]
    known = f["planned_busy_s"] + f["unknown_s"]
    if timed and f["run_time_s"] and f["ideal_s"] > f["run_time_s"]:
        found.add("performance_gt_1")
    if f["total_count"] and not f["run_time_s"]:
        found.add("counts_without_run")
    if f["total_count"] and not f["judged"]:
        found.add("no_reject_signal")
    if f["good_count"] < 0:
        found.add("bad_gt_total")
    if not timed:
        found.add("no_ideal_cycle")
    if known and f["planned_busy_s"] / known < 0.9:
        found.add("low_coverage")
    return found


__all__ = ["Fact", "numbers"]
