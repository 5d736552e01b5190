"""Corrections in the store: what was said, what it lays over which time, and whether it was revoked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import apsw
import msgspec

from edge.clock import HOUR
from edge.corrections import Correction, Interval, Parts
from edge.store import events as event_store
from edge.store import said as told
from edge.timeline.hour import HourEvents

_encode = msgspec.msgpack.Encoder().encode
_decode_intervals = msgspec.msgpack.Decoder(list[Interval]).decode
_decode_parts = msgspec.msgpack.Decoder(list[Parts]).decode
_said = msgspec.json.Decoder(Correction)
_decode_said = _said.decode


def add(db: apsw.Connection, machine: int, offset: int, received: int, said: Correction,
        intervals: Sequence[Interval], parts: Sequence[Parts]) -> bool:  # fmt: skip
    """Keep a correction; False where its id is known."""
    if db.execute("select 1 from corrections where id=?", (said.id,)).fetchone():
        return False
    instants = [*(i.start for i in intervals), *(i.end for i in intervals), *(p.ts for p in parts)]
    db.execute(
        "insert into corrections(id, machine, start, end, offset, received, said, intervals, parts) "
        "values(?,?,?,?,?,?,?,?,?)",
        (
            said.id, machine, min(instants, default=received), max(instants, default=received), offset, received,
            msgspec.json.encode(said), _encode(intervals), _encode(parts),
        ),
    )  # fmt: skip
    return True


def revoke(db: apsw.Connection, offset: int, received: int, said: Correction) -> tuple[int, list[int]] | None:
    """Revoke a correction; returns (machine, hours that it touched), None where there is nothing to revoke."""
    found = db.execute(
        "select machine, intervals, parts from corrections where id=? and revoked is null", (said.revokes,)
    ).fetchone()
    if found is None:
        return None
    db.execute(
        "update corrections set revoked_offset=?, revoked=?, revocation=? where id=?",
        (offset, received, msgspec.json.encode(said), said.revokes),
    )
    machine, intervals, parts = found
    return int(machine), hours(_decode_intervals(intervals), _decode_parts(parts))


def holds(db: apsw.Connection, number: str) -> bool:
    """Whether a correction of this id is there, not revoked, and one that can be: what monitors knew before work was
    done is gone."""
    found: Any = db.execute("select said from corrections where id=? and revoked is null", (number,)).fetchone()
    return found is not None and _decode_said(found[0]).kind != "work_done"


def hours(intervals: Sequence[Interval], parts: Sequence[Parts]) -> list[int]:
    """The UTC hours that corrections touch."""
    touched = {part.ts - part.ts % HOUR for part in parts}
    for one in intervals:
        touched.update(range(one.start - one.start % HOUR, one.end, HOUR))
    return sorted(touched)


def load_hour(db: apsw.Connection, machine: int, hour: int, resolution: int,
              received_until: int | None = None) -> HourEvents:  # fmt: skip
    """The events of an hour with the corrections that hold over it; with `received_until` as they were known then."""
    found = event_store.load(db, machine, hour, resolution, received_until)
    return lay_over(db, machine, found, received_until)


def lay_over(db: apsw.Connection, machine: int, events: HourEvents, received_until: int | None = None) -> HourEvents:
    """Events of an hour with the corrections over it that hold, or held by an instant of receipt."""
    for _, intervals, parts in holding(db, machine, events.hour, events.hour + HOUR, received_until):
        events.correct(intervals, parts)
    return events


def holding(db: apsw.Connection, machine: int, start: int, end: int,
            received_until: int | None = None) -> Iterator[tuple[int, list[Interval], list[Parts]]]:  # fmt: skip
    """(offset, intervals, parts) in [start, end) of the corrections that hold there, in the order in which they were
    said; with `received_until` as they were known then."""
    sql = (
        "select offset, intervals, parts from corrections where machine=?1 and end>=?2 and start<?3 and "
        "(?4 is null or received<=?4) and (revoked is null or revoked>coalesce(?4, revoked)) order by offset"
    )
    rows: list[Any] = db.execute(sql, (machine, start, end, received_until)).fetchall()
    for offset, intervals, parts in rows:
        over = [i for i in _decode_intervals(intervals) if i.end > start and i.start < end]
        yield offset, over, [p for p in _decode_parts(parts) if start <= p.ts < end]


def said_between(db: apsw.Connection, machine: int, start: int, end: int, since: int,
                 until: int) -> Iterator[tuple[int, int, Correction]]:  # fmt: skip
    """(received, offset, what was said) of corrections and revocations received in (since, until] that touch
    [start, end)."""
    sql = (
        "select received, offset, said, revoked, revoked_offset, revocation from corrections "
        "where machine=? and end>=? and start<?"
    )
    rows: list[Any] = db.execute(sql, (machine, start, end)).fetchall()
    for received, offset, said, revoked, revoked_offset, revocation in rows:
        if since < received <= until:
            yield received, offset, _decode_said(said)
        if revoked is not None and since < revoked <= until:
            yield revoked, revoked_offset, _decode_said(revocation)


def listed(db: apsw.Connection, machine: int | None, start: int, end: int,
           received_until: int | None = None) -> list[dict[str, Any]]:  # fmt: skip
    """Corrections that touch [start, end), in the order in which they were said, revoked ones marked."""
    sql = (
        "select said, offset, received, revoked, revocation from corrections where (?1 is null or machine=?1) "
        "and end>=?2 and start<?3 and (?4 is null or received<=?4) order by offset"
    )
    return told.listed(db.execute(sql, (machine, start, end, received_until)), _said, received_until)
