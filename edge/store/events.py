"""Production events of a machine, kept by UTC hour: appended as they come, packed when their hour is over.

With them stands when the machine was heard, by anything that it said: intervals of event time, and of what came late
the second of its receipt, so that a past answer can leave out what was not there yet.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import apsw
import msgspec

from edge.clock import HOUR, SECOND
from edge.events import AnyEvent, Offline
from edge.timeline.alive import Alive
from edge.timeline.hour import HourEvents

_encode = msgspec.msgpack.Encoder().encode
_decode_events = msgspec.msgpack.Decoder(list[AnyEvent]).decode
PROMPT = 5 * SECOND
"""What is received so soon counts as received when it happened."""

Heard = tuple[int, int, int]
"""(first, last, second of the receipt, or 0 where that was prompt): an interval in which a machine was heard."""

_decode_alive = msgspec.msgpack.Decoder(list[Heard]).decode


class New(NamedTuple):
    """Events of one machine and hour, and the intervals in which it was heard, not yet written."""

    machine: int
    hour: int
    events: Sequence[AnyEvent]
    heard: Sequence[Heard]

    @property
    def max_received(self) -> int:
        """When the last of it was received; 0 where all of it is prompt word of life."""
        known_from = [event.received for event in self.events]
        known_from += [(late + 1) * SECOND for _, _, late in self.heard if late]
        return max(known_from, default=0)


def append(db: apsw.Connection, new: Iterable[New]) -> None:
    """Keep what is new."""
    db.executemany(
        "insert into hot(machine, hour, n, max_received, events, alive) values(?,?,?,?,?,?)",
        (
            (
                one.machine, one.hour, len(one.events), max((e.received for e in one.events), default=0),
                _encode(one.events), _encode(one.heard),
            )
            for one in new
        ),
    )  # fmt: skip


class Stored(NamedTuple):
    """What came with one commit, or all of an hour that is packed; numbers grow."""

    number: int
    events: list[AnyEvent]
    heard: list[Heard]


def rows_from(db: apsw.Connection, machine: int, hour: int, number: int = -1) -> list[Stored]:
    """What was appended for one hour from a row on, in the order in which it came."""
    sql = "select id, packed, events, alive from hot where machine=? and hour=? and id>=? order by id"
    return [
        Stored(found, _decode_events(zlib.decompress(events) if packed else events), _decode_alive(alive))
        for found, packed, events, alive in db.execute(sql, (machine, hour, number))
    ]


def stored(db: apsw.Connection, machine: int, hour: int) -> Iterable[tuple[list[AnyEvent], list[Heard]]]:
    """What was appended for one hour, in the order in which it came."""
    return [(row.events, row.heard) for row in rows_from(db, machine, hour)]


def load(
    db: apsw.Connection, machine: int, hour: int, resolution: int, received_until: int | None = None
) -> HourEvents:
    """The hour as the timeline reads it; with `received_until` only what had been received by then."""
    out, rows = HourEvents(hour, resolution), rows_from(db, machine, hour)
    if received_until is None:
        add_all(out, rows)
        return out
    for row in rows:
        _add_known(out, row.events, row.heard, received_until)
    return out


def add_all(hour: HourEvents, rows: Sequence[Stored]) -> None:
    """Add rows at once: a running hour has one for each commit."""
    hour.add([event for row in rows for event in row.events])
    hour.alive.extend([(start, end) for row in rows for start, end, _ in row.heard])


def _add_known(out: HourEvents, events: Sequence[AnyEvent], alive: Sequence[Heard], received_until: int) -> None:
    known = [event for event in events if event.received <= received_until]
    out.add(known)
    for event in known:
        if not isinstance(event, Offline) and out.hour <= event.ts < out.hour + HOUR:
            out.alive.add(event.ts, event.ts)
    for start, end, late in alive:
        if late:
            if (late + 1) * SECOND <= received_until + 1:
                out.alive.add(start, end)
        elif start <= received_until:
            out.alive.add(start, min(end, received_until))


def pack(db: apsw.Connection, machine: int, hour: int, resolution: int) -> None:
    """Make one compressed row of an hour's many; nothing is changed but the form. It takes the place of the last one,
    so that whoever follows the rows by their number finds only what is new."""
    rows = list(stored(db, machine, hour))
    if len(rows) < 2:
        return
    events = [event for part, _ in rows for event in part]
    heard: dict[int, Alive] = {}
    for _, alive in rows:
        for start, end, late in alive:
            heard.setdefault(late, Alive(resolution)).add(start, end)
    intervals = [(start, end, late) for late, known in heard.items() for start, end in known]
    received = max((e.received for e in events), default=0)
    ((last,),) = db.execute("select max(id) from hot where machine=? and hour=?", (machine, hour))
    db.execute("delete from hot where machine=? and hour=?", (machine, hour))
    db.execute(
        "insert into hot(id, machine, hour, n, max_received, packed, events, alive) values(?,?,?,?,?,1,?,?)",
        (last, machine, hour, len(events), received, zlib.compress(_encode(events), 6), _encode(intervals)),
    )


def newest(db: apsw.Connection, machine: int, until: int) -> int | None:
    """The latest event time before `until` that a machine has spoken of; None where there is none."""
    found = db.execute("select max(hour) from hours where machine=? and hour<?", (machine, until)).fetchone()
    if found is None or found[0] is None:
        return None
    times = [
        ts
        for events, heard in stored(db, machine, int(found[0]))
        for ts in (*(event.ts for event in events), *(last for _, last, _ in heard))
    ]
    return max((ts for ts in times if ts < until), default=None)


def keep_number(db: apsw.Connection, number: int) -> None:
    """Give a number to the last row, unless it has a higher one."""
    db.execute("update hot set id=?1 where id=(select max(id) from hot) and id<?1", (number,))


def between(db: apsw.Connection, machine: int, start_hour: int, end_hour: int) -> list[int]:
    """Hours in [start_hour, end_hour) of which anything is known."""
    return [
        hour
        for (hour,) in db.execute(
            "select hour from hours where machine=? and hour>=? and hour<? order by hour",
            (machine, start_hour, end_hour),
        )
    ]
