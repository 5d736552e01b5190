"""What is wrong with a sensor, which is no finding about the machine: invalid, stale, stuck, out of range, outlier."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edge import Finding, Observation
from edge_maintenance.track import CONSTANT_CHANGES, Track

STALE_INTERVALS = 3
"""A signal is stale after so many of its intervals without a reading."""

STUCK_RUNS, STUCK_INTERVALS = 10, 20
"""It is stuck when it did not change for so many times the longest time it did not while it was learned, and for so
many intervals at least."""

KEPT = 64
LARGEST = 1e100
"""No sensor shows more, and its square is a number still."""

EVERYTHING = -math.inf, math.inf


class Sensors:
    """Sorts out what no statistics may see, and keeps the findings: signal -> (kind, since)."""

    def __init__(self, ranges: Mapping[str, Sequence[float]] | None) -> None:
        """`ranges`: signal -> the lowest and the highest value that its sensor can measure."""
        self.ranges = {name: (float(low), float(high)) for name, (low, high) in (ranges or {}).items()}
        self.findings: dict[str, tuple[str, int]] = {}
        self.gone: frozenset[str] = frozenset()  # signals that say nothing of the machine now: stale or stuck
        self.invalid: dict[str, int] = {}  # signal: how many values were no numbers or out of range

    def valid(self, observation: Observation) -> Mapping[str, float]:
        """The readings that are finite numbers in range with no bad quality."""
        signals = observation.signals
        if not self.findings and not self.ranges and not observation.quality and _all_finite(signals):
            return signals
        found: dict[str, float] = {}
        for name, given in signals.items():
            value = _number(given)
            low, high = self.ranges.get(name, EVERYTHING)
            if not -LARGEST < value < LARGEST:
                self._doubt(name, "invalid", observation.ts)
            elif not low <= value <= high:
                self._doubt(name, "out_of_range", observation.ts)
            elif observation.quality and observation.quality.get(name, "").lower().startswith("bad"):
                self._doubt(name, "invalid", observation.ts)
            else:
                found[name] = value
                if self.findings.get(name, ("",))[0] in ("invalid", "out_of_range", "stale"):
                    del self.findings[name]
        return found

    def _doubt(self, name: str, kind: str, ts: int) -> None:
        if name in self.invalid or len(self.invalid) < KEPT:
            self.invalid[name] = self.invalid.get(name, 0) + 1
        self._find(name, kind, ts)

    def _find(self, name: str, kind: str, ts: int) -> None:
        if self.findings.get(name, ("",))[0] != kind and (name in self.findings or len(self.findings) < KEPT):
            self.findings[name] = (kind, ts)

    def look(self, tracks: Iterable[Track], ts: int) -> None:
        """Find what is stale, stuck or a single outlier, and what is no more."""
        gone = set()
        for track in tracks:
            kind = self.findings.get(track.name, ("",))[0]
            stale = ts - track.ts > STALE_INTERVALS * track.interval_us
            if stale or _stuck(track):
                gone.add(track.name)
            if kind in ("invalid", "out_of_range"):
                continue
            if stale:
                self._find(track.name, "stale", ts)
            elif track.name in gone:
                self._find(track.name, "stuck", ts)
            elif track.outlier and kind != "outlier":
                self._find(track.name, "outlier", ts)
            elif kind in ("stale", "stuck") or (kind == "outlier" and not track.outlier):
                del self.findings[track.name]
        self.gone = frozenset(gone)

    def stopped(self) -> None:
        """The machine does not run any more: what looked like an outlier was its last reading before it stood."""
        self.findings = {name: found for name, found in self.findings.items() if found[0] != "outlier"}

    def as_findings(self) -> tuple[Finding, ...]:
        return tuple(Finding(name, kind, since, TEXTS[kind]) for name, (kind, since) in sorted(self.findings.items()))

    def plain(self) -> list[Any]:
        return [{name: list(found) for name, found in self.findings.items()}, dict(self.invalid), sorted(self.gone)]

    def restore(self, plain: list[Any]) -> None:
        findings, invalid, gone = plain
        self.gone = frozenset(gone)
        self.findings = {name: (kind, since) for name, (kind, since) in findings.items()}
        self.invalid = dict(invalid)


TEXTS = {
    "invalid": "no number comes",
    "out_of_range": "outside of what the sensor can measure",
    "stale": "nothing comes",
    "stuck": "does not change any more",
    "outlier": "one reading far off all others",
}


def _stuck(track: Track) -> bool:
    """Only of a signal that changed while it was learned."""
    if not track.sigma or track.changes < CONSTANT_CHANGES:
        return False
    return track.ts - track.changed > max(STUCK_RUNS * track.longest, STUCK_INTERVALS * track.interval_us)


def _all_finite(signals: Mapping[str, Any]) -> bool:
    """In the usual case, and quickly: the root of a sum of squares is small only if all that it is of are."""
    try:
        return math.hypot(*signals.values()) < LARGEST
    except (TypeError, OverflowError):  # no number; an integer with hundreds of digits
        return False


def _number(value: Any) -> float:
    """NaN for what is no number."""
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.nan
    return math.nan


def with_signals(seen: Observation, values: Mapping[str, float]) -> Observation:
    """The same reading with what was valid of it."""
    known = {name: getattr(seen, name) for name in ("state", "product", "run_s", "cycles", "starts")}
    return Observation(seen.asset, seen.ts, seen.kind, values, **known)
