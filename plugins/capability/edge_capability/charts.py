"""Limits of control charts: individuals, means with ranges or standard deviations, EWMA, CUSUM, shares and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from edge_capability.constants import A2, D2, D3, D4, a3, b3, b4
from edge_capability.formulas import mean, moving_range, sample_sd


@dataclass(frozen=True, slots=True)
class Limits:
    """Centre line and control limits of one chart."""

    lcl: float
    centre: float
    ucl: float


def around(centre: float, distance: float) -> Limits:
    return Limits(centre - distance, centre, centre + distance)


def individuals(values: Sequence[float]) -> tuple[Limits, Limits]:
    """Charts of values and of moving ranges: mean +/- 3 MR-bar / 1.128, and D3, D4 times MR-bar. Needs two values."""
    ranges = moving_range(values)
    if ranges is None:
        raise ValueError("a chart of individuals needs at least two values")
    return around(mean(values), 3 * ranges / D2[2]), range_limits(ranges, 2)


def range_limits(rbar: float, n: int) -> Limits:
    """Chart of the ranges of subgroups of n values."""
    return Limits(D3[n] * rbar, rbar, D4[n] * rbar)


def mean_limits(centre: float, rbar: float, n: int) -> Limits:
    """X-bar chart with ranges: grand mean +/- A2 R-bar."""
    return around(centre, A2[n] * rbar)


def mean_limits_s(centre: float, sbar: float, n: int) -> Limits:
    """X-bar chart with standard deviations: grand mean +/- A3 s-bar."""
    return around(centre, a3(n) * sbar)


def sd_limits(sbar: float, n: int) -> Limits:
    """Chart of the standard deviations of subgroups of n values."""
    return Limits(b3(n) * sbar, sbar, b4(n) * sbar)


def subgroup_means(subgroups: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """(grand mean, mean range, mean standard deviation) of subgroups of one size."""
    ranges = [max(group) - min(group) for group in subgroups]
    deviations = [sample_sd(group) or 0.0 for group in subgroups]
    return mean([mean(group) for group in subgroups]), mean(ranges), mean(deviations)


def ewma(values: Sequence[float], target: float, weight: float) -> list[float]:
    """Exponentially weighted moving average from the target on; `weight` (lambda) is that of the newest value."""
    out, at = [], target
    for value in values:
        at = weight * value + (1 - weight) * at
        out.append(at)
    return out


def ewma_limits(target: float, sigma: float, weight: float, *, points: int | None = None, width: float = 3.0) -> Limits:
    """Limits of an EWMA after so many points, or where they settle. Zone rules do not apply to it."""
    settled = 1.0 if points is None else 1 - (1 - weight) ** (2 * points)
    return around(target, width * sigma * sqrt(weight / (2 - weight) * settled))


def cusum(values: Sequence[float], target: float, slack: float) -> tuple[list[float], list[float]]:
    """Tabular CUSUM, (upward, downward) sums; `slack` is the deviation that is let pass. Zone rules do not apply."""
    up, down, high, low = [], [], 0.0, 0.0
    for value in values:
        high = max(0.0, high + value - target - slack)
        low = max(0.0, low + target - value - slack)
        up.append(high)
        down.append(low)
    return up, down


def share_limits(share: float, n: float) -> Limits:
    """p chart: share of defectives among n."""
    limits = around(share, 3 * sqrt(share * (1 - share) / n))
    return Limits(max(0.0, limits.lcl), share, min(1.0, limits.ucl))


def count_limits(count: float) -> Limits:
    """c chart: defects per sample."""
    limits = around(count, 3 * sqrt(count))
    return Limits(max(0.0, limits.lcl), count, limits.ucl)
