"""What InfluxDB should have, as the store tells it: figures to compare quickly, and the points themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apsw

from edge.clock import DAY, HOUR
from edge.influx.kpipoints import KpiPoints, is_over
from edge.influx.lineprotocol import Point
from edge.influx.points import READING, assessment_point, event_point, rejection_point, tags
from edge.store import assessments
from edge.store import events as event_store
from edge.store.figures import Figures, Machine
from edge.store.minutes import Stat, merge
from edge.store.summaries import Summaries

Span = tuple[int, int]
"""[start, end) in microseconds."""
Hours = dict[tuple[str, int], Stat]
"""Figures by signal and begin of an hour."""

SAID_BEFORE = 31 * DAY
"""A scrap report stands where the parts were made, at most so long before it was said."""


@dataclass(frozen=True)
class Truth:
    """One machine, in the state of the store that `db` reads (inside the caller's transaction)."""

    db: apsw.Connection
    machine: int
    path: str
    kpis: KpiPoints

    def signals(self) -> dict[str, tuple[int, int | None]]:
        """The signals of the machine with their numbers and latest sealed instants."""
        sql = "select name, id, last_ts from reading_signals where machine=? order by name"
        rows: Iterator[Any] = self.db.execute(sql, (self.machine,))
        return {name: (number, last_ts) for name, number, last_ts in rows}

    def points_from(self) -> int:
        """Readings before this instant are gone; their figures may still be there."""
        return Summaries(self.db, self.machine).kept_from()

    def figures(self, span: Span) -> Hours:
        """Figures of each signal and hour; the span begins and ends at full hours."""
        found: dict[tuple[str, int], list[Stat]] = {}
        machine = Machine(self.db, self.machine)
        for name, (number, last_ts) in self.signals().items():
            for at, stat in Figures(self.db, machine, number, name, last_ts).stats(*span, HOUR):
                found.setdefault((name, at - at % HOUR), []).append(stat)
        return {key: merge(parts) for key, parts in found.items()}

    def readings(self, span: Span) -> dict[int, dict[str, float]]:
        """Every value by instant (ns) and signal."""
        points: dict[int, dict[str, float]] = {}
        machine = Machine(self.db, self.machine)
        for name, (number, last_ts) in self.signals().items():
            for run in Figures(self.db, machine, number, name, last_ts).raw(*span):
                for ts, value in zip(run.times, run.values, strict=True):
                    points.setdefault(ts * 1000, {})[name] = value
        return points

    def reading_points(self, found: Mapping[int, Mapping[str, float]]) -> Iterator[Point]:
        for time_ns, values in found.items():
            yield Point(READING, tags(self.path), dict(values), time_ns)

    def events(self, span: Span) -> Iterator[Point]:
        """Points of production events that happened in the span."""
        start, end = span
        for hour in event_store.between(self.db, self.machine, start - start % HOUR - SAID_BEFORE, end):
            for events, _ in event_store.stored(self.db, self.machine, hour):
                yield from (event_point(event) for event in events if start <= event.ts < end)

    def assessments(self, span: Span) -> Iterator[Point]:
        """Points of what monitors said of the machine in the span."""
        for kept in assessments.history(self.db, [self.machine], None, (), *span, limit=1 << 40):
            yield assessment_point(self.path, kept.monitor, kept.said)

    def windows(self, span: Span) -> Iterator[tuple[int, list[Point]]]:
        """Hours that are over and evaluated, with the points of their KPI windows."""
        sql = "select hour from hours where machine=? and hour>=? and hour<? and not dirty order by hour"
        rows: Iterable[Any] = self.db.execute(sql, (self.machine, *span)).fetchall()
        for (hour,) in rows:
            points = self.kpis.of_hour(self.db, self.machine, self.path, hour)
            if is_over(points, hour):
                yield hour, points


def rejections(db: apsw.Connection, span: Span) -> Iterator[Point]:
    """Points of messages received in the span that could not become events."""
    sql = ("select offset, idx, received, topic, asset, reason, detail, size from rejections where received>=? and "
           "received<? order by offset, idx")  # fmt: skip
    rows: Iterator[Any] = db.execute(sql, span)
    return (rejection_point(*row) for row in rows)
