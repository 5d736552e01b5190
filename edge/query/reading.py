"""Connections for questions: each thread has one of its own, and it only reads."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

import apsw

from edge.errors import QueryError
from edge.store.schema import open_reader


class MachineRow(NamedTuple):
    """A machine as the store knows it; instants in microseconds."""

    number: int
    path: str
    line: int
    first_seen: int
    last_heard: int


class Connections:
    """Read-only connections to the store, one for each thread that asks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._all: list[apsw.Connection] = []
        self._lock = threading.Lock()
        self._generation = 0

    def get(self) -> apsw.Connection:
        """This thread's connection; a new one after `renew`."""
        db: apsw.Connection | None = getattr(self._local, "db", None)
        if db is None or self._local.generation != self._generation:
            db = open_reader(self._path)
            self._local.db, self._local.generation = db, self._generation
            with self._lock:
                self._all.append(db)
        return db

    def renew(self) -> None:
        """The store was replaced: nobody goes on reading the old file."""
        self.close()
        self._generation += 1

    def close(self) -> None:
        with self._lock:
            for db in self._all:
                db.close()
            self._all.clear()
        self._generation += 1


def machines_under(db: apsw.Connection, path: str) -> list[MachineRow]:
    """The machine at `path`, or all machines that it is a prefix of, by path; QueryError (404) where there is none."""
    sql = (
        "select id, path, line, first_seen, last_heard from machines "
        "where path=?1 or (path>=?2 and path<?3) order by path"
    )
    rows = db.execute(sql, (path, path + "/", path + "0"))
    found = [MachineRow(*row) for row in rows]
    if not found:
        raise QueryError("asset", path, f"no machine has published under {path!r}", 404)
    return found


def all_machines(db: apsw.Connection) -> list[MachineRow]:
    """Every machine that ever published, by path."""
    sql = "select id, path, line, first_seen, last_heard from machines order by path"
    return [MachineRow(*row) for row in db.execute(sql)]
