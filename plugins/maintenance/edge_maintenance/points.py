"""Operating points that nothing names: signals that jump between a few levels and take all others along.

A setting such as speed, altitude or recipe stands on a few levels, comes back to them, and when it changes, most other
signals change with it. Neither noise in coarse steps nor wear does all of that. What such a signal is, is settled once,
in the first rows; from then on each signal is seen less what its operating point makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean, median
from typing import Any

ROWS = 30
"""Rows that are looked at; they are as far apart as fills the time of learning."""

GAP, TIGHT, APART = 0.05, 0.05, 0.1
"""What is wider than this share of a signal's range parts two levels; all levels together are narrower than this one;
the range is this share of the largest value: what is less is the coarse step of a sensor."""

ROWS_PER_LEVEL, ENTERED = 3, 2
"""Rows of a level, and how often it is entered, on average and at least."""

EXPLAINED, GAIN, OTHERS = 0.5, 0.05, 2
"""Of the variance of a usual other signal, by the level; by which a further key explains more; others at least."""

MOST_POINTS, MOST_KEYS = 16, 3
VISITS = 20
"""What an operating point makes of the signals is learned on so many rows."""


class Points:
    """The operating points of a machine. `keys` is empty as long as none have been found."""

    def __init__(self) -> None:
        self.names: list[str] = []  # of the signals in `rows`
        self.rows: list[list[float]] = []  # the first ones: their times, and their values
        self.keys: list[str] = []
        self.reach: list[float] = []  # of each key: how far a value may be from its level
        self.steps: dict[str, float] = {}  # signal: its resolution
        self.known: list[list[Any]] = []  # of each point: levels of the keys, rows seen, signal -> its offset
        self.now = 0

    def see(self, values: Mapping[str, float], ts: int, every_us: int) -> bool:
        """Take one of the first rows; True once there are enough of them."""
        if self.rows and ts < self.rows[-1][0] + max(every_us, 1):
            return False
        if not self.rows:
            self.names = list(values)
        if all(name in values for name in self.names):
            self.rows.append([ts, *(values[name] for name in self.names)])
        return len(self.rows) >= ROWS

    def settle(self) -> list[tuple[int, dict[str, float]]]:
        """The first rows less what their operating points make of them, with their times; none where there is but one
        point. The rows are not needed any more."""
        columns = [list(column) for column in zip(*self.rows, strict=True)][1:]
        keys = key_columns(columns)
        self.keys = [self.names[at] for at in keys]
        self.steps = {name: step for name, column in zip(self.names, columns, strict=True) if (step := step_of(column))}
        self.reach = [narrowest(levels_of(columns[at]) or []) / 2 for at in keys]
        usual = dict(zip(self.names, map(fmean, columns), strict=True))
        rows = [(round(row[0]), dict(zip(self.names, row[1:], strict=True))) for row in self.rows if keys]
        for _, values in rows:
            self._visit(values, usual)
        self.rows, self.names = [], []
        return [(ts, self.without(values, {})) for ts, values in rows]

    def without(self, values: Mapping[str, float], usual: Mapping[str, float]) -> dict[str, float]:
        """The values less what the operating point makes of them. `usual`: what each would be now at none."""
        self._visit(values, usual)
        return {name: self.less(name, value) for name, value in values.items()}

    def less(self, name: str, value: float) -> float:
        """A value less what the operating point makes of its signal now, in whole steps of its resolution: what stood
        still at each point does so still."""
        step = self.steps.get(name)
        value -= self.offset(name)
        return round(value / step) * step if step else value

    def offset(self, name: str) -> float:
        """What the operating point makes of a signal now."""
        return float(self.known[self.now][2].get(name, 0.0)) if self.known else 0.0

    def _visit(self, values: Mapping[str, float], usual: Mapping[str, float]) -> None:
        point = self._point_of(values)
        offsets: dict[str, float] = point[2]
        if usual and point[1] < VISITS:
            point[1] += 1
            for name, value in values.items():
                if name in usual:
                    before = offsets.get(name)
                    off = value - usual[name]
                    offsets[name] = off if before is None else before + (off - before) / point[1]

    def _point_of(self, values: Mapping[str, float]) -> list[Any]:
        """The nearest point, which is a new one where none is near; the one before where no key has come."""
        keys = [values.get(name) for name in self.keys]
        if self.known and None in keys:
            return self.known[self.now]
        best, least = -1, 1.0
        for at, (levels, _, _) in enumerate(self.known):
            far = max(
                abs(key - level) / reach
                for key, level, reach in zip(keys, levels, self.reach, strict=True)
                if key is not None
            )
            if far < least:
                best, least = at, far
        if best < 0:
            if len(self.known) >= MOST_POINTS:
                self.known.remove(min(self.known, key=lambda point: int(point[1])))
            best = len(self.known)
            self.known.append([keys, 0, {}])
        self.now = best
        return self.known[best]

    def plain(self) -> list[Any]:
        known = [[list(levels), visits, dict(offsets)] for levels, visits, offsets in self.known]
        rows = [list(row) for row in self.rows]
        return [list(self.names), rows, list(self.keys), list(self.reach), dict(self.steps), known, self.now]

    @classmethod
    def restored(cls, plain: Sequence[Any]) -> Points:
        one = cls()
        names, rows, keys, reach, steps, known, one.now = plain
        one.steps = dict(steps)
        one.names, one.rows, one.keys, one.reach = list(names), [list(row) for row in rows], list(keys), list(reach)
        one.known = [[list(levels), visits, dict(offsets)] for levels, visits, offsets in known]
        return one


def levels_of(column: Sequence[float]) -> list[float] | None:
    """The levels that a signal stands on; None where it stands on none."""
    ordered = sorted(set(column))
    span = ordered[-1] - ordered[0]
    groups = [[ordered[0]]]
    for before, value in pairwise(ordered):
        if value - before > GAP * span:
            groups.append([])
        groups[-1].append(value)
    levels = [fmean(group) for group in groups]
    tight = sum(group[-1] - group[0] for group in groups) <= TIGHT * span
    if not tight or not 1 < len(levels) <= len(column) / ROWS_PER_LEVEL:
        return None
    return levels if span >= APART * max(map(abs, ordered)) else None


def step_of(column: Sequence[float]) -> float:
    """The least difference of its values; 0 for what stands still."""
    return narrowest(sorted(set(column)))


def narrowest(levels: Sequence[float]) -> float:
    """The least distance of two levels."""
    return min((after - before for before, after in pairwise(levels)), default=0.0)


def labels_of(column: Sequence[float], levels: Sequence[float]) -> list[int]:
    """The nearest level of each value."""
    return [min(range(len(levels)), key=lambda at: abs(value - levels[at])) for value in column]


def explained(labels: Sequence[Any], columns: Sequence[Sequence[float]]) -> float:
    """Median share of the variance of the columns that the labels account for, allowing for how many labels there are;
    of those that move at all."""
    size, groups = len(labels), len(set(labels))
    shares = []
    for column in columns:
        middle = fmean(column)
        total = sum((value - middle) ** 2 for value in column)
        if total <= 1e-12 * max(middle * middle, 1e-12) * size:
            continue
        within = 0.0
        for label in set(labels):
            of_label = [value for value, other in zip(column, labels, strict=True) if other == label]
            within += sum((value - fmean(of_label)) ** 2 for value in of_label)
        shares.append(1.0 - within / total * (size - 1) / max(size - groups, 1))
    return median(shares) if len(shares) >= OTHERS else 0.0


def key_columns(columns: Sequence[Sequence[float]]) -> list[int]:
    """The signals that tell operating points apart; none where there is one point.

    Those with the most levels come first, then those that stand most tightly on them (a setting, rather than what it
    takes along); a further one has to explain more."""
    found: list[tuple[int, float, int, list[int]]] = []
    for at, column in enumerate(columns):
        levels = levels_of(column)
        if levels is not None:
            labels = labels_of(column, levels)
            entered = sum(one != other for one, other in pairwise(labels))
            others = [other for place, other in enumerate(columns) if place != at]
            if entered >= ENTERED * len(levels) and explained(labels, others) >= EXPLAINED:
                loose = fmean(abs(value - levels[label]) for value, label in zip(column, labels, strict=True))
                found.append((-len(levels), loose / (levels[-1] - levels[0]), at, labels))
    chosen: list[int] = []
    cells: list[tuple[int, ...]] = [()] * len(columns[0])
    best = 0.0
    for _, _, at, labels in sorted(found):
        finer = [(*cell, label) for cell, label in zip(cells, labels, strict=True)]
        more = explained(finer, columns)
        if len(chosen) < MOST_KEYS and len(set(finer)) <= MOST_POINTS and more > best + GAIN:
            chosen.append(at)
            cells, best = finer, more
    return chosen
