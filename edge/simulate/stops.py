"""Why machines stop, how often and for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

HOUR_S = 3600.0


@dataclass(frozen=True)
class Cause:
    """A kind of stop: `every_s` of running on average, lengths spread around `median_s` (seconds)."""

    state: str
    reasons: tuple[str, ...]
    every_s: float
    median_s: float
    spread: float
    first_only: bool = False  # only the first machine of a line waits for the store

    def length_s(self, random: Random) -> float:
        """A length from a log-normal distribution, 5 s to an hour."""
        return min(max(random.lognormvariate(math.log(self.median_s), self.spread), 5.0), HOUR_S)


MICRO = Cause("stopped", ("jam", "sensor dirty", "part fallen", "reject bin full"), 1200.0, 22.0, 0.6)
OPERATOR = Cause("operator", ("waiting for operator",), 1.5 * HOUR_S, 70.0, 0.5)
MINOR = Cause("stopped", ("label roll change", "film change", "quality check"), 1.8 * HOUR_S, 180.0, 0.4)
MATERIAL = Cause("starved", ("no material",), 3.0 * HOUR_S, 240.0, 0.5, first_only=True)
BREAKDOWN = Cause(
    "fault", ("drive overload", "servo fault", "safety gate", "pneumatic pressure low", "PLC communication"),
    6.5 * HOUR_S, 520.0, 0.5,
)  # fmt: skip
CAUSES = (MICRO, OPERATOR, MINOR, MATERIAL, BREAKDOWN)

SLOW_EVERY_S, SLOW_MEDIAN_S, SLOW_SPREAD, SLOW_SPEED = 3600.0, 280.0, 0.4, 0.75
OUTAGE_EVERY_S, OUTAGE_MEDIAN_S, OUTAGE_SPREAD = 10 * HOUR_S, 150.0, 0.4
CHANGEOVER_MEDIAN_S, CHANGEOVER_SPREAD = 600.0, 0.25


def alarm_code(reason: str) -> str:
    """The controller's code for a breakdown."""
    return f"E{100 + BREAKDOWN.reasons.index(reason) if reason in BREAKDOWN.reasons else 199}"


def lognormal_s(random: Random, median_s: float, spread: float) -> float:
    return random.lognormvariate(math.log(median_s), spread)
