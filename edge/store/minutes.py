"""Figures of points, and those of an hour's minutes as bytes."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from edge.store.chunks import pack_values, scale_of, unpack_values

OPEN, PACKED = 0, 1
FLOAT_MAX = sys.float_info.max


class Stat(NamedTuple):
    """Figures of n points (n > 0)."""

    n: int
    low: float
    high: float
    total: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Stat:
        if len(values) == 1:
            value = values[0]
            return cls(1, value, value, value)
        return cls(len(values), min(values), max(values), bounded(sum(values)))

    @property
    def mean(self) -> float:
        """Never outside of the extremes, where rounding (or a sum that overflowed) would put it."""
        return min(max(self.total / self.n, self.low), self.high)


Minutes = dict[int, Stat]
"""By minute of the hour, 0..59."""

EXACT = 2.0**53  # whole numbers up to here are exact as floats


def merge(stats: Iterable[Stat]) -> Stat:
    """Figures of all the points together."""
    parts = list(stats)
    if len(parts) == 1:
        return parts[0]
    ns, lows, highs, totals = zip(*parts, strict=True)
    return Stat(sum(ns), min(lows), max(highs), bounded(sum(totals)))


def bounded(total: float) -> float:
    """A sum that overflowed, as the largest float: infinities would cancel to NaN later."""
    return min(max(total, -FLOAT_MAX), FLOAT_MAX)


def pack(minutes: Minutes, form: int) -> bytes:
    places = sorted(minutes)
    ns, lows, highs, totals = map(list, zip(*[minutes[place] for place in places], strict=True))
    mask = sum(1 << place for place in places)
    head = bytes([form]) + mask.to_bytes(8, "little")
    if form == OPEN:
        return head + array("I", ns).tobytes() + array("d", lows + highs + totals).tobytes()
    counts = [float(n) for n in ns]
    totals = _decimals(ns, lows, highs, totals)
    columns = [pack_values(column, min(column), max(column)) for column in (counts, lows, highs, totals)]
    return head + b"".join(len(column).to_bytes(2, "little") + column for column in columns)


def _decimals(ns: list[int], lows: list[float], highs: list[float], totals: list[float]) -> list[float]:
    """Sums of decimals without what the rounding of every addition left in them: a third of the bytes, and nearer.

    A sum is changed only within the error that adding its n values may have made."""
    scale = scale_of(lows + highs)
    if scale is None:
        return totals
    found = []
    for n, low, high, total in zip(ns, lows, highs, totals, strict=True):
        if abs(total) * scale >= EXACT:  # beyond it a float has no decimals; it may even have overflowed
            found.append(total)
            continue
        exact = round(total * scale) / scale
        bound = n * max(-low, high) * n * sys.float_info.epsilon
        found.append(exact if abs(exact - total) <= bound else total)
    return found


Columns = tuple[list[int], list[int], list[float], list[float], list[float]]


def columns_of(blob: bytes) -> Columns:
    """The minutes of a row, rising, and their n, low, high, total."""
    mask = int.from_bytes(blob[1:9], "little")
    places = [place for place in range(60) if mask >> place & 1]
    k, start = len(places), 9
    if blob[0] == OPEN:
        ns = array("I", blob[start : start + 4 * k]).tolist()
        figures = array("d", blob[start + 4 * k :]).tolist()
        return places, ns, figures[:k], figures[k : 2 * k], figures[2 * k :]
    columns = []
    for _ in range(4):
        size = int.from_bytes(blob[start : start + 2], "little")
        columns.append(unpack_values(blob[start + 2 : start + 2 + size], k))
        start += 2 + size
    counts, lows, highs, totals = columns
    return places, [int(n) for n in counts], lows, highs, totals


def unpack(blob: bytes) -> Minutes:
    places, ns, lows, highs, totals = columns_of(blob)
    return dict(zip(places, map(Stat, ns, lows, highs, totals), strict=True))
