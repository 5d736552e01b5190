"""Changes of plant data in the store: what was said, when it arrived, and whether it was revoked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apsw
import msgspec

from edge.changes import PlantChange
from edge.store import said as told

SCHEMA = """
create table if not exists plant_changes(
    offset integer primary key, id text not null unique, received integer not null, revoked_offset integer,
    revoked integer, said blob not null, revocation blob);
"""
_decoder = msgspec.json.Decoder(PlantChange)
_decode = _decoder.decode


def add(db: apsw.Connection, offset: int, received: int, said: PlantChange) -> None:
    """Keep a change; one whose id is known was said before."""
    db.execute(
        "insert or ignore into plant_changes(offset, id, received, said) values(?,?,?,?)",
        (offset, said.id, received, msgspec.json.encode(said)),
    )


def revoke(db: apsw.Connection, offset: int, received: int, said: PlantChange) -> None:
    """Say that a change does not hold any more, where it does."""
    db.execute(
        "update plant_changes set revoked_offset=?, revoked=?, revocation=? where id=? and revoked is null",
        (offset, received, msgspec.json.encode(said), said.revokes),
    )


def holding(db: apsw.Connection, received_until: int | None = None) -> dict[int, PlantChange]:
    """The changes that hold, by offset; with `received_until` as they were known then."""
    sql = (
        "select offset, said from plant_changes where (?1 is null or received<=?1) "
        "and (revoked is null or revoked>coalesce(?1, revoked)) order by offset"
    )
    return {offset: _decode(said) for offset, said in db.execute(sql, (received_until,))}


def known_at(db: apsw.Connection, offset: int) -> tuple[list[PlantChange], set[str]]:
    """What the journal had said up to an offset: the changes that held then, and the ids of all changes."""
    sql = "select id, said, coalesce(revoked_offset, ?1 + 1) > ?1 from plant_changes where offset<=?1 order by offset"
    rows: list[Any] = db.execute(sql, (offset,)).fetchall()
    return [_decode(said) for _, said, holds in rows if holds], {number for number, _, _ in rows}


def state(db: apsw.Connection, received_until: int | None = None) -> tuple[int, ...]:
    """Tells apart what `holding` gives: the offsets of the changes that hold."""
    sql = (
        "select offset from plant_changes where (?1 is null or received<=?1) "
        "and (revoked is null or revoked>coalesce(?1, revoked)) order by offset"
    )
    return tuple(offset for (offset,) in db.execute(sql, (received_until,)))


def said_between(db: apsw.Connection, since: int, until: int) -> Iterator[tuple[int, int, PlantChange, PlantChange]]:
    """(received, offset, what was said, the change that it is about) of changes and revocations received in
    (since, until]."""
    sql = "select received, offset, said, revoked, revoked_offset, revocation from plant_changes order by offset"
    rows: list[Any] = db.execute(sql).fetchall()
    for received, offset, said, revoked, revoked_offset, revocation in rows:
        if since < received <= until:
            yield received, offset, _decode(said), _decode(said)
        if revoked is not None and since < revoked <= until:
            yield revoked, revoked_offset, _decode(revocation), _decode(said)


def listed(db: apsw.Connection, received_until: int | None = None) -> list[dict[str, Any]]:
    """All changes in the order in which they were said, revoked ones marked."""
    sql = (
        "select said, offset, received, revoked, revocation from plant_changes "
        "where ?1 is null or received<=?1 order by offset"
    )
    return told.listed(db.execute(sql, (received_until,)), _decoder, received_until)
