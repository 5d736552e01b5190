"""What a changed KPI window leaves behind: fields of values that are not known any more, cells that are no more.

Writing a point again joins its fields with those of before, so what has no number now would keep its old one. So hours
that are over are counted in InfluxDB after they were written; one that has more than was written is deleted and
written again. Every one is: what InfluxDB had of it before nobody knows for sure (positions may be lost, an older copy
of them or of the store put back, the store built again with other settings).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from edge.clock import HOUR
from edge.influx.influxql import identifier, where
from edge.influx.lineprotocol import Point, name
from edge.influx.points import KPI, TAKEN
from edge.influx.querying import InfluxRefused, Querying

KPI_MEASUREMENTS = f"/^{KPI}/"
_COUNT = "count_"

Left = set[tuple[str, int]]
"""Measurements and hours in which something is left over."""


@dataclass(frozen=True, slots=True)
class Over:
    """An hour of a machine that is over, and all its points now."""

    path: str
    hour: int
    points: Sequence[Point]


def sweep(querying: Querying, over: Iterable[Over]) -> list[Point]:
    """Delete what is left over; returns the points to write again. InfluxUnavailable where nobody answers.

    A server that deletes nothing (InfluxDB 3) keeps what is left over; the JSON of the facts tells the truth there."""
    again: list[Point] = []
    for run in runs(over):
        try:
            left = left_over(querying, run)
        except InfluxRefused:  # a server that counts nothing in this way; `edge influx verify` finds what is left
            continue
        for measurement, hour in left:
            delete(querying, measurement, run[0].path, hour, hour + HOUR)
        again += [point for one in run for point in one.points if (point.measurement, one.hour) in left]
    return again


def runs(over: Iterable[Over]) -> Iterator[list[Over]]:
    """Hours of one machine that follow each other, asked for together."""
    found = sorted(over, key=lambda one: (one.path, one.hour))
    run: list[Over] = []
    for one in found:
        if run and (one.path, one.hour) != (run[-1].path, run[-1].hour + HOUR):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def left_over(querying: Querying, run: Sequence[Over]) -> Left:
    """Where InfluxDB has more values than were written."""
    condition = where(run[0].path, run[0].hour, run[-1].hour + HOUR)
    expected = {(measurement, one.hour): fields for one in run for measurement, fields in counted(one.points).items()}
    found: Left = set()
    for series in querying.series(
        f"select count(*) from {KPI_MEASUREMENTS} where {condition} group by time(1h) fill(none)"
    ):
        for row in series.rows():
            place = series.name, row.pop("time") // 1000
            known = expected.get(place, Counter())
            if any(n > known[column.removeprefix(_COUNT)] for column, n in row.items()):
                found.add(place)
    return found


def counted(points: Iterable[Point]) -> dict[str, Counter[str]]:
    """How often each field is written, by measurement."""
    found: dict[str, Counter[str]] = {}
    for point in points:
        found.setdefault(point.measurement, Counter()).update(name(field, TAKEN) for field in point.fields)
    return found


def delete(querying: Querying, measurement: str, path: str, start: int, end: int) -> bool:
    """Delete a machine's points of a measurement in [start, end); False where the server does not do that."""
    try:
        querying.series(f"delete from {identifier(measurement)} where {where(path, start, end)}")
    except InfluxRefused:
        return False
    return True
