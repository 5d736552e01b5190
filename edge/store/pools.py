"""Pools: facts of all machines of a line in one stretch between shift bounds or local midnights, added up.

A pool repeats what cells say, so that a question about months adds hundreds of rows and not tens of thousands. One may
be missing, and then the cells are added up; none is ever wrong: whoever writes a cell drops the pools that it reaches.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from edge.clock import DAY, HOUR
from edge.facts import in_64_bits

SCHEMA = """
create table pools(
    line integer not null, kpi integer not null, start integer not null, end integer not null,
    members integer not null, revision integer not null, parts blob not null,
    primary key(line, kpi, start)) without rowid;
"""
LONGEST = 3 * DAY  # local midnights are a day apart, and two where a zone leaves a date out

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[dict[str, Any]]).decode


class Pool(NamedTuple):
    """[start, end), the revision of what it is the sum of, and facts whose total is the sum."""

    start: int
    end: int
    revision: int
    parts: list[dict[str, Any]]


class Members(NamedTuple):
    """The machines of a line; `mark` changes with them and with what decides their numbers."""

    machines: frozenset[int]
    mark: int


def members(db: apsw.Connection, line: int) -> Members:
    """The machines that pools of a line have to be of."""
    rows = db.execute("select id, rules from machines where line=? order by id", (line,)).fetchall()
    return Members(frozenset(int(number) for number, _ in rows), zlib.crc32(repr(rows).encode()))  # type: ignore[arg-type]


def read(db: apsw.Connection, line: int, mark: int, kpi: int, start: int, end: int) -> list[Pool]:
    """The pools that lie in [start, end), in order."""
    sql = (
        "select start, end, revision, parts from pools where line=? and kpi=? and start>=? and start<? and end<=? "
        "and members=? order by start"
    )
    found = db.execute(sql, (line, kpi, start, end, end, mark))
    return [Pool(at, until, revision, _decode(blob)) for at, until, revision, blob in found]


def starts(db: apsw.Connection, line: int, mark: int, kpi: int, start: int, end: int) -> set[int]:
    """Where pools begin in [start, end)."""
    sql = "select start from pools where line=? and kpi=? and start>=? and start<? and members=?"
    return {at for (at,) in db.execute(sql, (line, kpi, start, end, mark))}


def is_silent(db: apsw.Connection, line: int, start: int, end: int) -> bool:
    """Whether no hour of the line's machines that is stored shares time with [start, end)."""
    sql = (
        "select 1 from machines m where line=?1 and exists"
        "(select 1 from hours where machine=m.id and hour>=?2 and hour<?3)"
    )
    return db.execute(sql, (line, start - start % HOUR, end)).fetchone() is None


def last_end(db: apsw.Connection, line: int, kpi: int) -> int | None:
    """Where the last pool of a line ends; None where there is none."""
    sql = "select end from pools where line=? and kpi=? order by start desc limit 1"
    found = db.execute(sql, (line, kpi)).fetchone()
    return None if found is None else int(found[0])


def save(db: apsw.Connection, line: int, mark: int, start: int, end: int,
         found: Mapping[int, tuple[int, Sequence[Mapping[str, Any]]]]) -> None:  # fmt: skip
    """Keep the pools of one stretch: (revision, parts) by KPI."""
    rows = [(line, kpi, start, end, mark, revision, _packed(parts)) for kpi, (revision, parts) in found.items()]
    db.executemany("insert into pools values(?,?,?,?,?,?,?)", rows)


def _packed(parts: Sequence[Mapping[str, Any]]) -> bytes:
    try:
        return _encode(parts)
    except OverflowError:
        return _encode([in_64_bits(part) for part in parts])


def drop(db: apsw.Connection, line: int, start: int, end: int) -> None:
    """Drop the pools that share time with [start, end)."""
    db.execute(
        "delete from pools where line=? and kpi in (select id from kpis) and start>? and start<? and end>?",
        (line, start - LONGEST, end, start),
    )


def drop_all(db: apsw.Connection) -> None:
    """Drop every pool."""
    db.execute("delete from pools")
