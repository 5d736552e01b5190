"""Process capability: how the spread of a process fits between its limits.

Cp and Cpk take sigma from within subgroups (mean range / d2, mean moving range / 1.128, mean s / c4), Pp and Ppk the
sample standard deviation of all values, Cm and Cmk that of one uninterrupted run. A limit that is not set is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import fsum, sqrt

from edge_capability.constants import D2, c4


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean of at least one value."""
    return fsum(values) / len(values)


def sample_sd(values: Sequence[float]) -> float | None:
    """Sample standard deviation (n - 1); None of fewer than two values."""
    if len(values) < 2:
        return None
    centre = mean(values)
    return sqrt(fsum((v - centre) ** 2 for v in values) / (len(values) - 1))


def sd_from_sums(n: float, deviations: float, squares: float) -> float | None:
    """Sample standard deviation from n, the sum of (x - origin) and of its square, for any origin near the values."""
    if n < 2:
        return None
    return sqrt(max(0.0, (squares - deviations * deviations / n) / (n - 1)))


def moving_range(values: Sequence[float]) -> float | None:
    """Mean of the steps between neighbours; None of fewer than two values."""
    if len(values) < 2:
        return None
    return fsum(abs(b - a) for a, b in pairwise(values)) / (len(values) - 1)


def sigma_of_range(rbar: float, n: int = 2) -> float:
    """Sigma within subgroups of n values, from their mean range; n = 2 for moving ranges."""
    return rbar / D2[n]


def sigma_of_s(sbar: float, n: int) -> float:
    """Sigma within subgroups of n values, from their mean standard deviation."""
    return sbar / c4(n)


def spread(usl: float | None, lsl: float | None, sigma: float | None) -> float | None:
    """(USL - LSL) / 6 sigma: Cp, Pp or Cm, by where sigma is from; None with one limit, or where nothing varies."""
    return (usl - lsl) / (6 * sigma) if usl is not None and lsl is not None and sigma else None


def upper(usl: float | None, mean: float, sigma: float | None) -> float | None:
    """(USL - mean) / 3 sigma."""
    return (usl - mean) / (3 * sigma) if usl is not None and sigma else None


def lower(lsl: float | None, mean: float, sigma: float | None) -> float | None:
    """(mean - LSL) / 3 sigma."""
    return (mean - lsl) / (3 * sigma) if lsl is not None and sigma else None


def nearer(usl: float | None, lsl: float | None, mean: float, sigma: float | None) -> float | None:
    """The distance to the nearer limit / 3 sigma: Cpk, Ppk or Cmk, by where sigma is from."""
    sides = [side for side in (upper(usl, mean, sigma), lower(lsl, mean, sigma)) if side is not None]
    return min(sides, default=None)


cp = pp = cm = spread
cpk = ppk = cmk = nearer
cpu = upper
cpl = lower


def k(usl: float, lsl: float, mean: float) -> float:
    """How far the mean is off the middle of the limits, as a share of half their distance: Cpk = Cp (1 - k)."""
    return abs((usl + lsl) / 2 - mean) / ((usl - lsl) / 2)


def cpm(usl: float, lsl: float, mean: float, sigma: float, target: float) -> float:
    """Capability against a target (Taguchi): (USL - LSL) / 6 sqrt(sigma^2 + (mean - target)^2)."""
    return (usl - lsl) / (6 * sqrt(sigma * sigma + (mean - target) ** 2))
