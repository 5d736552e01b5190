"""What a changed KPI window leaves behind: fields of values that are not known any more, cells that are no more.

Writing a point again joins its fields with those of before, so what has no number now would keep its old one. So each
hour that is over is compared with what InfluxDB has after it was written; one that has more is deleted and written
again. Each one, since nobody knows for sure what InfluxDB had of it before: positions may be lost, an older copy of
them or of the store put back, the store built again with other settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from edge.clock import HOUR
from edge.influx.influxql import identifier, where
from edge.influx.lineprotocol import Point, name
from edge.influx.points import KPI, LEVELS, TAKEN
from edge.influx.querying import InfluxRefused, Querying

KPI_MEASUREMENTS = f"/^{KPI}/"

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
        except InfluxRefused:  # it will not tell; what is left `edge influx verify` finds
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
    """Where InfluxDB has windows or fields that were not written."""
    start, end = run[0].hour, run[-1].hour + HOUR
    expected = {
        (point.measurement, point.time_ns): {name(field, TAKEN) for field in point.fields}
        for one in run
        for point in one.points
    }
    found: Left = set()
    for series in querying.series(f"select * from {KPI_MEASUREMENTS} where {where(run[0].path, start, end)}"):
        for row in series.rows():
            fields = row.keys() - {"time", *LEVELS}
            if not fields <= expected.get((series.name, row["time"]), set()):
                found.add((series.name, row["time"] // 1000 // HOUR * HOUR))
    return found


def delete(querying: Querying, measurement: str, path: str, start: int, end: int) -> bool:
    """Delete a machine's points of a measurement in [start, end); False where the server does not do that."""
    try:
        querying.series(f"delete from {identifier(measurement)} where {where(path, start, end)}")
    except InfluxRefused:
        return False
    return True
