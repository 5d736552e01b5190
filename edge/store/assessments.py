"""Assessments in the store: what monitors said and when, what each says now, and their states beside the cursor.

The history is append-only and its ids ascend, so that it can be followed by a cursor of one's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apsw
import msgspec

from edge.monitor import Assessment

ALARMS = ("watch", "plan", "act")
ROWS_MAX = 2_000_000  # beyond so many the oldest go, whatever their age
DROPPED_AT_ONCE = 2_000

SCHEMA = """
create table if not exists assessments(
    id integer primary key autoincrement, machine integer not null, monitor text not null, ts integer not null,
    state text not null, edge text, said blob not null);
create index if not exists assessments_of_machine on assessments(machine, ts);
create index if not exists assessments_by_time on assessments(ts);
create table if not exists watched(machine integer primary key, current blob not null, checkpoint blob not null);
"""


class Acknowledgement(msgspec.Struct, frozen=True, array_like=True):
    """Somebody has taken note of an alarm; it holds until the alarm clears or grows. `at` is in microseconds."""

    id: str
    by: str
    why: str
    at: int


class Current(msgspec.Struct, frozen=True, array_like=True):
    """What a monitor says of a machine now, and since when it has been in an alarm."""

    monitor: str
    said: Assessment
    since: int | None = None
    acknowledged: Acknowledgement | None = None


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A row of the history."""

    id: int
    machine: int
    monitor: str
    said: Assessment


_encode = msgspec.msgpack.Encoder().encode
_decode_said = msgspec.msgpack.Decoder(Assessment).decode
_decode_current = msgspec.msgpack.Decoder(list[Current]).decode


class AssessmentWriter:
    """Writes what monitors say and where they stand, inside the caller's transaction. Makes its tables."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._passed_over = 0
        db.execute(SCHEMA)

    def add(self, rows: Iterable[tuple[int, str, Assessment]]) -> None:
        """Append (machine, monitor, assessment) to the history."""
        self._db.executemany(
            "insert into assessments(machine, monitor, ts, state, edge, said) values(?,?,?,?,?,?)",
            [(machine, monitor, said.ts, said.state, said.edge, _encode(said)) for machine, monitor, said in rows],
        )

    def save(self, machine: int, current: Sequence[Current], checkpoint: bytes) -> None:
        """Write what is said of a machine now, and where its monitors stand."""
        self._db.execute("replace into watched values(?,?,?)", (machine, _encode(current), checkpoint))

    def save_totals(self, totals: bytes) -> None:
        self._db.execute("insert or replace into meta values('monitors', ?)", (totals,))

    def totals(self) -> bytes | None:
        """What `save_totals` wrote last."""
        found: Any = self._db.execute("select value from meta where key='monitors'").fetchone()
        return None if found is None else found[0]

    def forget_cursor(self) -> None:
        """What is shown to monitors the next time begins then."""
        self._db.execute("delete from meta where key in ('monitors', 'passed_over')")

    def save_passed_over(self, places: list[tuple[int, int]]) -> None:
        """Keep which events were not shown, where that has changed."""
        if len(places) != self._passed_over:
            self._passed_over = len(places)
            self._db.execute("insert or replace into meta values('passed_over', ?)", (_encode(places),))

    def passed_over(self) -> list[tuple[int, int]]:
        """What `save_passed_over` wrote last."""
        found: Any = self._db.execute("select value from meta where key='passed_over'").fetchone()
        places = [] if found is None else msgspec.msgpack.decode(found[0], type=list[tuple[int, int]])
        self._passed_over = len(places)
        return places

    def checkpoints(self) -> list[tuple[int, str, bytes]]:
        """(number, path, checkpoint) of every watched machine, by number."""
        sql = "select machine, path, checkpoint from watched join machines on id=machine order by machine"
        rows: list[Any] = self._db.execute(sql).fetchall()
        return rows


def current(db: apsw.Connection, machines: Iterable[int]) -> dict[int, list[Current]]:
    """What is said now of each of these machines of which anything is."""
    wanted = set(machines)
    one = next(iter(wanted)) if len(wanted) == 1 else None
    rows: Iterator[Any] = db.execute("select machine, current from watched where ?1 is null or machine=?1", (one,))
    found = {machine: _decode_current(blob) for machine, blob in rows if machine in wanted}
    return {machine: said for machine, said in found.items() if said}


def history(db: apsw.Connection, machines: Sequence[int], monitor: str | None, states: Sequence[str], start: int,
            end: int, limit: int, after: int = 0) -> list[Kept]:  # fmt: skip
    """Rows with event time in [start, end) in the order in which they were written, at most `limit`, after id `after`;
    no `states` means all."""
    marks, kinds = ",".join("?" * len(machines)), ",".join("?" * len(states))
    sql = (
        f"select id, machine, monitor, said from assessments where id>? and ts>=? and ts<? and machine in ({marks}) "  # noqa: S608  # marks only
        + ("and monitor=? " if monitor is not None else "")
        + (f"and state in ({kinds}) " if states else "")
        + "order by id limit ?"
    )
    given = [after, start, end, *machines, *([] if monitor is None else [monitor]), *states, limit]
    rows: Iterator[Any] = db.execute(sql, given)
    return [Kept(number, machine, name, _decode_said(said)) for number, machine, name, said in rows]


def following(db: apsw.Connection, after: int, limit: int) -> list[Kept]:
    """Rows after an id, in order: for whoever follows the history."""
    rows: Iterator[Any] = db.execute(
        "select id, machine, monitor, said from assessments where id>? order by id limit ?", (after, limit)
    )
    return [Kept(number, machine, name, _decode_said(said)) for number, machine, name, said in rows]


def drop(db: apsw.Connection, before: int) -> bool:
    """Drop some of what is older than `before`, or too much; True while there is more."""
    found: Any = db.execute("select max(id) from assessments").fetchone()
    newest = found[0] or 0
    db.execute(
        "delete from assessments where id in (select id from assessments where ts<? limit ?)", (before, DROPPED_AT_ONCE)
    )
    gone = db.changes()
    db.execute(
        "delete from assessments where id in (select id from assessments where id<=? order by id limit ?)",
        (newest - ROWS_MAX, DROPPED_AT_ONCE),
    )
    return max(gone, db.changes()) >= DROPPED_AT_ONCE
