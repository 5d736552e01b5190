"""Questions about readings: known signals, a plotted series, exact figures of a window, every single point.

Each question reads one state of the store, by any connection; a pool of threads needs a connection for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apsw

from edge.clock import DAY, HOUR, MINUTE, SECOND
from edge.slices import SignalSummary
from edge.store.points import Points, Run
from edge.store.rollups import Stat, cuts, merge, read_hours, read_minutes, stretches
from edge.store.series import places_of

WHOLE = HOUR << 30  # wider than any window, and a multiple of every rollup
_MS = SECOND // 1000
WIDTHS = (
    *(n * _MS for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * SECOND for n in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
    *(n * MINUTE for n in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
    *(n * HOUR for n in (1, 2, 3, 4, 6, 8, 12)),
)
"""Widths of buckets below a day, in microseconds; each divides a day."""


@dataclass(frozen=True, slots=True)
class KnownSignal:
    """A signal of a machine, with its newest point and how many there ever were."""

    name: str
    unit: str | None
    last_ts: int | None
    last_value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Series:
    """What a plot needs: (instant us, mean, min, max, n) rising; resolution 0 means every point as it is.

    Otherwise the instant is the begin of the bucket, which the resolution divides evenly since 1970."""

    resolution_s: float
    count: int
    points: list[tuple[int, float, float, float, int]]


def width_for(start: int, end: int, points: int) -> int:
    """The narrowest bucket that covers [start, end) with at most so many buckets (but never fewer than two)."""
    for width in (*WIDTHS, *(DAY << n for n in range(40))):
        if (end - 1) // width - start // width < max(points, 2):
            return width
    raise ValueError(f"no bucket is wide enough for {start}..{end}")


class _Signal:
    """One signal and its points, as far as one question needs them."""

    def __init__(self, db: apsw.Connection, number: int, machine: int, name: str, last_ts: int | None) -> None:
        self.db, self.number = db, number
        self.sealed_ts = -WHOLE if last_ts is None else last_ts
        self.points = Points(db, places_of(db, machine, number), name)
        self.hot = self.points.hot()

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


class ReadingsReader:
    """Answers from one connection, which only one thread uses at a time."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def signals(self, machine_id: int) -> list[KnownSignal]:
        """All signals of a machine, by name."""
        sql = "select id, name, unit, n, last_ts, last_value from reading_signals where machine=? order by name"
        found = []
        with self._db:
            rows: list[tuple[Any, ...]] = self._db.execute(sql, (machine_id,)).fetchall()
            for number, name, unit, n, last_ts, last_value in rows:
                signal = _Signal(self._db, number, machine_id, name, last_ts)
                hot = signal.hot
                if hot.times and (last_ts is None or hot.times[-1] >= last_ts):
                    last_ts, last_value = hot.times[-1], hot.values[-1]
                found.append(KnownSignal(name, unit, last_ts, last_value, n + signal.unsealed()))
        return found

    def series(self, machine_id: int, signal: str, start_us: int, end_us: int, points: int = 800) -> Series:
        """Points of [start, end), or at most so many buckets whose figures are exact. Nothing of an unknown signal."""
        with self._db:
            found = self._signal(machine_id, signal)
            if found is None or start_us >= end_us:
                return Series(0, 0, [])
            width = width_for(start_us, end_us, points)
            if start_us < self._dropped():
                width = max(width, MINUTE)
            elif found.at_most(start_us, end_us, points):
                return _as_is(found, start_us, end_us)
            buckets: dict[int, list[Stat]] = {}
            for at, figures in found.stats(start_us, end_us, width):
                buckets.setdefault(at // width, []).append(figures)
            merged = [(bucket * width, merge(buckets[bucket])) for bucket in sorted(buckets)]
            count = sum(figures.n for _, figures in merged)
            if count <= points:
                plain = _as_is(found, start_us, end_us)
                if plain.count == count:  # else the points were dropped, and only rollups are left
                    return plain
        return Series(width / SECOND, count, [(at, s.mean, s.low, s.high, s.n) for at, s in merged])

    def summary(self, machine_id: int, signal: str, start_us: int, end_us: int) -> SignalSummary | None:
        """Exact figures of [start, end), None where there is no point."""
        with self._db:
            found = self._signal(machine_id, signal)
            if found is None or start_us >= end_us:
                return None
            parts = [figures for _, figures in found.stats(start_us, end_us, WHOLE)]
            if not parts:
                return None
            whole = merge(parts)
            last = found.last_value(start_us, end_us)
        return SignalSummary(whole.n, whole.total, whole.low, whole.high, whole.mean if last is None else last)

    def raw(
        self, machine_id: int, signal: str, start_us: int, end_us: int
    ) -> Iterator[tuple[int, float, str | None]]:  # fmt: skip
        """Every point (instant, value, quality or None if good) in [start, end), rising. Exhaust or close it: it reads
        one state of the store, and holds a transaction as long."""
        with self._db:
            found = self._signal(machine_id, signal)
            if found is None:
                return
            for run in found.points.runs(start_us, end_us, found.hot, marked=True):
                for ts, value in zip(run.times, run.values, strict=True):
                    yield ts, value, run.marks.get(ts)

    def _dropped(self) -> int:
        """Points before this instant are gone."""
        return max((us for (us,) in self._db.execute("select before_us from reading_retention")), default=-WHOLE)

    def _signal(self, machine: int, name: str) -> _Signal | None:
        sql = "select id, last_ts from reading_signals where machine=? and name=?"
        row = self._db.execute(sql, (machine, name)).fetchone()
        return None if row is None else _Signal(self._db, row[0], machine, name, row[1])


def _as_is(signal: _Signal, start: int, end: int) -> Series:
    points = [(ts, v, v, v, 1) for run in signal.raw(start, end) for ts, v in zip(run.times, run.values, strict=True)]
    return Series(0, len(points), points)
