"""Limits that somebody has set: hard ones, and the zones of ISO 20816 for vibration. They need no learning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge import Reason

HYSTERESIS = 0.05
"""A value is within again when it is so much, as a share of the limit, on the right side of it."""

ZONES = {"I": (0.71, 1.8, 4.5), "II": (1.12, 2.8, 7.1), "III": (1.8, 4.5, 11.2), "IV": (2.8, 7.1, 18.0)}
"""Machine class: upper bounds of the zones A, B and C, velocity RMS in mm/s (ISO 10816-1:1995, kept for ISO 20816).
Zone C is `plan` (not for long-term operation), D is `act` (damage)."""

WATCH, PLAN, ACT = 1, 2, 3
BELOW = "below its limit"


class Limit:
    """One bound of a signal: the tier beyond it, and whether it is beyond now."""

    def __init__(self, signal: str, bound: float, sign: float, tier: int, text: str) -> None:
        self.signal, self.bound, self.sign, self.tier, self.text = signal, bound, sign, tier, text
        self.since: int | None = None
        self.value = bound

    def take(self, value: float, ts: int) -> int:
        """The tier that this reading is worth."""
        self.value = value
        beyond = (value - self.bound) * self.sign
        if beyond > 0:
            self.since = ts if self.since is None else self.since
        elif self.since is not None and beyond < -HYSTERESIS * abs(self.bound):
            self.since = None
        return 0 if self.since is None else self.tier

    def reason(self) -> Reason:
        """A limit is no value that is expected, and how far one is beyond it is no change: both are words."""
        text = f"{self.text} ({self.bound:g})"
        if (self.value - self.bound) * self.sign <= 0:
            side = "below" if self.sign > 0 else "above"
            text = f"was {text}, and is over {side} {self.bound - self.sign * HYSTERESIS * abs(self.bound):.4g}"
        return Reason(self.signal, self.value, since=self.since, text=text)


class Limits:
    """The limits of a machine's signals, by what the settings of each say."""

    def __init__(self, signals: Mapping[str, Mapping[str, Any]]) -> None:
        self.signals = signals
        self.known: dict[str, list[Limit]] = {}

    def know(self, name: str) -> None:
        """A signal has come."""
        found = limits_of(name, self.signals.get(name, {}))
        if found and name not in self.known:
            self.known[name] = found

    def take(self, values: Mapping[str, float], ts: int) -> int:
        """The tier that these readings are worth."""
        due = 0
        for name, limits in self.known.items():
            value = values.get(name)
            if value is not None:
                for limit in limits:
                    due = max(due, limit.take(value, ts))
        return due

    def reasons(self) -> list[Reason]:
        """Of what is beyond now, the worst first."""
        beyond = [limit for limits in self.known.values() for limit in limits if limit.since is not None]
        return [limit.reason() for limit in sorted(beyond, key=lambda limit: (-limit.tier, limit.signal))]

    def plain(self) -> dict[str, Any]:
        return {name: [[limit.since, limit.value] for limit in limits] for name, limits in self.known.items()}

    def restore(self, plain: Mapping[str, Any]) -> None:
        for name, states in plain.items():
            self.know(name)
            for limit, (since, value) in zip(
                self.known.get(name, ()), states, strict=False
            ):  # settings may have changed
                limit.since, limit.value = since, value


def limits_of(name: str, settings: Mapping[str, Any]) -> list[Limit]:
    found = []
    if (high := settings.get("high")) is not None:
        found.append(Limit(name, float(high), 1.0, ACT, "above its limit"))
    if (low := settings.get("low")) is not None:
        found.append(Limit(name, float(low), -1.0, ACT, BELOW))
    zones = ZONES.get(settings.get("iso_class") or "")
    if zones:
        found.append(Limit(name, zones[1], 1.0, PLAN, "in zone C of ISO 20816"))
        found.append(Limit(name, zones[2], 1.0, ACT, "in zone D of ISO 20816"))
    return found
