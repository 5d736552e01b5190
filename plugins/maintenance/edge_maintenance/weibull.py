"""The Weibull distribution of the lives of a kind of component, R(t) = exp(-(t / scale)^shape), from records.

Shape below 1: early failures; 1: age does not matter; above 1: wear. Ages are in any one unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isfinite, log


def fit(ages: Sequence[float], failed: Sequence[bool]) -> tuple[float, float]:
    """Most likely shape and scale of components that failed at an age, or were still well then (right-censored).

    Solves the likelihood equation of the shape by bisection, as in Meeker and Escobar, Statistical Methods for
    Reliability Data, chapter 8. Raises ValueError below two different ages of failure."""
    wrong = [age for age in ages if not (isfinite(age) and age > 0)]
    if wrong:
        raise ValueError(f"ages must be above 0, not {wrong[0]!r}")
    deaths = [age for age, dead in zip(ages, failed, strict=True) if dead]
    if len(set(deaths)) < 2:
        raise ValueError(f"{len(set(deaths))} different ages of failure; two are needed at least")
    longest = max(ages)
    logs = [log(age / longest) for age in ages]
    mean = sum(log(age / longest) for age in deaths) / len(deaths)

    def slope(shape: float) -> float:
        weights = [exp(shape * one) for one in logs]
        return sum(w * one for w, one in zip(weights, logs, strict=True)) / sum(weights) - 1.0 / shape - mean

    low, high = 1e-3, 1.0
    while slope(high) < 0.0 and high < 1e4:
        high *= 2.0
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if slope(middle) < 0.0 else (low, middle)
    shape = (low + high) / 2.0
    total = sum(exp(shape * one) for one in logs)
    return shape, float(longest * (total / len(deaths)) ** (1.0 / shape))
