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
from edge.store.figures import WHOLE, Figures, Machine
from edge.store.minutes import Stat, merge
from edge.store.unsealed import last_flush, newest_points

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


class ReadingsReader:
    """Answers from one connection, which only one thread uses at a time."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._known: tuple[int, int, Machine] | None = None  # what was read last: at which flush, of which machine

    def signals(self, machine_id: int) -> list[KnownSignal]:
        """All signals of a machine, by name."""
        sql = "select id, name, unit, n, last_ts, last_value from reading_signals where machine=? order by name"
        found = []
        with self._db:
            rows: list[tuple[Any, ...]] = self._db.execute(sql, (machine_id,)).fetchall()
            for number, name, unit, n, last_ts, last_value in rows:
                signal = Figures(self._db, self._machine(machine_id), number, name, last_ts)
                hot = signal.hot
                if hot.times and (last_ts is None or hot.times[-1] >= last_ts):
                    last_ts, last_value = hot.times[-1], hot.values[-1]
                found.append(KnownSignal(name, unit, last_ts, last_value, n + signal.unsealed()))
        return found

    def all_signals(self) -> dict[int, list[KnownSignal]]:
        """All signals of all machines, by name. Quick: `n` leaves points out that are not sealed yet."""
        found: dict[int, list[KnownSignal]] = {}
        sql = "select machine, id, name, unit, last_ts, last_value, n from reading_signals order by machine, name"
        with self._db:
            hot = newest_points(self._db)
            for machine, number, name, unit, last_ts, last_value, n in self._db.execute(sql):
                if number in hot and (last_ts is None or hot[number][0] >= last_ts):
                    last_ts, _, last_value = hot[number]
                found.setdefault(machine, []).append(KnownSignal(name, unit, last_ts, last_value, n))
        return found

    def series(self, machine_id: int, signal: str, start_us: int, end_us: int, points: int = 800) -> Series:
        """Points of [start, end), or at most so many buckets whose figures are exact. Nothing of an unknown signal."""
        with self._db:
            found = self._signal(machine_id, signal)
            if found is None or start_us >= end_us:
                return Series(0, 0, [])
            width = width_for(start_us, end_us, points)
            if start_us < self.kept_from():
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

    def figures(self, machine_id: int, signal: str, start_us: int, end_us: int, width: int) -> list[tuple[int, Stat]]:
        """Figures that make up [start, end), none of which crosses a bucket of `width`: (instant in it, figures)."""
        with self._db:
            found = self._signal(machine_id, signal)
            parts = [] if found is None or start_us >= end_us else list(found.stats(start_us, end_us, width))
        return parts  # noqa: RET504  # inside the block type checkers miss it: it might swallow an exception

    def kept_from(self) -> int:
        """Points before this instant are gone."""
        return max((us for (us,) in self._db.execute("select before_us from reading_retention")), default=-WHOLE)

    def _signal(self, machine: int, name: str) -> Figures | None:
        sql = "select id, last_ts from reading_signals where machine=? and name=?"
        row = self._db.execute(sql, (machine, name)).fetchone()
        return None if row is None else Figures(self._db, self._machine(machine), row[0], name, row[1])

    def _machine(self, number: int) -> Machine:
        """The unsealed rows of a machine; those of the last question where nothing was flushed since."""
        flush = last_flush(self._db)
        if self._known is None or self._known[:2] != (flush, number):
            self._known = flush, number, Machine(self._db, number)
        return self._known[2]


def _as_is(signal: Figures, start: int, end: int) -> Series:
    points = [(ts, v, v, v, 1) for run in signal.raw(start, end) for ts, v in zip(run.times, run.values, strict=True)]
    return Series(0, len(points), points)
