"""What a changed KPI window leaves behind: fields of values that are not known any more, cells that are no more.

Writing a point again joins its fields with those of before, so what has no number now would keep its old one. Hours
that are sent once more are compared with what InfluxDB has; where something is left over, the hour is deleted and
written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.clock import HOUR
from edge.influx.influxql import identifier, where
from edge.influx.lineprotocol import Point
from edge.influx.points import KPI, LEVELS
from edge.influx.querying import InfluxRefused, Querying

KPI_MEASUREMENTS = f"/^{KPI}/"


@dataclass(frozen=True, slots=True)
class Restated:
    """An hour of a machine that was sent before, and all its points now."""

    path: str
    hour: int
    points: Sequence[Point]


def sweep(querying: Querying, restated: Iterable[Restated]) -> list[Point]:
    """Delete what is left over; returns the points to write again. InfluxUnavailable where nobody answers.

    A server that deletes nothing (InfluxDB 3) keeps what is left over; the JSON of the facts tells the truth there."""
    again: list[Point] = []
    for one in restated:
        expected = {(point.measurement, point.time_ns): set(point.fields) for point in one.points}
        stale = left_over(querying, one.path, one.hour, one.hour + HOUR, expected)
        for measurement in stale:
            delete(querying, measurement, one.path, one.hour, one.hour + HOUR)
        again += [point for point in one.points if point.measurement in stale]
    return again


def left_over(querying: Querying, path: str, start: int, end: int,
              expected: dict[tuple[str, int], set[str]]) -> set[str]:  # fmt: skip
    """Measurements that have a window or a field which is not among those expected."""
    found = set()
    for series in querying.series(f"select * from {KPI_MEASUREMENTS} where {where(path, start, end)}"):
        for row in series.rows():
            fields = row.keys() - {"time", *LEVELS}
            if not fields <= expected.get((series.name, row["time"]), set()):
                found.add(series.name)
    return found


def delete(querying: Querying, measurement: str, path: str, start: int, end: int) -> bool:
    """Delete a machine's points of a measurement in [start, end); False where the server does not do that."""
    try:
        querying.series(f"delete from {identifier(measurement)} where {where(path, start, end)}")
    except InfluxRefused:
        return False
    return True
