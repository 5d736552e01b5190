"""The time model: where the time of a machine went, as additive facts; losses, targets and coverage come from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.kpi import Facts, Kpi
from edge.slices import BUSY, DOWN, MICRO, PLANNED, Slice

NAME = "time_model"


class TimeModel(Kpi):
    """Seconds per class, reasons of stops, ideal times and parts; kept beside the KPIs, not shown as one."""

    name = NAME

    def facts(self, slice: Slice) -> Facts:
        classes = slice.class_s
        reasons: dict[str, dict[str, float]] = {}
        ideal_count = 0.0
        external = 0.0
        for span in slice.spans:
            if span.time_class in BUSY and span.ideal_s:
                ideal_count += span.seconds / span.ideal_s
            if span.stop is not None and span.time_class in (MICRO, DOWN, PLANNED):
                row = reasons.setdefault(f"{span.time_class}|{span.state}|{span.reason or ''}", _reason())
                row["seconds"] += span.seconds
                row["count"] += slice.start <= span.start and span.start == span.stop.start
            external += span.seconds if span.external and span.time_class == DOWN else 0.0
        return {
            "calendar_s": slice.seconds,
            "classes": classes,
            "external_s": external,
            "reasons": reasons,
            "target_count": ideal_count,
            **_parts(slice),
        }

    def values(self, facts: Facts) -> Mapping[str, Any]:
        return {}


def _reason() -> dict[str, float]:
    return {"seconds": 0.0, "count": 0}


def _parts(slice: Slice) -> dict[str, float]:
    counts = [count for count in slice.counts if count.booked == "scheduled"]
    return {
        "total_count": sum(count.total for count in counts),
        "bad_count": sum(count.bad for count in counts),
        "ideal_total_s": sum((count.ideal_s or 0.0) * count.total for count in counts),
        "ideal_bad_s": sum((count.ideal_s or 0.0) * count.bad for count in counts),
        "ideal_startup_s": sum((count.ideal_s or 0.0) * count.startup for count in counts),
    }


def coverage(facts: Facts) -> float | None:
    """Known share of the time that counts: planned busy / (planned busy + unknown); None where there is none."""
    classes = facts.get("classes", {})
    busy = sum(classes.get(name, 0.0) for name in BUSY)
    known = busy + classes.get("unknown", 0.0)
    return busy / known if known else None


def waterfall(facts: Facts) -> list[dict[str, Any]]:
    """From calendar time down to ideal time of good parts; totals and losses alternate, and losses + rest = total."""
    classes: Mapping[str, float] = facts.get("classes", {})
    get = classes.get
    calendar = facts.get("calendar_s", 0.0)
    scheduled = calendar - get("unscheduled", 0.0)
    run = get("run", 0.0) + get("micro", 0.0)
    busy = run + get("down", 0.0) + get("setup", 0.0)
    external, ideal = facts.get("external_s", 0.0), facts.get("ideal_total_s", 0.0)
    bad, startup = facts.get("ideal_bad_s", 0.0), facts.get("ideal_startup_s", 0.0)
    steps = [
        ("calendar_s", "Calendar time", calendar, "total"),
        ("unscheduled_s", "Not scheduled", get("unscheduled", 0.0), "loss"),
        ("scheduled_s", "Scheduled time", scheduled, "total"),
        ("planned_excluded_s", "Breaks and planned stops", get("planned", 0.0), "loss"),
        ("no_order_s", "No order", get("no_order", 0.0), "loss"),
        ("unknown_s", "Unknown", get("unknown", 0.0), "loss"),
        ("planned_busy_s", "Planned busy time", busy, "total"),
        ("setup_s", "Set-up and changeover", get("setup", 0.0), "loss"),
        ("internal_down_s", "Stops", get("down", 0.0) - external, "loss"),
        ("external_s", "Starved or blocked", external, "loss"),
        ("run_time_s", "Run time", run, "total"),
        ("micro_s", "Micro-stops", get("micro", 0.0), "loss"),
        ("reduced_speed_s", "Reduced speed", run - get("micro", 0.0) - ideal, "loss"),
        ("ideal_total_s", "Ideal time of all parts", ideal, "total"),
        ("startup_rejects_s", "Start-up rejects", startup, "loss"),
        ("quality_s", "Rejects", bad - startup, "loss"),
        ("ideal_good_s", "Ideal time of good parts", ideal - bad, "remainder"),
    ]
    return [{"name": n, "title": t, "seconds": s, "kind": k} for n, t, s, k in steps]


SIX = {
    "breakdowns": ("Breakdowns", ("internal_down_s", "external_s")),
    "setup": ("Set-up and adjustment", ("setup_s",)),
    "minor_stops": ("Idling and minor stops", ("micro_s",)),
    "reduced_speed": ("Reduced speed", ("reduced_speed_s",)),
    "process_rejects": ("Process rejects", ("quality_s",)),
    "startup_rejects": ("Start-up rejects", ("startup_rejects_s",)),
}
"""The six big losses, and the steps of the waterfall that each is the sum of."""


def six_big_losses(facts: Facts) -> list[dict[str, Any]]:
    """The six big losses in seconds; with the ideal time of good parts they are the planned busy time."""
    seconds = {step["name"]: step["seconds"] for step in waterfall(facts)}
    return [
        {"name": name, "title": title, "seconds": sum(seconds[step] for step in steps)}
        for name, (title, steps) in SIX.items()
    ]


def pareto(facts: Facts) -> list[dict[str, Any]]:
    """Reasons of stops, longest first."""
    rows = []
    for key, row in facts.get("reasons", {}).items():
        time_class, state, reason = key.split("|", 2)
        rows.append({"reason": reason or None, "state": state, "time_class": time_class, **row})
    return sorted(rows, key=lambda row: (-row["seconds"], row["state"], row["reason"] or ""))
