"""When a machine was heard: instants of messages as merged intervals.

Instants closer than a resolution are one interval (single linkage), so the result does not depend on the order in which
they come, and a machine that speaks every second costs one pair an hour.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from edge.clock import SECOND

RESOLUTION = 5 * SECOND


class Alive:
    """Disjoint, sorted intervals [start, end] of instants, each further than `resolution` from the next."""

    __slots__ = ("ends", "resolution", "starts")

    def __init__(self, resolution: int = RESOLUTION, intervals: Iterable[tuple[int, int]] = ()) -> None:
        self.resolution = resolution
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.extend(intervals)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.starts, self.ends, strict=True)

    def __bool__(self) -> bool:
        return bool(self.starts)

    def extend(self, intervals: Iterable[tuple[int, int]]) -> None:
        """Add many intervals; quickly where they come in order and apart, as they are kept."""
        starts, ends, reach = self.starts, self.ends, self.resolution
        last = ends[-1] + reach if ends else None
        for start, end in intervals:
            if last is None or start > last:
                starts.append(start)
                ends.append(end)
                last = end + reach
            else:
                self.add(start, end)
                last = ends[-1] + reach

    def add(self, start: int, end: int) -> None:
        """Add the interval [start, end] (an instant where both are equal)."""
        ends, reach = self.ends, self.resolution
        if ends and self.starts[-1] <= start:  # the usual case: in order
            if start <= ends[-1] + reach:
                if end > ends[-1]:
                    ends[-1] = end
                return
            self.starts.append(start)
            ends.append(end)
            return
        first = bisect_right(ends, start - reach - 1)
        last = bisect_right(self.starts, end + reach)
        if first < last:
            start, end = min(start, self.starts[first]), max(end, ends[last - 1])
        self.starts[first:last] = [start]
        ends[first:last] = [end]
