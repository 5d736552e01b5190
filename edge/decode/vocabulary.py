"""States in the words of others: PackML unit modes, and the codes of the United Manufacturing Hub."""

from __future__ import annotations

from collections.abc import Mapping

PRODUCTION = "production"
MODES: Mapping[str, str] = {
    "maintenance": "maintenance", "manual": "setup", "changeover": "changeover", "cleaning": "cleaning",
}  # fmt: skip
"""What a machine does in a unit mode other than production, whatever its state says; moved by hand it is set up."""

MODE_NUMBERS: Mapping[int, str] = {1: PRODUCTION, 2: "maintenance", 3: "manual"}
"""The unit modes that PackML numbers; what lies beyond is each maker's own, so these are said by name."""

UMH: Mapping[int, str] = {
    1: "running", 2: "slow", 3: "unknown", 4: "stopped", 5: "stopped", 6: "starved", 7: "blocked", 8: "blocked",
    9: "starved", 10: "changeover", 11: "cleaning", 12: "changeover", 13: "setup", 14: "operator", 15: "idle",
    16: "idle", 17: "no_order", 18: "fault", 19: "fault", 20: "fault", 21: "maintenance", 22: "fault",
}  # fmt: skip
"""By ten thousands: a code belongs to those below it, unless it is one of UMH_OWN."""

UMH_OWN: Mapping[int, str] = {40_100: "idle", 40_200: "operator"}


def umh_state(code: int) -> str | None:
    """The state of a code from 10000 to 229999; None where there is none."""
    return UMH_OWN.get(code) or UMH.get(code // 10_000)
