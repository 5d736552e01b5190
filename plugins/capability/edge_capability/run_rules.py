"""Rules for runs of points on a Shewhart chart: Western Electric and Nelson, which number them differently.

Beyond is strictly beyond; a point on the centre line belongs to no side and breaks a run; zone rules count per side
(ruling 42 of the KPI definitions). Not for EWMA or CUSUM, whose points depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Test = Callable[[Sequence[float]], bool]
"""Whether the last points, in sigma from the centre line, show the pattern."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """The point (from 0) at which a rule of a set fires: rule 2 of one set is not rule 2 of the other."""

    index: int
    rule_set: str
    rule: int


def _on_one_side(z: Sequence[float], limit: float, wanted: int) -> bool:
    return sum(v > limit for v in z) >= wanted or sum(v < -limit for v in z) >= wanted


def beyond_three(z: Sequence[float]) -> bool:
    return abs(z[-1]) > 3


def two_of_three(z: Sequence[float]) -> bool:
    return _on_one_side(z, 2, 2)


def four_of_five(z: Sequence[float]) -> bool:
    return _on_one_side(z, 1, 4)


def one_side(z: Sequence[float]) -> bool:
    return _on_one_side(z, 0, len(z))


def trend(z: Sequence[float]) -> bool:
    steps = [b - a for a, b in pairwise(z)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)


def alternating(z: Sequence[float]) -> bool:
    return all(a * b < 0 for a, b in pairwise([b - a for a, b in pairwise(z)]))


def hugging(z: Sequence[float]) -> bool:
    return all(abs(v) < 1 for v in z)


def mixture(z: Sequence[float]) -> bool:
    return all(abs(v) > 1 for v in z) and any(v > 0 for v in z) and any(v < 0 for v in z)


Rules = Mapping[int, tuple[int, Test]]
"""By number: how many points the rule looks at, and its test."""
WESTERN_ELECTRIC: Rules = {1: (1, beyond_three), 2: (3, two_of_three), 3: (5, four_of_five), 4: (8, one_side)}
NELSON: Rules = {
    1: (1, beyond_three), 2: (9, one_side), 3: (6, trend), 4: (14, alternating), 5: (3, two_of_three),
    6: (5, four_of_five), 7: (15, hugging), 8: (8, mixture),
}  # fmt: skip
RULE_SETS: Mapping[str, Rules] = {"western_electric": WESTERN_ELECTRIC, "nelson": NELSON}
LONGEST = max(points for rules in RULE_SETS.values() for points, _ in rules.values())


def findings(values: Sequence[float], rule_set: str, *, centre: float = 0.0, sigma: float = 1.0,
             before: int = 0) -> list[Finding]:  # fmt: skip
    """Where the rules of a set fire, in order. The first `before` values only give the others their past.

    ValueError for an unknown set or a sigma that is not positive."""
    if rule_set not in RULE_SETS:
        raise ValueError(f"no rule set {rule_set!r}; there are {', '.join(RULE_SETS)}")
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, not {sigma!r}")
    z = [(value - centre) / sigma for value in values]
    return [
        Finding(index - before, rule_set, rule)
        for index in range(before, len(z))
        for rule, (points, shows) in RULE_SETS[rule_set].items()
        if index + 1 >= points and shows(z[index + 1 - points : index + 1])
    ]
