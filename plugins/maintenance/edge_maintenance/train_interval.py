"""The interval round a predicted life, from predictions of units that the fit had not seen (conformal)."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from edge_maintenance.model import Interval

Numbers = NDArray[np.float64]

COVERAGE, KNOTS, OUTSIDE = 0.8, 9, 2.0
BEYOND = 1.4
"""Of the longest life: rows up to here are those the interval is fitted to."""


def interval_of(predicted: Numbers, lives: Numbers, units: NDArray[np.intp], max_life: float) -> Interval:
    """Offsets at some predicted lives: the quantiles of the errors near each, then stretched as far as the coverage
    over units asks for.

    Each life counts twice, as it is and held to the longest one: what is true of both cannot be said by one interval,
    so that it holds somewhat less than its coverage of the one and somewhat more of the other. A unit has many rows
    whose errors go together: each unit weighs the same, and the quantile is that of so many units and one more (split
    conformal prediction with units as the cases)."""
    judged = lives <= BEYOND * max_life
    lives, predicted, units = lives[judged], np.tile(predicted[judged], 2), np.tile(units[judged], 2)
    at = np.linspace(0.0, max_life, KNOTS)
    errors = np.concatenate([lives, np.minimum(lives, max_life)]) - predicted
    width = max_life / (KNOTS - 1)
    low, high = np.zeros(KNOTS), np.zeros(KNOTS)
    for number, knot in enumerate(at):
        near = _weights(predicted, knot, width)
        low[number] = min(_quantile(errors, near, (1 - COVERAGE) / 2), 0.0)
        high[number] = max(_quantile(errors, near, (1 + COVERAGE) / 2), 0.0)
    below, above = np.interp(predicted, at, low), np.interp(predicted, at, high)
    stretch = _stretch(errors, below, above, units)
    floor = 0.01 * max_life
    return Interval(
        COVERAGE,
        at.tolist(),
        np.minimum(low * stretch, -floor).tolist(),
        np.maximum(high * stretch, floor).tolist(),
        OUTSIDE,
    )


def _weights(predicted: Numbers, knot: float, width: float) -> Numbers:
    """A triangle round the knot, as wide as it must be to hold a fiftieth of the rows."""
    far = np.abs(predicted - knot)
    reach = max(width, float(np.quantile(far, 0.02)) * 1.5)
    weights: Numbers = np.maximum(1.0 - far / reach, 0.0)
    return weights


def _quantile(values: Numbers, weights: Numbers, share: float) -> float:
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weights[order])
    return float(values[order][min(np.searchsorted(summed, share * summed[-1]), len(values) - 1)])


def _stretch(errors: Numbers, below: Numbers, above: Numbers, units: NDArray[np.intp]) -> float:
    """How much wider the offsets must be, so that a new unit at a random row lies inside in the share wanted."""
    need = np.where(errors < 0, errors / np.minimum(below, -1e-9), errors / np.maximum(above, 1e-9))
    counts = np.bincount(units, minlength=units.max() + 1)
    weights = 1.0 / counts[units]
    number = len(np.unique(units))
    share = min(ceil((number + 1) * COVERAGE) / number, 1.0)
    return max(_quantile(need, weights, share), 0.1)
