"""What of an answer is compared with the oracle, and how closely."""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose
from typing import Any

NUMBERS = (
    "calendar_s", "scheduled_s", "planned_excluded_s", "no_order_s", "unknown_s", "planned_busy_s", "run_time_s",
    "micro_s", "micro_stops", "down_s", "external_s", "setup_s", "total_count", "good_count", "gap_count",
    "unscheduled_count", "failures", "repairs_ended", "mtbf_s", "mttr_s", "availability", "availability_low",
    "availability_high", "coverage", "performance", "quality", "quality_by_count", "oee", "nee", "teep", "utilisation",
    "flags", "units", "first_pass", "final_pass", "first_pass_yield", "final_yield", "rty", "line_fpy", "stations",
    "line_oee", "products", "normalised_yield", "first_time_through", "dpu", "dpmo", "sigma_level",
)  # fmt: skip


def disagreements(oracle: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Names of numbers that differ, with (what the oracle says, what the service says)."""
    return {
        name: (oracle[name], answer.get(name, 0)) for name in NUMBERS if not alike(oracle[name], answer.get(name, 0))
    }


def alike(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, int | float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)
