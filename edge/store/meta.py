"""Small things of the store: numbers of names, versions, single values."""

from __future__ import annotations

from typing import Any, Literal

import apsw
import msgspec

Table = Literal["kpis", "machines", "lines"]


def number_of(db: apsw.Connection, table: Table, column: Literal["name", "path"], text: str) -> int:
    """The number of a row that exists; LookupError where it does not."""
    found = db.execute(f"select id from {table} where {column}=?", (text,)).fetchone()  # noqa: S608  # both are literals
    if found is None:
        raise LookupError(f"{table} has no {text!r}")
    return int(found[0])


class Numbers:
    """Numbers of paths, given in memory and written by `flush` in the caller's transaction: a new machine costs no
    transaction of its own. `columns` are those beside id and path."""

    def __init__(self, db: apsw.Connection, table: Literal["machines", "lines"], columns: tuple[str, ...]) -> None:
        self._db, self._table, self._columns = db, table, columns
        rows = db.execute(f"select path, id from {table}")  # noqa: S608  # one of two literals
        self._known: dict[str, int] = {str(path): int(number) for path, number in rows}
        self._next = max(self._known.values(), default=0) + 1
        self._new: list[tuple[Any, ...]] = []

    def number(self, path: str) -> int | None:
        """The number of a path, None where it has none yet."""
        return self._known.get(path)

    def take(self, path: str, values: tuple[Any, ...]) -> int:
        """Give a path the next number."""
        number, self._next = self._next, self._next + 1
        self._known[path] = number
        self._new.append((number, path, *values))
        return number

    def flush(self) -> None:
        """Write the new ones."""
        names = ("id", "path", *self._columns)
        marks = ",".join("?" * len(names))
        sql = f"insert into {self._table}({','.join(names)}) values({marks})"  # names from the code
        self._db.executemany(sql, self._new)
        self._new.clear()


def set_kpi_version(db: apsw.Connection, name: str, version: str) -> bool:
    """Note the version of a KPI; True where it is new or another one than before."""
    found = db.execute("select version from kpis where name=?", (name,)).fetchone()
    if found is not None and found[0] == version:
        return False
    db.execute(
        "insert into kpis(name, version) values(?,?) on conflict(name) do update set version=excluded.version",
        (name, version),
    )
    return True


def identity(db: apsw.Connection) -> bytes:
    """Names the store: one that was built again has another name."""
    found: Any = db.execute("select value from meta where key='identity'").fetchone()
    return bytes(found[0])


def processed(db: apsw.Connection) -> int:
    """The offset of the last record whose results are committed; 0 at the begin."""
    found = db.execute("select value from meta where key='tally'").fetchone()
    return 0 if found is None else int(msgspec.msgpack.decode(found[0])["cursor"])
