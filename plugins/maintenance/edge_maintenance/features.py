"""What a remaining life is told by: per signal where it stands and how fast it left where it began, and the age.

Everything is kept up to date from row to row in constant time and memory. Ages and time constants are in the unit of
the model (cycles, hours, seconds). Means weigh by elapsed age, so that irregular rows and gaps come out right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import expm1, inf, isfinite
from typing import Any

KINDS = ("level", "pace")
"""Features of a signal, in standard deviations at its operating point: `level`, its mean of late, and `pace`, the
change since the unit's first rows over its age. What wore fast wears on faster."""

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
    """How rows of a unit become features, with lengths in the unit of the age: `memory` of the mean, `first` rows that
    count as new, `young` age that is added to the age before dividing by it, `step` from row to row as usual. What
    comes sooner than half a step after the row before is passed over."""

    signals: tuple[str, ...]
    regimes: Regimes
    memory: float
    first: float
    young: float
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
        return {"age": None, "seen": 0, "weight": 0.0, "level": blank, "first": [*blank]}

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
        new = -expm1(-elapsed / self.memory)
        state["weight"] += (1.0 - state["weight"]) * new
        gain = new / state["weight"]  # so that the mean starts with its first value instead of with 0
        early = 0.0
        if age <= self.first or state["seen"] == 0:
            state["seen"] += 1
            early = 1.0 / state["seen"]
        self._take(state, values, self._scale[regime], gain, early)
        return True

    def _take(
        self,
        state: dict[str, Any],
        values: Mapping[str, float],
        scale: Sequence[tuple[float, float]],
        gain: float,
        early: float,
    ) -> None:
        clip, level, first = self.clip, state["level"], state["first"]
        for at, name in enumerate(self.signals):
            value = values.get(name)
            if not isinstance(value, float | int) or not isfinite(value):
                continue
            centre, inverse = scale[at]
            value = (value - centre) * inverse
            value = clip if value > clip else -clip if value < -clip else value
            if level[at] is None:
                level[at] = first[at] = value
            else:
                level[at] += (value - level[at]) * gain
                first[at] += (value - first[at]) * early

    def features(self, state: dict[str, Any]) -> list[float]:
        """One number for each of `names`; a signal that was never seen is like the average of the training."""
        level = [mean or 0.0 for mean in state["level"]]
        share = self.young / (self.young + state["age"])
        pace = [(mean - (new or 0.0)) * share for mean, new in zip(level, state["first"], strict=True)]
        return [*level, *pace, state["age"]]

    def unseen(self, state: dict[str, Any]) -> list[str]:
        """Signals without any value so far."""
        return [name for name, mean in zip(self.signals, state["level"], strict=True) if mean is None]
