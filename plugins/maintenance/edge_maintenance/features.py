"""What a remaining life is told by: per signal a fast and a slow mean and the change since the unit was new.

Everything is kept up to date from row to row in constant time and memory. Ages and time constants are in the unit of
the model (cycles, hours, seconds). Means weigh by elapsed age, so that irregular rows and gaps come out right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import expm1, inf, isfinite
from typing import Any

KINDS = ("fast", "slow", "shift")
"""Features of a signal: the fast mean, the slow mean, and fast - mean of the unit's first rows."""

AGE = "age"


@dataclass(frozen=True)
class Regimes:
    """Operating points, told apart by key signals, each with its own centre and scale of every signal.

    Without key signals there is one operating point, and it is always met."""

    signals: tuple[str, ...]  # the key signals
    scale: tuple[float, ...]  # of each of them, for the distance
    centres: tuple[tuple[float, ...], ...]  # regime x key signal
    radius: float  # scaled distance from a centre up to which a row belongs to it
    mean: tuple[tuple[float, ...], ...]  # regime x signal
    sd: tuple[tuple[float, ...], ...]  # regime x signal; 0 where the signal stood still

    def find(self, values: Mapping[str, float]) -> int | None:
        """The regime of a row; None where a key signal is missing or no centre is near."""
        if not self.signals:
            return 0
        keys = [values.get(name, inf) / scale for name, scale in zip(self.signals, self.scale, strict=True)]
        best, least = None, self.radius
        for number, centre in enumerate(self.centres):
            far = max(abs(key - at / scale) for key, at, scale in zip(keys, centre, self.scale, strict=True))
            if far <= least:
                best, least = number, far
        return best


@dataclass(frozen=True)
class Recipe:
    """How rows of a unit become features. `fast`, `slow` and `first` are lengths in the unit of the age, `step` is
    the usual distance of rows: what comes sooner than half of it after the row before is passed over."""

    signals: tuple[str, ...]
    regimes: Regimes
    fast: float
    slow: float
    first: float
    step: float
    clip: float = 6.0  # standard deviations beyond which a single value counts no further
    _scale: tuple[tuple[tuple[float, float], ...], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pairs = (zip(means, sds, strict=True) for means, sds in zip(self.regimes.mean, self.regimes.sd, strict=True))
        scale = tuple(tuple((mean, 1.0 / sd if sd > 0 else 0.0) for mean, sd in regime) for regime in pairs)
        object.__setattr__(self, "_scale", scale)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the features, in the order of `features`."""
        return (*(f"{kind} {signal}" for kind in KINDS for signal in self.signals), AGE)

    def start(self) -> dict[str, Any]:
        """The state of a unit of which nothing is known: plain data, kept up to date by `take`."""
        blank = [None] * len(self.signals)
        return {"age": None, "seen": 0, "weight": [0.0, 0.0], "fast": [*blank], "slow": [*blank], "first": [*blank]}

    def take(self, state: dict[str, Any], values: Mapping[str, float], age: float) -> bool:
        """Take one row at an age; False where it adds nothing: too soon, or at no known operating point."""
        before = state["age"]
        elapsed = self.step if before is None else age - before
        if not elapsed >= self.step / 2:
            return False
        regime = self.regimes.find(values)
        if regime is None:
            return False
        state["age"] = age
        gains = [self._gain(state["weight"], at, elapsed) for at in (0, 1)]
        if age <= self.first or state["seen"] == 0:
            state["seen"] += 1
            gains.append(1.0 / state["seen"])
        self._take(state, values, self._scale[regime], gains)
        return True

    def _gain(self, weight: list[float], at: int, elapsed: float) -> float:
        """Share of the newest value in a mean that starts with its first value instead of with 0."""
        new = -expm1(-elapsed / (self.slow if at else self.fast))
        weight[at] += (1.0 - weight[at]) * new
        return new / weight[at]

    def _take(
        self,
        state: dict[str, Any],
        values: Mapping[str, float],
        scale: Sequence[tuple[float, float]],
        gains: Sequence[float],
    ) -> None:
        clip = self.clip
        means = [state[name] for name in ("fast", "slow", "first")][: len(gains)]
        for at, name in enumerate(self.signals):
            value = values.get(name)
            if value is None or not isfinite(value):
                continue
            centre, inverse = scale[at]
            value = (value - centre) * inverse
            value = clip if value > clip else -clip if value < -clip else value
            for mean, gain in zip(means, gains, strict=True):
                old = mean[at]
                mean[at] = value if old is None else old + (value - old) * gain
            if state["first"][at] is None:
                state["first"][at] = value

    def features(self, state: dict[str, Any]) -> list[float]:
        """One number for each of `names`; a signal that was never seen is like the average of the training."""
        fast = [mean or 0.0 for mean in state["fast"]]
        slow = [mean or 0.0 for mean in state["slow"]]
        first = [mean or 0.0 for mean in state["first"]]
        return [
            *fast,
            *slow,
            *[a - b for a, b in zip(fast, first, strict=True)],
            state["age"],
        ]

    def unseen(self, state: dict[str, Any]) -> list[str]:
        """Signals without any value so far."""
        return [name for name, mean in zip(self.signals, state["fast"], strict=True) if mean is None]
