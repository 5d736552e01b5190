"""The schema: which point each thing becomes. Measurements, tags and fields are listed in docs/influxdb.md.

The same thing always becomes the same point (series, time and set of fields), so that sending it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, TypeGuard
from zlib import crc32

import msgspec

from edge.clock import SECOND
from edge.events import KINDS, AnyEvent
from edge.influx.lineprotocol import RESERVED, Field, Point, Template, head, key, text_value
from edge.monitor import Assessment
from edge.store.segments import Rows

LEVELS = ("site", "area", "line", "machine")
"""Tags of every point; no field has such a name, which InfluxDB 3 would refuse."""
TAKEN = RESERVED.union(LEVELS)
READING, QUALITY, REJECTION, ASSESSMENT = "reading", "reading_quality", "rejection", "assessment"
KPI = "kpi_"
NOBODY = "-"
"""The levels of what is of no machine."""

_MS = SECOND // 1000
_encode = msgspec.json.Encoder().encode


def tags(path: str) -> dict[str, str]:
    """The tags of a machine, from its path."""
    return dict(zip(LEVELS, path.split("/"), strict=True))


class ReadingLines:
    """Lines of readings of one group of signals: a point for each reading, a field for each signal."""

    __slots__ = ("_columns", "_quality", "_template")

    def __init__(self, path: str, names: tuple[str, ...]) -> None:
        self._template = Template(head(READING, tags(path)), names, TAKEN).line
        self._quality = head(QUALITY, tags(path))
        self._columns = [slice(place, None, len(names)) for place in range(len(names))]

    def of(self, rows: Rows) -> list[str]:
        """The lines of rows, and after them those of values whose quality was not good."""
        return [*self.readings(rows), *(line for _, line in self.doubts(rows))]

    def readings(self, rows: Rows) -> list[str]:
        """A line for each row."""
        values = rows.values.tolist()
        return self.of_columns(rows.times, [values[column] for column in self._columns])

    def doubts(self, rows: Rows) -> Iterator[tuple[int, str]]:
        """(row, line) where the quality of something was not good."""
        for row, said in rows.quality.items():
            yield row, quality_line(self._quality, rows.times[row], said)

    def of_columns(self, times: Sequence[int], columns: Sequence[Sequence[float]]) -> list[str]:
        """The lines of instants (us) and of a column of values for each signal."""
        return list(map(self._template, zip(*columns, times, strict=True)))


def quality_line(start: str, ts: int, said: Mapping[str, str]) -> str:
    """Of which signals the quality was not good at an instant (us)."""
    fields = ",".join([f"{key(name, TAKEN)}={text_value(text)}" for name, text in said.items()])
    return f"{start} {fields} {ts}000"


def sparse_lines(path: str, points: Mapping[int, Mapping[str, float]]) -> Iterator[str]:
    """Lines of instants (us) that each have signals of their own."""
    start = head(READING, tags(path))
    for ts, values in points.items():
        fields = ",".join([f"{key(name, TAKEN)}={value!r}" for name, value in values.items()])
        yield f"{start} {fields} {ts}000"


# events

_COMMON = ("received", "offset", "index", "clock_ahead", "id")
_FIELDS = {kind: (*_COMMON, *kind.__struct_fields__[9:]) for kind in KINDS}
_FLOATS = frozenset({"quantity", "dwell_s"})  # what the others say in numbers is whole
_RENAMED = {"order": "order_name", "index": "place"}  # words of InfluxQL


def event_time_ns(ts: int, offset: int, index: int) -> int:
    """When an event stands: its millisecond, and below it six digits of its place in the journal.

    So two events of a machine in one instant stay two points. 1009 is prime to a million: offsets nearer to each other
    than a million, and places in an array up to 1009, never meet."""
    return ts // _MS * SECOND + (offset * 1009 + index) % SECOND


def event_point(event: AnyEvent) -> Point:
    """The point of a production event; members that it does not have are missing, and always will be."""
    fields: dict[str, Field] = {}
    for member in _FIELDS[event.__class__]:
        value = getattr(event, member)
        if value is not None:
            fields[_RENAMED.get(member, member)] = float(value) if member in _FLOATS else value
    time_ns = event_time_ns(event.ts, event.offset, event.index)
    return Point(KINDS[event.__class__], tags(event.asset), fields, time_ns)


# what is written one by one, and never changes


def rejection_point(offset: int, index: int, received: int, topic: str, asset: str | None, reason: str, detail: str,
                    size: int) -> Point:  # fmt: skip
    """The point of a message that could not become an event, at its received time; of its machine, if that is known.

    The tags are the same all the time, as InfluxDB 3 wants it."""
    levels = (asset or "").split("/")
    where = tags(asset) if asset and len(levels) == len(LEVELS) and all(levels) else dict.fromkeys(LEVELS, NOBODY)
    fields: dict[str, Field] = {"offset": offset, "topic": topic, "detail": detail, "size": size, "place": index}
    return Point(REJECTION, {**where, "reason": reason}, fields, event_time_ns(received, offset, index))


def assessment_point(path: str, monitor: str, said: Assessment) -> Point:
    """The point of what a monitor said; numbers that it did not give are missing. What tells it from others of an
    instant follows from what it says, since a store that is built again gives it another number."""
    mark = crc32(_encode(said))
    fields: dict[str, Field] = {
        "state": said.state, "edge": said.edge or "", "work": said.work, "version": said.version, "mark": mark,
        "reasons": _encode(said.reasons).decode(), "findings": _encode(said.findings).decode(),
    }  # fmt: skip
    life = said.life
    numbers = {"health": said.health, "score": said.score}
    if life is not None:
        numbers |= {"life": life.value, "life_low": life.low, "life_high": life.high}
        fields |= {"life_unit": life.unit, "life_basis": life.basis}
    fields.update((name, float(value)) for name, value in numbers.items() if is_number(value))
    return Point(ASSESSMENT, {**tags(path), "monitor": monitor}, fields, event_time_ns(said.ts, 0, mark))


# KPI windows


def kpi_point(path: str, kpi: str, start: int, end: int, facts: Mapping[str, Any], values: Mapping[str, Any],
              about: Mapping[str, Field]) -> Point:  # fmt: skip
    """The point of a KPI's window, at the begin of the window.

    Fields: each value that is a known number; `fact_<name>` for each fact that is one number, as a float; all facts as
    JSON in `window_facts`; and `window_<name>` for what is said `about` the window."""
    fields: dict[str, Field] = {name: float(value) for name, value in values.items() if is_number(value)}
    fields.update((f"fact_{name}", float(value)) for name, value in facts.items() if is_number(value))
    fields["window_s"] = (end - start) / SECOND
    fields["window_facts"] = _encode(facts).decode()
    fields.update((f"window_{name}", value) for name, value in about.items())
    return Point(KPI + kpi, tags(path), fields, start * 1000)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value of a KPI is a number that a float field can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
