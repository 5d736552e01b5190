"""What is durable of the outbox: how far each stream has been taken over by InfluxDB, and lines that it refused.

A file of its own beside the store, with one connection that belongs to the thread that sends. No point is kept here but
those refused: positions speak of rows of the store. Losing it is harmless: everything is sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apsw

DAMAGED = (apsw.CorruptError, apsw.NotADBError)
SCHEMA = """
create table if not exists places(name text primary key, value blob not null) without rowid;
create table if not exists gaps(
    id integer primary key, after_offset integer not null, until_offset integer not null, since integer not null,
    machine integer not null default 0, chunk integer not null default 0);
create table if not exists versions(machine integer primary key, version integer not null);
create table if not exists dead(
    id integer primary key, at integer not null, status integer not null, reason text not null, line text not null);
"""


class Gap(NamedTuple):
    """Readings with offsets in (after, until] that were not sent when they came. They are sent machine by machine, by
    number: all of those before `machine` are done, and of it the chunks up to `chunk`. `since` (us): when readings
    were sent last before it; 0: never."""

    id: int
    after: int
    until: int
    since: int
    machine: int
    chunk: int


class Dead(NamedTuple):
    """A line that InfluxDB refused, when (us), with which status, and why."""

    id: int
    at: int
    status: int
    reason: str
    line: str


class Positions:
    """Reads and writes positions. `db` is the connection: what belongs together is written in one transaction of it."""

    def __init__(self, path: Path) -> None:
        try:
            self.db = _opened(path)
        except DAMAGED:  # a power cut may do that; refused lines can still be looked for in what is kept
            for suffix in ("", "-wal", "-shm"):
                file = Path(f"{path}{suffix}")
                if file.exists():
                    file.replace(f"{path}.damaged{suffix}")
            self.db = _opened(path)

    def close(self) -> None:
        self.db.close()

    def value(self, name: str) -> int:
        """A single position; 0 where there is none."""
        found = self.db.execute("select value from places where name=?", (name,)).fetchone()
        return 0 if found is None else int(found[0])

    def set(self, **values: int) -> None:
        self.db.executemany("insert or replace into places values(?,?)", values.items())

    def belong_to(self, identity: bytes) -> None:
        """Begin anew where the positions are those of another store (it was built again); lines refused stay."""
        found = self.db.execute("select value from places where name='store'").fetchone()
        if found is None or found[0] != identity:
            with self.db:
                self.db.execute("delete from places; delete from gaps; delete from versions")
                self.db.execute("insert into places values('store', ?)", (identity,))

    def step_back(self, **most: int) -> None:
        """Single positions that are beyond these go back to them."""
        rows = [(value, name, value) for name, value in most.items()]
        self.db.executemany("update places set value=? where name=? and value>?", rows)

    def step_back_versions(self, most: Mapping[int, int]) -> None:
        """The same for versions, by machine; of machines that are unknown nothing is sent."""
        rows: list[Any] = self.db.execute("select machine, version from versions").fetchall()
        for machine, version in rows:
            if version > most.get(machine, 0):
                self.set_version(machine, most.get(machine, 0))

    def step_back_gaps(self, offset: int, chunk: int) -> None:
        """The same for gaps: what the store has not comes as news."""
        self.db.execute("delete from gaps where after_offset>=?", (offset,))
        self.db.execute("update gaps set until_offset=min(until_offset, ?), chunk=min(chunk, ?)", (offset, chunk))

    # gaps

    def gaps(self) -> list[Gap]:
        """Oldest first."""
        return [Gap(*row) for row in self.db.execute("select * from gaps order by id")]

    def add_gap(self, after: int, until: int, since: int) -> None:
        self.db.execute("insert into gaps(after_offset, until_offset, since) values(?,?,?)", (after, until, since))

    def move_gap(self, gap: int, machine: int, chunk: int) -> None:
        self.db.execute("update gaps set machine=?, chunk=? where id=?", (machine, chunk, gap))

    def close_gap(self, gap: int) -> None:
        self.db.execute("delete from gaps where id=?", (gap,))

    # KPI windows

    def version(self, machine: int) -> int:
        """Changes of a machine's hours up to this version are sent."""
        found = self.db.execute("select version from versions where machine=?", (machine,)).fetchone()
        return 0 if found is None else int(found[0])

    def set_version(self, machine: int, version: int) -> None:
        self.db.execute("insert or replace into versions values(?,?)", (machine, version))

    # refused lines

    def bury(self, at: int, refused: Iterable[tuple[int, str, str]]) -> None:
        """Keep refused lines: (status, reason, line)."""
        rows = [(at, *one) for one in refused]
        self.db.executemany("insert into dead(at, status, reason, line) values(?,?,?,?)", rows)

    def dead(self, limit: int, after: int = 0) -> list[Dead]:
        """Lines refused, oldest first."""
        sql = "select id, at, status, reason, line from dead where id>? order by id limit ?"
        return [Dead(*row) for row in self.db.execute(sql, (after, limit))]

    def dead_count(self) -> int:
        ((count,),) = self.db.execute("select count(*) from dead")
        return int(count)

    def forget_dead(self, numbers: Sequence[int]) -> None:
        self.db.executemany("delete from dead where id=?", [(number,) for number in numbers])


def _opened(path: Path) -> apsw.Connection:
    """The file, with its tables."""
    db = apsw.Connection(str(path))
    try:
        db.set_busy_timeout(5000)
        db.execute("pragma journal_mode=wal; pragma synchronous=normal; pragma cache_size=-500")
        db.execute(SCHEMA)
        if db.execute("pragma quick_check(1)").fetchall() != [("ok",)]:
            raise apsw.CorruptError(f"{path} is damaged")
    except BaseException:
        db.close()
        raise
    return db
