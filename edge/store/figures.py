"""Exact figures of one signal in any window, made of rollups, of chunks' own figures and, at the edges, of points."""

from __future__ import annotations

from collections.abc import Iterator

import apsw

from edge.clock import HOUR, MINUTE
from edge.store.minutes import Stat
from edge.store.points import Points, Run
from edge.store.rollups import cuts, read_hours, read_minutes, stretches
from edge.store.series import Place, groups_of
from edge.store.unsealed import hot_rows

WHOLE = HOUR << 30  # wider than any window, and a multiple of every rollup


class Machine:
    """The groups of one machine and their unsealed rows, as they were at one flush."""

    def __init__(self, db: apsw.Connection, number: int) -> None:
        self.groups = groups_of(db, number)
        self.rows = hot_rows(db, self.groups)


class Figures:
    """One signal and its points, as far as one question needs them."""

    def __init__(self, db: apsw.Connection, machine: Machine, number: int, name: str, last_ts: int | None) -> None:
        self.db, self.number = db, number
        self.sealed_ts = -WHOLE if last_ts is None else last_ts
        groups = machine.groups.items()
        places = [Place(group, len(ids), ids.index(number)) for group, ids in groups if number in ids]
        self.points = Points(db, places, name)
        self.hot = self.points.hot(machine.rows)

    def at_most(self, start: int, end: int, most: int) -> bool:
        """Whether it is plain, without looking at chunks, that there are no more points than that."""
        sealed = self.points.count_at_most(start, end, most)
        return sealed is not None and sealed + len(self.hot.between(start, end).times) <= most

    def raw(self, start: int, end: int) -> Iterator[Run]:
        return self.points.runs(start, end, self.hot)

    def mixed_minutes(self, start: int, end: int) -> set[int]:
        """Minutes (since 1970) in which unsealed points may repeat sealed ones."""
        return {ts // MINUTE for ts in self.hot.between(start, min(end, self.sealed_ts + 1)).times}

    def stats(self, start: int, end: int, width: int) -> Iterator[tuple[int, Stat]]:
        """Figures that make up [start, end), none of which crosses a bucket: (an instant in its bucket, figures)."""
        first, after = -(-start // MINUTE), end // MINUTE
        if width < MINUTE or first >= after:
            yield from self._of_points(start, end, width)
            return
        yield from self._of_points(start, first * MINUTE, width)
        mixed = self.mixed_minutes(first * MINUTE, after * MINUTE)
        if width % HOUR == 0:
            yield from self._of_rollups(first, after, mixed)
        else:
            yield from self._of_minutes(first, after, mixed, width // MINUTE)
        for begin, stop in stretches(mixed):
            yield from self._of_points(begin * MINUTE, stop * MINUTE, width)
        hot = self.hot.between(max(first * MINUTE, self.sealed_ts + 1), after * MINUTE)
        for minute, row, stop in cuts(hot.times, MINUTE):
            if minute not in mixed:
                yield minute * MINUTE, Stat.of(hot.values[row:stop])
        yield from self._of_points(after * MINUTE, end, width)

    def _of_points(self, start: int, end: int, width: int) -> Iterator[tuple[int, Stat]]:
        return self.points.stats(start, end, width, self.hot)

    def _of_rollups(self, first: int, after: int, mixed: set[int]) -> Iterator[tuple[int, Stat]]:
        """Figures of the minutes [first, after) except mixed ones, by the hour where a whole one is asked for."""
        hours, stop = -(-first // 60), after // 60
        if hours >= stop:
            yield from self._of_minutes(first, after, mixed)
            return
        yield from self._of_minutes(first, hours * 60, mixed)
        apart = {minute // 60 for minute in mixed}
        for hour, figures in read_hours(self.db, self.number, hours, stop):
            if hour not in apart:
                yield hour * HOUR, figures
        for hour in apart:
            if hours <= hour < stop:
                yield from self._of_minutes(hour * 60, hour * 60 + 60, mixed)
        yield from self._of_minutes(stop * 60, after, mixed)

    def _of_minutes(self, first: int, after: int, mixed: set[int], together: int = 60) -> Iterator[tuple[int, Stat]]:
        for minute, figures in read_minutes(self.db, self.number, first, after, together=together, apart=mixed):
            yield minute * MINUTE, figures

    def unsealed(self) -> int:
        """How many points the hot rows add to the sealed ones."""
        mixed = self.mixed_minutes(-WHOLE, WHOLE)
        more = sum(ts // MINUTE not in mixed for ts in self.hot.between(self.sealed_ts + 1, WHOLE).times)
        for first, after in stretches(mixed):
            more += sum(len(run.times) for run in self.raw(first * MINUTE, after * MINUTE))
            more -= sum(figures.n for _, figures in read_minutes(self.db, self.number, first, after))
        return more

    def _latest(self, start: int, end: int, width: int) -> int | None:
        return max((at for at, _ in self.stats(start, end, width)), default=None)

    def last_value(self, start: int, end: int) -> float | None:
        """The value of the last point in [start, end); None where the points themselves are gone."""
        latest = self._latest(max(start, end - HOUR), end, MINUTE)
        if latest is None:
            latest = self._latest(start, end, HOUR)
            if latest is None:
                return None
            hour = latest - latest % HOUR
            end = min(end, hour + HOUR)
            latest = self._latest(max(start, hour), end, MINUTE) or latest
        value = None
        for run in self.raw(max(start, latest - latest % MINUTE), end):
            value = run.values[-1] if run.values else value
        return value
