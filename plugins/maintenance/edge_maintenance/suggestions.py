"""What is suggested, by the kind of the first signal and the direction of its change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge import Reason
from edge_maintenance.limits import BELOW
from edge_maintenance.presets import kind_of

WORK = {
    ("vibration", True): "check bearings, alignment, balance and looseness; take a spectrum",
    ("temperature", True): "check cooling, lubrication and load",
    ("temperature", False): "check heating, and whether the sensor still touches",
    ("current", True): "check for friction, overload and the supply",
    ("current", False): "check couplings, belts and whether the load has gone",
    ("pressure", True): "check for blocked filters and valves",
    ("pressure", False): "check for leaks, the pump and its supply",
    ("flow", True): "check for leaks behind the sensor, and valves",
    ("flow", False): "check valves, filters and the pump",
    ("speed", True): "check the control of the drive",
    ("speed", False): "check for overload, slip and the control of the drive",
}
"""(kind, upward): first things to look at; practitioners' lists, no diagnosis."""


def suggested(reasons: Sequence[Reason], signals: Mapping[str, Mapping[str, Any]]) -> str:
    """Empty where nothing is known that would help."""
    for reason in reasons:
        if reason.text.endswith("of its life") or reason.text.startswith("probability"):
            return f"plan to replace {reason.signal}"
        kind = kind_of(reason.signal, signals.get(reason.signal, {}))
        work = WORK.get((kind, _upward(reason)))
        if work:
            return f"{reason.signal}: {work}"
    return f"look at {reasons[0].signal}" if reasons else ""


def _upward(reason: Reason) -> bool:
    return reason.change_pct >= 0 if reason.change_pct is not None else BELOW not in reason.text
