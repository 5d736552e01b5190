"""How the signals of a machine move together: Hotelling's T2 of their deviations, and when that is unusual.

Source: Hotelling (1947); Lowry et al., A multivariate EWMA control chart, Technometrics 34 (1992); shrinkage of the
correlation towards the identity in the manner of Ledoit and Wolf, J. Multivariate Analysis 88 (2004).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from statistics import median
from typing import Any

MIN_SHRINKAGE = 0.1
QUANTILE = 0.99
TOP = 16
"""So many of the largest T2 are kept while learning: the 99th percentile of up to 1,600 of them is among these."""

FARTHEST = 6.0
"""A deviation counts as so many standard deviations at most while T2 is learned: one disturbance in that time does not
make the machine numb."""

ADAPTATION = 5.0
"""How far the percentile moves, on a logarithmic scale, by a reading of full weight. The fastest would be about
1 / its density there; a fifth of that is steadier."""

Matrix = list[list[float]]


class Together:
    """Learns in two halves: the correlation, and then how large T2 becomes with it on readings it was not made of.
    After that both go on, at the pace of a long memory."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.size = size = len(self.names)
        self.n = 0
        self.means = [0.0] * (size * (size + 1) // 2)  # of products, row by row up to the diagonal
        self.half: list[float] = []  # the same after the first half, and the independent samples until then
        self.independent = 0.0  # samples that are independent of each other
        self.top: list[float] = []
        self.top_n = 0
        self.quantile = 0.0  # the 99th percentile of T2; 0 until learned
        self.used: list[Any] = []  # means, independent and quantile as they were when they were last made use of
        self._half: tuple[list[float], Matrix] | None = None

    def learn(self, deviations: Sequence[float], weight: float = 0.0) -> None:
        """With `weight`; 0: that of a plain mean."""
        self.n += 1
        weight = weight or 1.0 / self.n
        at = 0
        means = self.means
        for row, value in enumerate(deviations):
            for other in deviations[: row + 1]:
                means[at] += (value * other - means[at]) * weight
                at += 1

    def rate(self, deviations: Sequence[float]) -> None:
        """In the second half: how large T2 is."""
        if not self.half:
            self.half = [*self.means, self.independent]
        if self._half is None:
            weight = shrinkage(self.size, self.half[-1])
            self._half = scales_of(self.half, self.size), inverted(correlation(self.half, self.size, weight))
        scales, inverse = self._half
        z = [min(max(one * scale, -FARTHEST), FARTHEST) for one, scale in zip(deviations, scales, strict=True)]
        found = t_squared(inverse, z)
        self.top_n += 1
        self.top = sorted([*self.top, found], reverse=True)[:TOP]

    def finish(self) -> None:
        rank = min(int(self.top_n * (1 - QUANTILE)), len(self.top) - 1)
        found = self.top[rank] * self._narrower() if self.top else 0.0
        self.quantile = max(found, chi2_quantile_99(self.size))
        self.half, self.top, self._half = [], [], None

    def _narrower(self) -> float:
        """By how much T2 is smaller with the scales of the whole than with those of the first half."""
        diagonal = [row * (row + 3) // 2 for row in range(self.size)]
        return median([self.half[at] / self.means[at] for at in diagonal if self.means[at] > 0] or [1.0])

    def adapt(self, found: float, weight: float) -> None:
        """Follow the quantile, by Robbins and Monro on its logarithm."""
        step = weight * ADAPTATION * ((found > self.quantile) - (1 - QUANTILE))
        self.quantile = max(self.quantile * math.exp(step), chi2_quantile_99(self.size))

    def use(self) -> None:
        """What was learned up to now is what signals are compared with from now on."""
        self.used = [[float(f"{mean:.6g}") for mean in self.means], self.independent, self.quantile]

    def deviation(self, at: int) -> float:
        """The standard deviation of one signal's deviations."""
        return math.sqrt(self.means[at * (at + 3) // 2])

    def inverse(self, at: Sequence[int]) -> Matrix:
        """The inverse correlation of some of the signals, by their places, as of `use`."""
        means, independent, _ = self.used
        whole = correlation(means, self.size, shrinkage(self.size, independent))
        return inverted([[whole[row][column] for column in at] for row in at])

    def less(self, names: Collection[str]) -> Together | None:
        """What was learned of the others, as far as any are left; T2 of fewer signals is smaller, as it is of noise."""
        left = [at for at, name in enumerate(self.names) if name not in names]
        if not left:
            return None
        one = Together([self.names[at] for at in left])
        smaller = chi2_quantile_99(one.size) / chi2_quantile_99(self.size)
        one.n, one.independent, one.quantile = self.n, self.independent, self.quantile * smaller
        one.means = [self.means[row * (row + 1) // 2 + column] for row in left for column in left if column <= row]
        return one

    def plain(self) -> list[Any]:
        learned = [list(self.names), self.n, list(self.means), list(self.half), self.independent]
        return [*learned, list(self.top), self.top_n, self.quantile, list(self.used)]

    @classmethod
    def restored(cls, plain: Sequence[Any]) -> Together:
        one = cls(plain[0])
        _, one.n, means, half, one.independent, top, one.top_n, one.quantile, used = plain
        one.means, one.half, one.top, one.used = list(means), list(half), list(top), list(used)
        return one


def shrinkage(size: int, independent: float) -> float:
    """The weight of the identity: the fewer independent samples for each signal, the more."""
    return max(MIN_SHRINKAGE, size / (size + max(independent, 0.0)))


def scales_of(means: Sequence[float], size: int) -> list[float]:
    """1 / standard deviation of each; 0 for what never moved."""
    squares = [means[row * (row + 3) // 2] for row in range(size)]
    return [1.0 / math.sqrt(square) if square > 0 else 0.0 for square in squares]


def correlation(means: Sequence[float], size: int, weight: float) -> Matrix:
    """Shrunk by `weight` towards the identity; what never moved is correlated with nothing."""
    scales = scales_of(means, size)
    found = [[0.0] * size for _ in range(size)]
    for row in range(size):
        found[row][row] = 1.0
        for column in range(row):
            one = means[row * (row + 1) // 2 + column] * scales[row] * scales[column] * (1.0 - weight)
            found[row][column] = found[column][row] = one
    return found


def inverted(matrix: Matrix) -> Matrix:
    """By Gauss and Jordan; shrinkage keeps a correlation positive definite, so that no pivot is needed."""
    size = len(matrix)
    work = [[*row, *(1.0 if at == column else 0.0 for column in range(size))] for at, row in enumerate(matrix)]
    for at in range(size):
        pivot = work[at][at]
        work[at] = [value / pivot for value in work[at]]
        for other in range(size):
            factor = work[other][at]
            if other != at and factor:
                work[other] = [value - factor * own for value, own in zip(work[other], work[at], strict=True)]
    return [row[size:] for row in work]


def t_squared(inverse: Matrix, z: Sequence[float]) -> float:
    return sum(one * sum(map(float.__mul__, row, z)) for one, row in zip(z, inverse, strict=True))


def chi2_quantile_99(size: int) -> float:
    """Of the chi-squared distribution (Wilson and Hilferty 1931): that of T2 if all is normal and nothing estimated."""
    spread = 2.0 / (9.0 * size)
    return size * (1.0 - spread + 2.3263478740408408 * math.sqrt(spread)) ** 3
