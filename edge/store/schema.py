"""The embedded store: one SQLite file, its tables, and how connections to it are opened."""

from __future__ import annotations

import contextlib
from pathlib import Path

import apsw

from edge.store import changes, hours, orders, pools, readings

VERSION = 2

SCHEMA = """
create table meta(key text primary key, value blob not null) without rowid;
create table lines(id integer primary key, path text not null unique);
create table machines(
    id integer primary key, path text not null unique, line integer not null,
    first_seen integer not null, last_heard integer not null, rules text not null default '');
create table hot(
    id integer primary key, machine integer not null, hour integer not null, n integer not null,
    max_received integer not null, packed integer not null default 0, events blob not null, alive blob not null);
create index hot_of_hour on hot(machine, hour);
create table hours(
    machine integer not null, hour integer not null, max_received integer not null, row blob,
    dirty integer not null default 1, version integer not null, primary key(machine, hour)) without rowid;
create index hours_by_version on hours(machine, version);
create index dirty_hours on hours(machine, hour) where dirty;
create table kpis(id integer primary key, name text not null unique, version text not null);
create table facts(
    kpi integer not null, machine integer not null, start integer not null, end integer not null,
    revision integer not null, facts blob not null, primary key(kpi, machine, start)) without rowid;
create table units(
    line integer not null, station text not null, serial text not null, machine integer not null,
    first_ts integer not null, verdicts blob not null, primary key(line, station, serial)) without rowid;
create index units_of_machine on units(machine, first_ts);
create table ids(key integer primary key, day integer not null);
create index ids_by_day on ids(day);
create table sequences(
    machine integer not null, boot text not null, changed integer not null, ranges blob not null,
    primary key(machine, boot)) without rowid;
create table rejections(
    offset integer not null, idx integer not null, received integer not null, topic text not null, asset text,
    reason text not null, detail text not null, size integer not null, primary key(offset, idx)) without rowid;
create table corrections(
    id text primary key, machine integer not null, start integer not null, end integer not null,
    offset integer not null, received integer not null, revoked_offset integer, revoked integer,
    said blob not null, revocation blob, intervals blob not null, parts blob not null);
create index corrections_of_machine on corrections(machine, end);
create table notices(
    offset integer primary key, received integer not null, reason text not null, since integer, until integer,
    detail text not null);
"""


class StoreTooNew(Exception):
    """The store was written by a newer version; `found` is its schema number."""

    def __init__(self, path: Path, found: int) -> None:
        super().__init__(f"{path} has schema {found}, this version knows {VERSION}: install the newer version again")
        self.path, self.found = path, found


def open_writer(path: Path) -> apsw.Connection:
    """The one connection that writes and checkpoints; makes the tables where the file is new. apsw.Error if damaged."""
    db = apsw.Connection(str(path))
    try:
        db.set_busy_timeout(5000)
        db.execute("pragma journal_mode=wal; pragma synchronous=normal; pragma wal_autocheckpoint=2000")
        db.execute("pragma cache_size=-8000; pragma journal_size_limit=67108864; pragma temp_store=memory")
        found = int(db.pragma("user_version"))
        if found > VERSION:
            raise StoreTooNew(path, found)
        if found == 0:
            with db:
                db.execute(SCHEMA)
                db.execute(readings.SCHEMA)
                db.execute(orders.SCHEMA)
                db.execute(pools.SCHEMA)
                db.execute(f"pragma user_version={VERSION}")
        db.execute(changes.SCHEMA)
        db.execute(hours.SCHEMA)
        if found:
            _look(db)
            _migrate(db, found)
        db.execute("insert or ignore into meta values('identity', randomblob(16))")
    except BaseException:
        db.close()
        raise
    return db


def _migrate(db: apsw.Connection, found: int) -> None:
    """Bring a store of an older version up to date, in one transaction."""
    if found == VERSION:
        return
    with db:
        if found < 2:
            db.execute(pools.SCHEMA)
        db.execute(f"pragma user_version={VERSION}")


def _look(db: apsw.Connection) -> None:
    """Read a little of every table, so that a damaged file is found at start and not in the middle of work."""
    for (name,) in list(db.execute("select name from sqlite_master where type='table' and name not like 'sqlite%'")):
        db.execute(f'select * from "{name}" limit 1').fetchall()  # noqa: S608  # names come from the schema


def move_log(db: apsw.Connection) -> None:
    """Move what is in the write-ahead log into the file, unless a reader is in the way."""
    db.set_busy_timeout(500)
    with contextlib.suppress(apsw.BusyError):
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def open_reader(path: Path) -> apsw.Connection:
    """A connection that only reads."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(5000)
    db.execute("pragma query_only=on; pragma cache_size=-4000; pragma temp_store=memory")
    return db
