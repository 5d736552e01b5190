"""Operating points in a table, found without being told: the signals that jump between a few values, and take all
others along.

A setting such as speed, altitude or recipe stands on a few levels with wide gaps between them, and when it changes,
the other signals change with it. Neither holds for noise in coarse steps or for wear.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_maintenance.features import Regimes

Numbers = NDArray[np.float64]

MAX_LEVELS, MIN_SHARE = 12, 0.005
GAP = 0.02  # of the range of a signal: what is wider between two values parts two levels
EXPLAINED = 0.5  # of the jumps of a usual other signal, where the level changes
GAIN = 0.05  # by which a further key signal has to explain more
MAX_REGIMES = 32


def levels_of(values: Numbers) -> Numbers | None:
    """The middles between the levels of a signal; None where it stands on none."""
    ordered = np.unique(values[np.isfinite(values)])
    if len(ordered) < 2:
        return None
    gaps = np.diff(ordered)
    wide = np.flatnonzero(gaps > GAP * (ordered[-1] - ordered[0]))
    if not 0 < len(wide) < MAX_LEVELS:
        return None
    bounds = (ordered[wide] + ordered[wide + 1]) / 2
    sizes = np.bincount(np.digitize(values[np.isfinite(values)], bounds), minlength=len(bounds) + 1)
    return bounds if sizes.min() >= MIN_SHARE * len(values) else None


def explained(labels: NDArray[np.intp], others: Numbers, same_unit: NDArray[np.bool_]) -> float:
    """Median share, over the other signals, of the variance of their jumps that a change of label accounts for."""
    changes = np.flatnonzero(same_unit & (labels[1:] != labels[:-1]))
    if len(changes) < 20:
        return 0.0
    pairs = labels[changes] * (labels.max() + 1) + labels[changes + 1]
    jumps = others[changes + 1] - others[changes]
    shares = []
    for column in jumps.T:
        known = np.isfinite(column)
        total = np.square(column[known]).sum()
        if total > 0:
            counts = np.bincount(pairs[known])
            means = np.bincount(pairs[known], column[known]) / np.maximum(counts, 1)
            shares.append(1.0 - np.square(column[known] - means[pairs[known]]).sum() / total)
    return float(np.median(shares)) if shares else 0.0


def key_signals(values: Numbers, same_unit: NDArray[np.bool_]) -> list[int]:
    """The signals that tell operating points apart; [] where there is one point.

    Those with the most levels come first, then those that stand most tightly on them (a setting, rather than what it
    takes along); a further one has to explain more."""
    found = []
    for at in range(values.shape[1]):
        bounds = levels_of(values[:, at])
        if bounds is not None:
            labels = np.digitize(values[:, at], bounds)
            if explained(labels, np.delete(values, at, 1), same_unit) >= EXPLAINED:
                found.append((-len(bounds), looseness(values[:, at], labels), at, labels))
    chosen: list[int] = []
    cells, told = np.zeros(len(values), np.intp), 0.0
    for _, _, at, labels in sorted(found, key=lambda signal: signal[:3]):
        finer = np.unique(cells * MAX_LEVELS + labels, return_inverse=True)[1].reshape(-1)
        if finer.max() < MAX_REGIMES and np.bincount(finer).min() >= MIN_SHARE * len(values):
            more = explained(finer, values, same_unit)
            if more > told + GAIN:
                chosen.append(at)
                cells, told = finer, more
    return chosen


def looseness(values: Numbers, labels: NDArray[np.intp]) -> float:
    """Mean deviation from the middle of the level, as a share of the range."""
    known = np.isfinite(values)
    values, labels = values[known], labels[known]
    middles = np.bincount(labels, values) / np.maximum(np.bincount(labels), 1)
    return float(np.abs(values - middles[labels]).mean() / np.ptp(values))


def regimes_of(names: list[str], values: Numbers, same_unit: NDArray[np.bool_]) -> tuple[Regimes, NDArray[np.intp]]:
    """The operating points of rows x signals, and the one of each row. Means and scales come from `standardised`."""
    one = Regimes((), (), ((),), 1.0, (), ())
    everywhere = np.zeros(len(values), np.intp)
    keys = key_signals(values, same_unit)
    if not keys:
        return one, everywhere
    columns = values[:, keys]
    levels = np.stack([np.digitize(columns[:, at], levels_of(columns[:, at])) for at in range(len(keys))], 1)  # type: ignore[arg-type]
    cells, labels = np.unique(levels, axis=0, return_inverse=True)
    labels = labels.reshape(-1)
    centres = np.array([np.nanmean(columns[labels == cell], 0) for cell in range(len(cells))])
    scale = np.nanmax(columns, 0) - np.nanmin(columns, 0)
    radius = float(np.nanmax(np.abs(columns - centres[labels]) / scale)) + GAP
    found = Regimes(
        tuple(names[at] for at in keys), tuple(scale.tolist()), tuple(map(tuple, centres.tolist())), radius, (), ()
    )
    return found, labels
