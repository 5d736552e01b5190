"""One look at InfluxDB beside the store, over one span: what is missing there, different, or beyond.

Readings are compared by figures of each signal and hour (count, sum, extremes), events by count and sum of their
offsets, KPI windows field by field; where figures differ, point by point. `exact` compares every point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import isclose

from edge.clock import HOUR, to_text
from edge.events import KINDS
from edge.influx.influxql import identifier, select, where
from edge.influx.lineprotocol import Field, Point, name, read_name
from edge.influx.points import ASSESSMENT, KPI, LEVELS, READING, REJECTION, TAKEN
from edge.influx.querying import Querying
from edge.influx.restating import KPI_MEASUREMENTS, delete
from edge.influx.truth import Span, Truth, rejections

SHOWN = 5
"""Examples of each measurement."""
Place = tuple[str, str, int]
"""(measurement, monitor or reason that sets points of an instant apart, time in ns)."""
Suspects = set[tuple[str, Place]]
"""Differences, each with the asset."""
Fields = Mapping[str, Field]
Send = Callable[[list[str]], None]


@dataclass
class Verdict:
    """Points: how many the store has in the range, and of these how many were missing or different in InfluxDB; how
    many were older than it keeps them; how many InfluxDB has beyond them; how many were sent again."""

    points: int = 0
    missing: int = 0
    different: int = 0
    expired: int = 0
    extra: int = 0
    sent: int = 0
    lost: int = 0  # readings that differ and are no longer in the store, so that they cannot be sent again
    examples: list[str] = field(default_factory=list)
    asset: str = ""  # that is being compared
    _shown: dict[str, int] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        return not (self.missing or self.different or self.lost)

    def note(self, what: str, place: Place, more: str = "") -> None:
        shown = self._shown[place[0]] = self._shown.get(place[0], 0) + 1
        if shown <= SHOWN:
            parts = (f"{what}: {place[0]}", self.asset, place[1], "at", to_text(place[2] // 1000), more)
            self.examples.append(" ".join(part for part in parts if part))


@dataclass
class Look:
    """`take` compares one machine after the other in one state of the store; differences go to `verdict` and `wrong`.

    With `suspects`, only what is among them counts, and `send` gets the lines that mend it, where that is wanted.
    What lies before `kept_from` (us) InfluxDB need not have.
    """

    querying: Querying
    verdict: Verdict
    exact: bool = False
    suspects: Suspects | None = None
    send: Send | None = None
    kept_from: int | None = None
    wrong: Suspects = field(default_factory=set)

    def take(self, truths: list[Truth], span: Span) -> None:
        """Compare [start, end) in microseconds; InfluxUnavailable where nobody answers."""
        for truth in truths:
            self._machine(truth, span)
        if truths:
            self._rejections(truths[0], span)

    def _found(self, count: str, what: str, place: Place, more: str = "", n: int = 1) -> bool:
        """Whether a difference counts; it is noted then."""
        if self.kept_from is not None and place[2] < self.kept_from * 1000:
            self.verdict.expired += n if count in ("missing", "lost") else 0
            return False
        named = self.verdict.asset, place
        if self.suspects is not None and named not in self.suspects:
            return False
        self.wrong.add(named)
        setattr(self.verdict, count, getattr(self.verdict, count) + n)
        self.verdict.note(what, place, more)
        return True

    def _machine(self, truth: Truth, span: Span) -> None:
        self.verdict.asset = truth.path
        self._readings(truth, span)
        self._counted(truth.path, tuple(sorted(set(KINDS.values()) - {"reading", "heartbeat"})), "offset", span,
                      list(truth.events(span)))  # fmt: skip
        self._counted(truth.path, (ASSESSMENT,), "mark", span, list(truth.assessments(span)))
        self._windows(truth, span)

    # readings

    def _readings(self, truth: Truth, span: Span) -> None:
        expected = truth.figures(span)
        found = self._figures(truth.path, span)
        self.verdict.points += sum(stat.n for stat in expected.values())
        wrong = {hour for (_, hour) in expected} if self.exact else set()
        for key in expected.keys() | found.keys():
            stat = expected.get(key)
            said = (0, 0.0, 0.0, 0.0) if stat is None else (stat.n, stat.total, stat.low, stat.high)
            if not _alike(said, found.get(key, (0, 0.0, 0.0, 0.0))):
                wrong.add(key[1])
        for hour in sorted(wrong):
            part = max(hour, span[0]), min(hour + HOUR, span[1])
            if part[0] < truth.points_from():
                gone = sum(stat.n for (_, at), stat in expected.items() if at == hour)
                self._found("lost", "differs, and gone from the store", (READING, "", hour * 1000), n=gone)
            else:
                self._reading_points(truth, part)

    def _figures(self, path: str, span: Span) -> dict[tuple[str, int], tuple[int, float, float, float]]:
        """Count, sum, low and high by signal and hour."""
        what = ("count(*)", "sum(*)", "min(*)", "max(*)")
        statement = select(what, [READING], where(path, *span), "group by time(1h) fill(none)")
        found: dict[tuple[str, int], tuple[int, float, float, float]] = {}
        for series in self.querying.series(statement):
            for row in series.rows():
                names = [column.removeprefix("count_") for column in row if column.startswith("count_")]
                for one in names:
                    figures = row[f"count_{one}"], row[f"sum_{one}"], row[f"min_{one}"], row[f"max_{one}"]
                    found[read_name(one), row["time"] // 1000] = figures
        return {key: figures for key, figures in found.items() if figures[0]}

    def _reading_points(self, truth: Truth, span: Span) -> None:
        expected = truth.readings(span)
        found = self._points(f"{identifier(READING)}", where(truth.path, *span))
        named = {
            (READING, "", at): {name(signal, TAKEN): value for signal, value in values.items()}
            for at, values in expected.items()
        }
        wrong = self._compare(named, found)
        self._repair(list(truth.reading_points({at: expected[at] for _, _, at in wrong})))

    # events, rejections, assessments: they never change

    def _counted(self, path: str | None, kinds: tuple[str, ...], number: str, span: Span, points: list[Point]) -> None:
        condition = _in_time(span) if path is None else where(path, *span)
        self.verdict.points += len(points)
        expected: dict[tuple[str, int], tuple[int, int]] = {}
        for point in points:
            key = point.measurement, point.time_ns // 1000 // HOUR * HOUR
            n, total = expected.get(key, (0, 0))
            expected[key] = n + 1, total + int(point.fields[number])
        what = (f"count({identifier(number)}) as n", f"sum({identifier(number)}) as total")
        statement = select(what, kinds, condition, "group by time(1h) fill(none)")
        found = {
            (series.name, row["time"] // 1000): (row["n"], row["total"])
            for series in self.querying.series(statement)
            for row in series.rows()
        }
        every = expected.keys() | found.keys()
        wrong = every if self.exact else {key for key in every if expected.get(key) != found.get(key)}
        for kind, hour in sorted(wrong):
            part = max(hour, span[0]), min(hour + HOUR, span[1])
            own = [one for one in points if one.measurement == kind and part[0] * 1000 <= one.time_ns < part[1] * 1000]
            limited = _in_time(part) if path is None else where(path, *part)
            self._compare_and_send(own, identifier(kind), limited)

    def _rejections(self, truth: Truth, span: Span) -> None:
        self.verdict.asset = ""
        self._counted(None, (REJECTION,), "offset", span, list(rejections(truth.db, span)))

    # KPI windows

    def _windows(self, truth: Truth, span: Span) -> None:
        for hour, points in truth.windows(span):
            self.verdict.points += len(points)
            wrong = self._compare_and_send(points, KPI_MEASUREMENTS, where(truth.path, hour, hour + HOUR), repair=False)
            if wrong and self.send is not None:
                for measurement in {place[0] for place in wrong}:
                    delete(self.querying, measurement, truth.path, hour, hour + HOUR)
                again = {place[0] for place in wrong}
                self._repair([point for point in points if point.measurement in again])

    # point by point

    def _compare_and_send(self, points: Iterable[Point], source: str, condition: str, *,
                          repair: bool = True) -> set[Place]:  # fmt: skip
        expected = {_place(point): point for point in points}
        fields = {
            place: {name(key, TAKEN): value for key, value in point.fields.items()} for place, point in expected.items()
        }
        wrong = self._compare(fields, self._points(source, condition))
        if repair:
            self._repair([expected[place] for place in wrong if place in expected])
        return wrong

    def _points(self, source: str, condition: str) -> dict[Place, Fields]:
        """Every point that InfluxDB has, with its fields."""
        found: dict[Place, Fields] = {}
        for series in self.querying.series(f"select * from {source} where {condition}"):
            for row in series.rows():
                apart = row.get("monitor") or row.get("reason" if series.name == REJECTION else "") or ""
                ignored = {"time", *LEVELS, "monitor", *(("reason",) if series.name == REJECTION else ())}
                fields = {key: value for key, value in row.items() if key not in ignored}
                found[series.name, str(apart), row["time"]] = fields
        return found

    def _compare(self, expected: Mapping[Place, Fields], found: Mapping[Place, Fields]) -> set[Place]:
        """Places that are missing or different; both are counted, and what is there beyond."""
        wrong: set[Place] = set()
        for place, fields in expected.items():
            there = found.get(place)
            if there is None:
                counts = self._found("missing", "missing", place)
            elif there != fields:
                odd = [key for key in fields.keys() | there.keys() if fields.get(key) != there.get(key)]
                counts = self._found("different", "different", place, f"in {', '.join(sorted(odd)[:5])}")
            else:
                continue
            if counts:
                wrong.add(place)
        for place in found.keys() - expected.keys():
            if self._found("extra", "not in the store", place) and place[0].startswith(KPI):
                wrong.add(place)
        return wrong

    def _repair(self, points: list[Point]) -> None:
        if points and self.send is not None:
            self.send([point.line() for point in points])
            self.verdict.sent += len(points)


def _place(point: Point) -> Place:
    return point.measurement, point.tags.get("monitor") or point.tags.get("reason") or "", point.time_ns


def _in_time(span: Span) -> str:
    return f"time >= {span[0]}000 and time < {span[1]}000"


def _alike(one: tuple[int, float, float, float], other: tuple[int, float, float, float]) -> bool:
    """Whether figures are those of the same values: sums may differ by what the order of adding leaves in them."""
    n, total, low, high = one
    near = n * max(abs(low), abs(high)) * 1e-12
    return n == other[0] and (low, high) == other[2:] and isclose(total, other[1], rel_tol=1e-9, abs_tol=near)
