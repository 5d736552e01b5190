"""How often a machine's own alarms come, against how often they used to: codes say more about a failure than age."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from edge import Reason

RECENT_US, USUAL_US = 86_400_000_000, 14 * 86_400_000_000
"""Memory of how often a code comes now, and of how often it usually does."""

LEAST, FACTOR = 5.0, 4.0
"""Worth a `watch`: so many in the recent memory, and so many times what is usual."""

CODES = 32
WATCH = 1


class Errors:
    """Counts that fade, of each code: [time, recent, usual, first time]."""

    def __init__(self) -> None:
        self.codes: dict[str, list[float]] = {}

    def take(self, code: str, ts: int) -> None:
        known = self.codes.pop(code, None)
        if known is None:
            if len(self.codes) >= CODES:
                del self.codes[next(iter(self.codes))]  # the one that has not come for the longest time
            known = [ts, 0.0, 0.0, ts]
        _fade(known, ts)
        known[1] += 1.0
        known[2] += 1.0
        self.codes[code] = known

    def due(self, ts: int) -> tuple[int, list[Reason]]:
        """The tier that the codes are worth, and why, the most frequent first."""
        reasons = []
        for code, known in self.codes.items():
            recent, usual = rates(known, ts)
            if recent >= LEAST and recent > FACTOR * usual:
                change = (recent / usual - 1) * 100 if usual else None
                reasons.append(Reason(f"alarm {code}", recent, usual, change, since=None, text="alarms a day"))
        reasons.sort(key=lambda reason: -(reason.value or 0.0))
        return (WATCH if reasons else 0), reasons

    def plain(self) -> dict[str, Any]:
        return {code: list(known) for code, known in self.codes.items()}

    def restore(self, plain: Mapping[str, Any]) -> None:
        self.codes = {code: list(known) for code, known in plain.items()}


def _fade(known: list[float], ts: int) -> None:
    dt = max(ts - known[0], 0)
    known[0] = max(ts, known[0])
    known[1] *= math.exp(-dt / RECENT_US)
    known[2] *= math.exp(-dt / USUAL_US)


def rates(known: list[float], ts: int) -> tuple[float, float]:
    """Recent and usual count a day; usual is what came before the recent ones."""
    faded = list(known)
    _fade(faded, ts)
    _, recent, usual, _ = faded
    days = (USUAL_US - RECENT_US) / RECENT_US
    return recent, max(usual - recent, 0.0) / days
