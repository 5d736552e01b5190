"""Exact figures of signals in a window, for KPIs that ask for readings; they add up over neighbouring windows.

A step leads from the value before, however old it is; a value holds until the next one, an hour at the longest. Both
belong to the window of the later instant, so the value before the window has a part in it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import fsum, nan

import apsw

from edge.clock import HOUR, SECOND
from edge.settings.machine import SignalSettings
from edge.slices import SignalSummary
from edge.store.points import EMPTY, Points, Run
from edge.store.series import places_of

BEFORE = 14
"""Values before the window: the longest control-chart rule looks at fifteen."""
HOLD = HOUR


def origin_of(settings: SignalSettings) -> float:
    """A fixed point near the values: the target, the middle of the limits, the one limit, else 0."""
    if settings.target is not None:
        return settings.target
    limits = [limit for limit in (settings.low, settings.high) if limit is not None]
    return fsum(limits) / len(limits) if limits else 0.0


def summary(before: Run, inside: Run, start: int, end: int, settings: SignalSettings,
            unit: str | None) -> SignalSummary:  # fmt: skip
    """Figures of the points `inside` [start, end), with the points `before` it."""
    values = list(inside.values)
    origin = origin_of(settings)
    off = [value - origin for value in values]
    steps = [b - a for a, b in pairwise([*before.values[-1:], *values])]
    held = list(_held([*before.times[-1:], *inside.times], start, end))
    holding = [*before.values[-1:], *values]
    return SignalSummary(
        n=len(values),
        sum=fsum(values),
        min=min(values, default=nan),
        max=max(values, default=nan),
        last=values[-1] if values else nan,
        values=tuple(values),
        before=tuple(before.values),
        origin=origin,
        deviations=fsum(off),
        squares=fsum(d * d for d in off),
        steps=len(steps),
        step_sum=fsum(map(abs, steps)),
        rise=fsum(step for step in steps if step > 0),
        falls=sum(step < 0 for step in steps),
        integral=fsum(value * us for value, us in zip(holding, held, strict=True)) / SECOND,
        held_s=sum(held) / SECOND,
        kind=settings.kind,
        unit=settings.unit or unit,
        low=settings.low,
        high=settings.high,
        target=settings.target,
        sigma=settings.sigma,
        rules=settings.rules,
    )


def _held(times: Sequence[int], start: int, end: int) -> Iterator[int]:
    """How long each value holds within [start, end), in microseconds."""
    for at, following in pairwise([*times, end]):
        yield max(0, min(following, at + HOLD, end) - max(at, start))


class Summaries:
    """Figures of one machine's signals through any connection, each question in one state of the store."""

    def __init__(self, db: apsw.Connection, machine: int) -> None:
        self._db, self._machine = db, machine

    def signals(self) -> list[str]:
        """Signals of the machine that are known."""
        found = self._db.execute("select name from reading_signals where machine=? order by name", (self._machine,))
        return [str(name) for (name,) in found]

    def kept_from(self) -> int:
        """Points before this instant are gone."""
        found = self._db.execute("select max(before_us) from reading_retention where level='points'").fetchone()
        return -(1 << 62) if found is None or found[0] is None else int(found[0])

    def of(self, signal: str, windows: Sequence[tuple[int, int]], settings: SignalSettings) -> list[SignalSummary]:
        """Figures for each window."""
        with self._db:
            points, unit = self._points(signal)
            hot = points.hot()
            runs = [(_before(points, hot, start), _run(points, start, end, hot)) for start, end in windows]
        return [summary(*run, *window, settings, unit) for run, window in zip(runs, windows, strict=True)]

    def hours_after(self, signal: str, at: int) -> set[int]:
        """Hours from `at` on that the values before it have a part in: those of the next few points, and its own."""
        with self._db:
            points, _ = self._points(signal)
            hot = points.hot()
            found: list[int] = []
            while len(found) < BEFORE:
                run = _next(points, hot, found[-1] + 1 if found else at)
                if not run.times:
                    break
                found += run.times[: BEFORE - len(found)]
        return {ts - ts % HOUR for ts in found} | {at - at % HOUR}

    def _points(self, signal: str) -> tuple[Points, str | None]:
        sql = "select id, unit from reading_signals where machine=? and name=?"
        found = self._db.execute(sql, (self._machine, signal)).fetchone()
        number, unit = (-1, None) if found is None else found
        return Points(self._db, places_of(self._db, self._machine, number), signal), unit


def _run(points: Points, start: int, end: int, hot: Run) -> Run:
    """All points of [start, end) whose quality is good, as one run."""
    times: list[int] = []
    values: list[float] = []
    for run in points.runs(start, end, hot, marked=True):
        doubtful = run.marks
        times += [ts for ts in run.times if ts not in doubtful] if doubtful else run.times
        values += (
            [v for ts, v in zip(run.times, run.values, strict=True) if ts not in doubtful] if doubtful else run.values
        )
    return Run(times, values)


def _before(points: Points, hot: Run, at: int) -> Run:
    """The last points before an instant, as many as a control chart looks back."""
    found = EMPTY
    while len(found.times) < BEFORE:
        row = bisect_left(hot.times, at)
        begins = [
            begin
            for begin in (points.last_chunk(at), hot.times[max(0, row - BEFORE)] if row else None)
            if begin is not None
        ]
        if not begins:
            break
        part = _run(points, max(begins), at, hot)
        found = Run([*part.times, *found.times], [*part.values, *found.values])
        at = max(begins)
    return Run(found.times[-BEFORE:], found.values[-BEFORE:])


def _next(points: Points, hot: Run, at: int) -> Run:
    """The points of the first hour with any, from an instant on."""
    while True:
        row = bisect_left(hot.times, at)
        begins = [
            begin
            for begin in (points.first_sealed(at), hot.times[row] if row < len(hot.times) else None)
            if begin is not None
        ]
        if not begins:
            return EMPTY
        found = _run(points, min(begins), min(begins) + HOUR, hot)
        if found.times:
            return found
        at = min(begins) + HOUR
