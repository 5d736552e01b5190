"""Production events of a machine, kept by UTC hour: appended as they come, packed when their hour is over."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import apsw
import msgspec

from edge.events import AnyEvent
from edge.timeline.hour import HourEvents

_encode = msgspec.msgpack.Encoder().encode
_decode_events = msgspec.msgpack.Decoder(list[AnyEvent]).decode
_decode_alive = msgspec.msgpack.Decoder(list[tuple[int, int]]).decode

Intervals = Sequence[tuple[int, int]]


def append(db: apsw.Connection, machine: int, hour: int, events: Sequence[AnyEvent], alive: Intervals) -> None:
    """Keep events of one machine and hour, and the intervals in which it was heard."""
    received = max((e.received for e in events), default=0)
    db.execute(
        "insert into hot(machine, hour, n, max_received, events, alive) values(?,?,?,?,?,?)",
        (machine, hour, len(events), received, _encode(events), _encode(alive)),
    )


def stored(db: apsw.Connection, machine: int, hour: int) -> Iterable[tuple[list[AnyEvent], list[tuple[int, int]]]]:
    """What was appended for one hour, in the order in which it came."""
    rows = db.execute("select packed, events, alive from hot where machine=? and hour=? order by id", (machine, hour))
    for packed, events, alive in rows:
        yield _decode_events(zlib.decompress(events) if packed else events), _decode_alive(alive)


def load(
    db: apsw.Connection, machine: int, hour: int, resolution: int, received_until: int | None = None
) -> HourEvents:
    """The hour as the timeline reads it; with `received_until` only what had been received by then.

    The intervals in which the machine was heard carry no received time, so in that case events alone say so."""
    out = HourEvents(hour, resolution)
    for events, alive in stored(db, machine, hour):
        for event in events:
            if received_until is None or event.received <= received_until:
                out.add(event)
        for start, end in alive:
            if received_until is None or start <= received_until:
                out.alive.add(start, end if received_until is None else min(end, received_until))
    return out


def pack(db: apsw.Connection, machine: int, hour: int, resolution: int) -> None:
    """Make one compressed row of an hour's many; nothing is changed but the form."""
    rows = list(stored(db, machine, hour))
    if len(rows) < 2:
        return
    events = [event for part, _ in rows for event in part]
    heard = HourEvents(hour, resolution).alive
    for _, alive in rows:
        for start, end in alive:
            heard.add(start, end)
    received = max((e.received for e in events), default=0)
    db.execute("delete from hot where machine=? and hour=?", (machine, hour))
    db.execute(
        "insert into hot(machine, hour, n, max_received, packed, events, alive) values(?,?,?,?,1,?,?)",
        (machine, hour, len(events), received, zlib.compress(_encode(events), 6), _encode(list(heard))),
    )


def between(db: apsw.Connection, machine: int, start_hour: int, end_hour: int) -> list[int]:
    """Hours in [start_hour, end_hour) of which anything is known."""
    return [
        hour
        for (hour,) in db.execute(
            "select hour from hours where machine=? and hour>=? and hour<? order by hour",
            (machine, start_hour, end_hour),
        )
    ]
