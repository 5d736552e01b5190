"""What could have changed a window after it was over: late messages, corrections, changes of plant data, the end of a
stop that was open.

Everything is found by its time of receipt, in hours that received something since; nothing is kept for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import apsw

from edge.cells import MachineCells
from edge.changes import PlantChange
from edge.clock import HOUR, SECOND
from edge.corrections import Correction
from edge.events import KINDS, AnyEvent, MachineState, Offline, PartCount, UnitResult
from edge.plant import Plant, is_about
from edge.query.window import Window
from edge.store import changes as change_store
from edge.store import corrections
from edge.store import events as event_store
from edge.store import orders as order_store
from edge.store.units import verdicts_of
from edge.timeline.hour import effect

LOOK_BACK_HOURS = 24 * 14  # that received something since, however long before the window: a state holds over silence
NO_CARRY = (PartCount, UnitResult)  # what is over with its own instant
TOGETHER = 60 * SECOND


class Cause(NamedTuple):
    """One thing that arrived at `received` and concerns `machine` (by number) at event time `ts`. `said` is a
    correction or a change of plant data, with its journal offset; a machine that was only heard has neither."""

    received: int
    machine: int
    ts: int
    kind: str
    offset: int | None = None
    said: Correction | PlantChange | None = None


def causes(db: apsw.Connection, plant: Plant, cells: MachineCells, window: Window, since: int, until: int, *,
           orders: bool) -> Iterator[Cause]:  # fmt: skip
    """What was received in (since, until] and may concern the window of one machine; with `orders` also what was said
    elsewhere of its orders."""
    number = cells.row.number
    last = _open_stop(cells, window)
    sql = "select hour from hours where machine=? and hour<=? and max_received>? order by hour desc limit ?"
    most = LOOK_BACK_HOURS + (last - window.start) // HOUR + 1
    for (hour,) in db.execute(sql, (number, last, since, most)).fetchall():
        for events, heard in event_store.stored(db, number, int(hour)):  # type: ignore[arg-type]  # an integer column
            found = [*_late(number, events, window, last), *_heard(number, heard, window)]
            yield from (cause for cause in found if since < cause.received <= until)
    for received, offset, said in corrections.said_between(db, number, window.start, window.end, since, until):
        yield Cause(received, number, window.start, said.kind, offset, said)
    for received, offset, change, about in change_store.said_between(db, since, until):
        holds_there = about.since < window.end and (about.kind != "exception" or about.until > window.start)
        if holds_there and is_about(about, cells.row.path):
            yield Cause(received, number, window.start, "change", offset, change)
    yield from _verdicts(db, plant, cells, window, since, until)
    if orders:
        for entry in order_store.said_between(db, cells.row.path, number, (window.start, window.end), since, until):
            if entry.machine != number or entry.ts >= window.end:  # the rest is found among its own
                at = min(max(entry.ts, window.start), window.end - 1)
                yield Cause(entry.received, number, at, "order", entry.offset)


def _open_stop(cells: MachineCells, window: Window) -> int:
    """How far what follows the window decides of it: to the end of the stop that is open there."""
    spans = [span for part in cells.slices(window.end - 1, window.end) for span in part.spans]
    stop = spans[-1].stop if spans else None
    return window.end - 1 if stop is None else cells.cut if stop.end is None else stop.end


def _late(machine: int, events: Iterable[AnyEvent], window: Window, last: int) -> Iterator[Cause]:
    for event in events:
        at = effect(event)
        inside = window.start <= at < window.end
        before = at < window.start and not isinstance(event, NO_CARRY)
        after = window.end <= at <= last and isinstance(event, MachineState | Offline)
        if inside or before or after:
            yield Cause(event.received, machine, at, KINDS[event.__class__], event.offset)


def _heard(machine: int, heard: Iterable[event_store.Heard], window: Window) -> Iterator[Cause]:
    for start, end, late in heard:
        if late and start < window.end:
            yield Cause((late + 1) * SECOND - 1, machine, end, "heartbeat")


def _verdicts(db: apsw.Connection, plant: Plant, cells: MachineCells, window: Window, since: int,
              until: int) -> Iterator[Cause]:  # fmt: skip
    """Later verdicts on units of the window, at their station and, of those that begin a route, along it."""
    route = plant.route(cells.row.path.rpartition("/")[0])
    for part in cells.slices(window.start, min(window.end, cells.cut)):
        for unit in part.units:
            begins = bool(route) and unit.station == route[0]
            for station in {unit.station, *(route if begins else ())}:
                for one in verdicts_of(db, (cells.row.line, station, unit.serial)):
                    known = one.machine == cells.row.number and window.start <= one.ts < window.end
                    if since < one.received <= until and not known:
                        yield Cause(one.received, cells.row.number, unit.ts, "unit", one.offset)


def _gap(one: Cause, other: Cause) -> int:
    """The time between two receipts, as wide as an hour at a correction: one step of its own, where it can be."""
    apart = other.received - one.received
    alone = one.said is not other.said and apart > SECOND
    return max(apart, HOUR) if alone else apart


def together(found: Iterable[Cause], most: int) -> list[list[Cause]]:
    """Causes in order of receipt, in `most` groups at most: messages that arrived within a minute of each other are
    together, corrections are apart as long as there is room."""
    order = sorted(found, key=lambda cause: (cause.received, cause.machine, cause.offset or 0))
    gaps = sorted((_gap(a, b) for a, b in pairwise(order)), reverse=True)
    narrowest = max(TOGETHER, gaps[most - 1] if len(gaps) >= most else 0)
    groups: list[list[Cause]] = []
    for cause in order:
        if groups and _gap(groups[-1][-1], cause) <= narrowest:
            groups[-1].append(cause)
        else:
            groups.append([cause])
    return groups
