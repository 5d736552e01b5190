"""Tables of a plant file from the `config`, `calendar` and `products` of a scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LINE = "area/line"
NOT_OF_A_LEVEL = re.compile(r"[^A-Za-z0-9_.-]")
SETTINGS = (
    "microstop_threshold_s", "debounce_s", "stale_after_s", "no_order_is_loss", "default_state",
    "planned_stops_are_loss", "planned_maintenance_only", "reject_signal",
)  # fmt: skip
OF_COUNTERS = {"modulus": "counter_modulus", "plausibility_factor": "counter_plausibility_factor"}
OF_SHIFTS = ("name", "start", "end", "days", "business_day_offset", "breaks")
OF_BREAKS = ("shift", "start", "minutes")
OF_SLOTS = ("from", "to", "reason")


def as_level(name: str) -> str:
    """A name as a level of a path: what a path may not hold is written by its number."""
    return NOT_OF_A_LEVEL.sub(lambda found: f"-{ord(found[0]):x}-", str(name))


def merged(config: Mapping[str, Any] | None, override: Mapping[str, Any] | None) -> dict[str, Any]:
    """Settings of a scenario with those of a window over them, nested ones as `counter.modulus`."""
    out: dict[str, Any] = {}
    for table in (config or {}, override or {}):
        for name, value in table.items():
            nested = isinstance(value, Mapping)
            out |= {f"{name}.{inner}": one for inner, one in value.items()} if nested else {name: value}
    return out


def machine_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Without `stale_after_s` silence means nothing; everything else has the default of the service."""
    out = {name: config[name] for name in SETTINGS if config.get(name) is not None}
    out.setdefault("stale_after_s", 0)
    for name, setting in OF_COUNTERS.items():
        if config.get(f"counter.{name}") is not None:
            out[setting] = config[f"counter.{name}"]
    return out


def products(made: Mapping[str, Any], site: str) -> dict[str, Any]:
    """Products under names of the site, since another scenario may call another product so."""
    return {f"{site}.{name}": _chosen(product, ("ideal_cycle_s", "parts_per_cycle")) for name, product in made.items()}


def site_settings(calendar: Mapping[str, Any]) -> dict[str, Any]:
    """The table of a site; without a calendar it is scheduled around the clock."""
    site: dict[str, Any] = {"timezone": calendar.get("timezone") or "UTC"}
    shifts = [_shift(one) for one in calendar.get("shifts") or ()]
    breaks = [_chosen(one, OF_BREAKS) for one in calendar.get("breaks") or ()]
    for pause in breaks:
        pause["shift"] = as_level(pause["shift"])
    slots = {kind: [_chosen(one, OF_SLOTS) for one in calendar.get(kind) or ()] for kind in ("planned", "unscheduled")}
    return site | {"shifts": shifts, "breaks": breaks} | slots


def _shift(shift: Mapping[str, Any]) -> dict[str, Any]:
    out = _chosen(shift, OF_SHIFTS)
    out["name"] = as_level(out["name"])
    out["end"] = "00:00" if out["end"] == "24:00" else out["end"]
    if "breaks" in out:
        out["breaks"] = [_chosen(one, OF_BREAKS[1:]) for one in out["breaks"]]
    return out


def _chosen(table: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: table[name] for name in names if table.get(name) is not None}
