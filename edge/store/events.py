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


def stored(db: apsw.Connection, machine: int, hour: int) -> Iterable[tuple[list[AnyEvent], list[Heard]]]:
    """What was appended for one hour, in the order in which it came."""
    rows = db.execute("select packed, events, alive from hot where machine=? and hour=? order by id", (machine, hour))
    for packed, events, alive in rows:
        yield _decode_events(zlib.decompress(events) if packed else events), _decode_alive(alive)


def load(
    db: apsw.Connection, machine: int, hour: int, resolution: int, received_until: int | None = None
) -> HourEvents:
    """The hour as the timeline reads it; with `received_until` only what had been received by then."""
    out = HourEvents(hour, resolution)
    parts = list(stored(db, machine, hour))
    if received_until is not None:
        for events, alive in parts:
            _add_known(out, events, alive, received_until)
        return out
    out.add([event for events, _ in parts for event in events])  # at once: a running hour has a row for each commit
    for _, alive in parts:
        out.alive.extend([(start, end) for start, end, _ in alive])
    return out


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
