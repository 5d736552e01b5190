"""Connections for questions: each thread has one of its own, and it only reads."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw

from edge.store.schema import open_reader


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
