"""Tables to take away: events, spans, units and KPI windows, read piece by piece, never a whole window at once.

Each piece is one machine and one hour or day, read in a transaction of its own that ends before the piece is handed
out, so however slow the taker is, it holds back neither the store nor what comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import msgspec

from edge.clock import DAY, HOUR
from edge.errors import QueryError
from edge.events import KINDS, AnyEvent, ScrapReport
from edge.query.kpis import answer, answers, known_kpi
from edge.query.question import Question
from edge.query.window import Window, steps
from edge.slices import Span
from edge.store import events as event_store
from edge.store.machines import MachineRow
from edge.store.units import Line, units_between

TEXT, INTEGER, NUMBER, TRUTH, INSTANT = "text", "integer", "number", "truth", "instant"
"""What a column holds; instants are microseconds since 1970, and every cell may be None."""

MAX_COLUMNS = 1000
WINDOWS_AT_ONCE = 24

Columns = Mapping[str, str]
Row = tuple[Any, ...]
Asking = Callable[[str], AbstractContextManager[Question]]


@dataclass(frozen=True)
class Table:
    """Columns by name with what they hold, and the rows in pieces; a piece may be empty."""

    columns: Columns
    pieces: Iterator[Sequence[Row]]


def export(asking: Asking, table: str, path: str, window: Window, *, kpi: str | None, step: str | None) -> Table:
    """The rows of `table` (events, spans, units or kpis) in a window; QueryError where there is no such thing.

    `asking` opens one committed state of the store with the machines under a path."""
    if table == "kpis":
        return _kpis(asking, path, window, kpi or "", step)
    columns, read = _TABLES[table]
    with asking(path) as question:
        machines = [row.path for row in question.machines]
    return Table(columns, read(asking, machines, window))


# events

EVENT_COLUMNS: Columns = {
    "asset": TEXT, "ts": INSTANT, "received": INSTANT, "kind": TEXT, "offset": INTEGER, "index": INTEGER,
    "clock_ahead": TRUTH, "id": TEXT, "boot": TEXT, "seq": INTEGER, "state": TEXT, "reason": TEXT, "product": TEXT,
    "total": INTEGER, "bad": INTEGER, "counter": TEXT, "value": INTEGER, "serial": TEXT, "result": TEXT,
    "station": TEXT, "defects": INTEGER, "opportunities": INTEGER, "order": TEXT, "action": TEXT, "quantity": NUMBER,
    "due": INSTANT, "dwell_s": NUMBER, "qty": INTEGER, "produced_ts": INSTANT, "code": TEXT, "active": TRUTH,
    "severity": TEXT, "text": TEXT, "component": TEXT, "by": TEXT,
}  # fmt: skip


def _events(asking: Asking, machines: Sequence[str], window: Window) -> Iterator[Sequence[Row]]:
    """Events by machine and hour, in order of time; a scrap report stands where the parts were made."""
    for path, hour in _hours(asking, machines, window.start - HOUR, window.end):  # a counter shows what was before it
        with asking(path) as question:
            stored = event_store.stored(question.db, question.machines[0].number, hour)
            found = [e for part, _ in stored for e in part if window.start <= _effective(e) < window.end]
        found.sort(key=lambda e: (e.ts, e.offset, e.index))
        yield [_event_row(e) for e in found]


def _hours(asking: Asking, machines: Sequence[str], start: int, end: int) -> Iterator[tuple[str, int]]:
    """Each machine's hours that touch [start, end) and of which anything is known."""
    for path in machines:
        with asking(path) as question:
            hours = event_store.between(question.db, question.machines[0].number, start - start % HOUR, end)
        yield from ((path, hour) for hour in hours)


def _effective(event: AnyEvent) -> int:
    if isinstance(event, ScrapReport) and event.produced_ts is not None:
        return event.produced_ts
    return event.ts


def _event_row(event: AnyEvent) -> Row:
    said = {"kind": KINDS[event.__class__], "clock_ahead": bool(event.clock_ahead)}
    return tuple(said[name] if name in said else getattr(event, name, None) for name in EVENT_COLUMNS)


# spans

SPAN_COLUMNS: Columns = {
    "asset": TEXT, "from": INSTANT, "to": INSTANT, "seconds": NUMBER, "state": TEXT, "time_class": TEXT,
    "scheduled": TRUTH, "external": TRUTH, "reason": TEXT, "product": TEXT, "order": TEXT, "shift": TEXT,
    "stop_from": INSTANT, "stop_to": INSTANT, "stop_fault": TRUTH, "stop_micro": TRUTH, "ruling": INTEGER,
}  # fmt: skip


def _spans(asking: Asking, machines: Sequence[str], window: Window) -> Iterator[Sequence[Row]]:
    """Spans by machine and day, without a gap up to the present; a day's end cuts none."""
    for path in machines:
        pending: Span | None = None
        for start, end in _days(window):
            with asking(path) as question:
                found = [span for part in question.cells()[0].slices(start, end) for span in part.spans]
                over = end >= question.cut
            whole = _merged([pending, *found] if pending is not None else found)
            pending = whole.pop() if whole else None
            yield [_span_row(path, span) for span in whole]
            if over:
                break
        if pending is not None:
            yield [_span_row(path, pending)]


def _days(window: Window) -> Iterator[tuple[int, int]]:
    """The window cut at UTC midnights."""
    at = window.start
    while at < window.end:
        until = min(at - at % DAY + DAY, window.end)
        yield at, until
        at = until


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Spans with those that differ in nothing but their time put together."""
    out: list[Span] = []
    for span in spans:
        if out and out[-1].end == span.start and _place(out[-1], span) == span:
            out[-1] = msgspec.structs.replace(span, start=out[-1].start)
        else:
            out.append(span)
    return out


def _place(span: Span, other: Span) -> Span:
    """The span, at the time of another."""
    return msgspec.structs.replace(span, start=other.start, end=other.end)


def _span_row(path: str, span: Span) -> Row:
    stop = span.stop
    stopped = (None,) * 4 if stop is None else (stop.start, stop.end, stop.fault, stop.micro)
    return (
        path, span.start, span.end, span.seconds, span.state, span.time_class, span.scheduled, span.external,
        span.reason, span.product, span.order, span.shift, *stopped, span.ruling,
    )  # fmt: skip


# units

UNIT_COLUMNS: Columns = {
    "asset": TEXT, "ts": INSTANT, "serial": TEXT, "station": TEXT, "first": TEXT, "final": TEXT, "product": TEXT,
    "defects": INTEGER, "opportunities": INTEGER, "in_route": TRUTH, "route_clean": TRUTH,
}  # fmt: skip
_OF_A_UNIT = [name for name in UNIT_COLUMNS if name != "asset"]


def _units(asking: Asking, machines: Sequence[str], window: Window) -> Iterator[Sequence[Row]]:
    """Units by machine and hour of their first verdict."""
    for path, hour in _hours(asking, machines, window.start, window.end):
        start, end = max(hour, window.start), min(hour + HOUR, window.end)
        with asking(path) as question:
            row = question.machines[0]
            found = list(units_between(question.db, _line(question, row), row.number, start, end))
        yield [(path, *(getattr(unit, name) for name in _OF_A_UNIT)) for unit in found]


def _line(question: Question, row: MachineRow) -> Line:
    return Line(row.line, question.plant.route("/".join(row.path.split("/")[:3])))


# KPI windows

KPI_COLUMNS: Columns = {
    "asset": TEXT, "kpi": TEXT, "from": INSTANT, "to": INSTANT, "shift": TEXT, "date": TEXT, "coverage": NUMBER,
    "revision": INTEGER, "provisional": TRUTH, "flags": TEXT,
}  # fmt: skip
REST = "more"  # JSON of what one window has and the whole has not


def _kpis(asking: Asking, path: str, window: Window, kpi: str, step: str | None) -> Table:
    """A row for each part of the window; the whole decides the columns, since its facts are the sum of all parts."""
    with asking(path) as question:
        known_kpi(question.host, kpi)
        whole = _numbers(answer(question, question.cells(), kpi, window))
        parts = [window] if step is None else steps(question.plant.calendar(path), window, step)
    if len(whole) > MAX_COLUMNS:
        told = f"{kpi} has {len(whole)} numbers here"
        raise QueryError("asset", path, told, expected=f"at most {MAX_COLUMNS} columns: a machine, or a shorter window")
    found = {name: TEXT if isinstance(value, str) else NUMBER for name, value in whole.items()}
    return Table({**KPI_COLUMNS, **found, REST: TEXT}, _kpi_rows(asking, path, kpi, parts, found))


def _kpi_rows(
    asking: Asking, path: str, kpi: str, windows: Sequence[Window], found: Columns
) -> Iterator[Sequence[Row]]:
    for first in range(0, len(windows), WINDOWS_AT_ONCE):
        with asking(path) as question:
            cells = question.cells()
            some = windows[first : first + WINDOWS_AT_ONCE]
            said = answers(question, cells, kpi, some)
            rows = [_kpi_row(path, kpi, window, one, found) for window, one in zip(some, said, strict=True)]
        yield rows


def _kpi_row(path: str, kpi: str, window: Window, said: Mapping[str, Any], found: Columns) -> Row:
    numbers = _numbers(said)
    rest = {name: value for name, value in numbers.items() if value is not None and not _fits(value, found.get(name))}
    return (
        path, kpi, window.start, window.end, window.shift, window.shift_date, said["coverage"], said["revision"],
        said["provisional"], " ".join(said["flags"]), *(None if name in rest else numbers.get(name) for name in found),
        msgspec.json.encode(rest).decode() if rest else None,
    )  # fmt: skip


def _fits(value: object, kind: str | None) -> bool:
    return isinstance(value, str) if kind == TEXT else kind == NUMBER and not isinstance(value, str)


def _numbers(said: Mapping[str, Any]) -> dict[str, Any]:
    """Values and facts by the names that lead to them: values.oee, facts.signals.force.n; lists as JSON."""
    return {**_leaves("values", said["values"]), **_leaves("facts", said["facts"])}


def _leaves(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {path: leaf for key, one in value.items() for path, leaf in _leaves(f"{name}.{key}", one).items()}
    plain = value is None or isinstance(value, bool | int | float | str)
    return {name: value if plain else msgspec.json.encode(value).decode()}


_TABLES: Mapping[str, tuple[Columns, Callable[[Asking, Sequence[str], Window], Iterator[Sequence[Row]]]]] = {
    "events": (EVENT_COLUMNS, _events),
    "spans": (SPAN_COLUMNS, _spans),
    "units": (UNIT_COLUMNS, _units),
}

__all__ = ["INSTANT", "INTEGER", "NUMBER", "TEXT", "TRUTH", "Table", "export"]
