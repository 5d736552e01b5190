"""Machines as the store knows them, and which of them a path means."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

import apsw

from edge.errors import QueryError


class MachineRow(NamedTuple):
    """A machine as the store knows it; instants in microseconds."""

    number: int
    path: str
    line: int
    first_seen: int
    last_heard: int


def machines_under(db: apsw.Connection, path: str) -> list[MachineRow]:
    """The machine at `path`, or all machines that it is a prefix of, by path; QueryError (404) where there is none."""
    sql = (
        "select id, path, line, first_seen, last_heard from machines "
        "where path=?1 or (path>=?2 and path<?3) order by path"
    )
    rows = db.execute(sql, (path, path + "/", path + "0"))
    found = [MachineRow(*row) for row in rows]
    if not found:
        told = f"no machine has published under {path!r}"
        raise QueryError("asset", path, told, 404, expected="a path that /api/v1/assets lists")
    return found


def machines_at(db: apsw.Connection, paths: Iterable[str]) -> list[MachineRow]:
    """Those machines of some paths that the store knows, by path."""
    sql = (
        "select id, path, line, first_seen, last_heard from machines "
        "where path in (select value from json_each(?)) order by path"
    )
    return [MachineRow(*row) for row in db.execute(sql, (json.dumps(list(paths)),))]


def all_machines(db: apsw.Connection) -> list[MachineRow]:
    """Every machine that ever published, by path."""
    sql = "select id, path, line, first_seen, last_heard from machines order by path"
    return [MachineRow(*row) for row in db.execute(sql)]


def heard(db: apsw.Connection, rows: Iterable[tuple[int, int]]) -> None:
    """Note when machines were heard last: (received, number)."""
    db.executemany(
        "update machines set last_heard=?1, first_seen=case first_seen when 0 then ?1 else first_seen end where id=?2",
        rows,
    )
