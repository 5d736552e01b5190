"""How long to wait before the next attempt to connect."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec


class Backoff(msgspec.Struct):
    """Full jitter below a ceiling that doubles from `first_s`.

    For `patient_after_s` the ceiling stays at `quick_s`, so that a broker that restarts is found again within seconds;
    an outage that lasts longer lets it grow to `ceiling_s`."""

    first_s: float = 0.5
    quick_s: float = 4.0
    ceiling_s: float = 30.0
    patient_after_s: float = 120.0
    draw: Callable[[float, float], float] = random.uniform
    _failures: int = 0
    _waited_s: float = 0.0

    def reset(self) -> None:
        """After a connection that has lasted."""
        self._failures = 0
        self._waited_s = 0.0

    def next_s(self, at_least_s: float = 0.0) -> float:
        """Seconds until the next attempt; `at_least_s` where a quick one would do harm."""
        limit = self.ceiling_s if self._waited_s >= self.patient_after_s else self.quick_s
        ceiling = min(limit, self.first_s * 2**self._failures)
        self._failures = min(self._failures + 1, 30)
        delay = max(self.draw(0.0, ceiling), self.draw(at_least_s, 1.5 * at_least_s))
        self._waited_s += max(delay, self.first_s)
        return delay
