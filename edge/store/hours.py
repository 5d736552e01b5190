"""Evaluated hours and their facts: what a question adds up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import apsw
import msgspec

from edge.facts import in_64_bits
from edge.timeline.history import Base, Row
from edge.timeline.states import FAR
from edge.timeline.walk import Carry

SCHEMA = "create table if not exists bases(machine integer primary key, at integer not null, carry blob not null)"
_encode = msgspec.msgpack.Encoder().encode
_decode_row = msgspec.msgpack.Decoder(Row).decode
_decode_carry = msgspec.msgpack.Decoder(Carry).decode
_decode_facts = msgspec.msgpack.Decoder(dict[str, Any]).decode
_NEXT = "(select 1+coalesce(max(version),0) from hours where machine=?1)"
"""The version of a change: higher than all before of the machine."""
APART = 50  # changed hours of which each is looked at
FactsRow = tuple[int, int, int, dict[str, Any]]
"""(start, end, revision, facts) of one machine and KPI."""


def _row(found: tuple[Any, ...] | None) -> Row | None:
    return None if found is None or found[0] is None else _decode_row(found[0])


class HourRows:
    """The evaluated hours of one machine, read from the store."""

    def __init__(self, db: apsw.Connection, machine: int) -> None:
        self.db, self.machine = db, machine

    @cached_property
    def base(self) -> Base | None:
        """What hours left that are no longer kept, as it was when it was first asked for; None where all are kept."""
        found: Any = self.db.execute("select at, carry from bases where machine=?", (self.machine,)).fetchone()
        return None if found is None else Base(found[0], _decode_carry(found[1]))

    def row(self, hour: int) -> Row | None:
        found = self.db.execute("select row from hours where machine=? and hour=?", (self.machine, hour)).fetchone()
        return _row(found)

    def row_before(self, hour: int) -> Row | None:
        sql = "select row from hours where machine=? and hour<? and row not null order by hour desc limit 1"
        return _row(self.db.execute(sql, (self.machine, hour)).fetchone())

    def row_after(self, hour: int) -> Row | None:
        sql = "select row from hours where machine=? and hour>? and row not null order by hour limit 1"
        return _row(self.db.execute(sql, (self.machine, hour)).fetchone())

    def dirty(self, before: int) -> set[int]:
        """Hours before an instant whose evaluation is older than their events."""
        sql = "select hour from hours indexed by dirty_hours where machine=? and dirty and hour<?"  # few among many
        return {hour for (hour,) in self.db.execute(sql, (self.machine, before))}

    def changed_after(self, received: int) -> int | None:
        """The first hour that holds an event received after an instant."""
        sql = "select min(hour) from hours where machine=? and max_received>?"
        found = self.db.execute(sql, (self.machine, received)).fetchone()
        return None if found is None else found[0]


def newest_version(db: apsw.Connection, machine: int) -> int:
    """The version of the last change of a machine's hours; -1 where it has none."""
    found: Any = db.execute("select max(version) from hours where machine=?", (machine,)).fetchone()
    return -1 if found[0] is None else int(found[0])


def changed_since(db: apsw.Connection, machine: int, version: int) -> tuple[int, list[int]]:
    """The version of the last change, and the hours that have changed since an earlier one, in order.

    This state of the store may be an older one than that of `version`: then nothing has changed since, and the version
    returned is lower."""
    sql = "select hour, version from hours where machine=? and version>?"
    rows: list[Any] = db.execute(sql, (machine, version)).fetchall()
    if not rows:
        return newest_version(db, machine), []
    return max(found for _, found in rows), sorted(hour for hour, _ in rows)


def reach(db: apsw.Connection, machine: int, hours: Sequence[int]) -> list[tuple[int, int]]:
    """What changed hours reach, as [start, end): from the evaluated hour before to the one after, because silence
    between hours is worked out from both. Many hours are taken together with all that lies between them."""
    sql = (
        "select (select hour from hours where machine=?1 and hour<?2 and row not null order by hour desc limit 1), "
        "(select hour from hours where machine=?1 and hour>?3 and row not null order by hour limit 1)"
    )
    found = []
    for first, last in [(hours[0], hours[-1])] if len(hours) > APART else [(hour, hour) for hour in hours]:
        previous, following = db.execute(sql, (machine, first, last)).fetchone()  # type: ignore[misc]  # one row
        found.append((-FAR if previous is None else int(previous), FAR if following is None else int(following)))
    return found


def drop(db: apsw.Connection, machine: int, until: int) -> None:
    """Drop the hours before an instant, but not what was known at their end."""
    last = HourRows(db, machine).row_before(until)
    if last is not None:
        db.execute(
            "insert into bases(machine, at, carry) values(?,?,?) "
            "on conflict do update set at=excluded.at, carry=excluded.carry where excluded.at>at",
            (machine, last.until, _encode(last.carry_out)),
        )
    db.execute("delete from hours where machine=? and hour<?", (machine, until))


def touch(db: apsw.Connection, rows: Iterable[tuple[int, int, int]]) -> None:
    """Say that hours have new events: (machine, hour, when the last of them was received)."""
    db.executemany(
        f"insert into hours(machine, hour, max_received, version) values(?1,?2,?3,{_NEXT}) on conflict do update set "
        "dirty=1, max_received=max(max_received, excluded.max_received), version=excluded.version",
        rows,
    )


def touch_between(db: apsw.Connection, machine: int, start: int, end: int, received: int) -> set[int]:
    """Say that known hours of [start, end) are other hours since an instant of receipt; returns these hours."""
    db.execute(
        "update hours set dirty=1, max_received=max(max_received, ?4), "
        "version=1+(select max(version) from hours h where h.machine=?1) where machine=?1 and hour>=?2 and hour<?3",
        (machine, start, end, received),
    )
    sql = "select hour from hours where machine=? and hour>=? and hour<?"
    return {hour for (hour,) in db.execute(sql, (machine, start, end))}


def save(db: apsw.Connection, machine: int, row: Row, *, dirty: bool) -> None:
    """Keep an evaluated hour."""
    db.execute(
        f"insert into hours(machine, hour, max_received, row, dirty, version) values(?1,?2,0,?3,?4,{_NEXT}) "
        "on conflict do update set row=excluded.row, dirty=excluded.dirty, version=excluded.version",
        (machine, row.hour, _encode(row), int(dirty)),
    )


def all_dirty(db: apsw.Connection, machine: int | None = None) -> None:
    """Say that the hours of a machine (or of all) have to be evaluated again."""
    db.execute(
        "update hours set dirty=1, version=1+(select max(version) from hours h where h.machine=hours.machine) "
        "where ?1 is null or machine=?1",
        (machine,),
    )


def keep_version(db: apsw.Connection, machine: int, version: int) -> None:
    """Give a version to the newest hour of a machine, unless it has a higher one."""
    db.execute(
        "update hours set version=max(version, ?2) where machine=?1 "
        "and hour=(select max(hour) from hours where machine=?1)",
        (machine, version),
    )


def save_facts(db: apsw.Connection, machine: int, start: int, end: int, facts: Mapping[int, Mapping[str, Any]], *,
               provisional: bool) -> None:  # fmt: skip
    """Keep the facts of one cell, by KPI. A change of a cell that was complete makes a new revision."""
    revision = 0 if provisional else 1
    db.executemany(
        "insert into facts(kpi, machine, start, end, revision, facts) values(?1,?2,?3,?4,?6,?5) "
        "on conflict do update set revision=case when revision=0 or ?6=0 then ?6 "
        "when facts=excluded.facts and end=excluded.end then revision else revision+1 end, "
        "facts=excluded.facts, end=excluded.end",
        [(kpi, machine, start, end, packed(found), revision) for kpi, found in facts.items()],
    )


def packed(facts: Mapping[str, Any]) -> bytes:
    """Facts as they are kept."""
    try:
        return _encode(facts)
    except OverflowError:
        return _encode(in_64_bits(facts))


def drop_facts(db: apsw.Connection, kpis: Iterable[int], machine: int, start: int) -> None:
    """Keep no facts of some KPIs for one cell: whoever asks works them out."""
    rows = [(kpi, machine, start) for kpi in kpis]
    db.executemany("delete from facts where kpi=? and machine=? and start=?", rows)


def forget_facts(db: apsw.Connection, kpis: Sequence[int], machine: int, start: int, end: int, keep: set[int]) -> None:
    """Drop cells of [start, end) that no longer begin where they did (the calendar has changed). The first of `kpis`
    has every cell that any of them has."""
    sql = "select start from facts where kpi=? and machine=? and start>=? and start<?"
    for (cell,) in db.execute(sql, (kpis[0], machine, start, end)).fetchall():
        if cell not in keep:
            drop_facts(db, kpis, machine, int(cell))  # type: ignore[arg-type]  # an integer column


def facts(db: apsw.Connection, kpi: int, machine: int, start: int, end: int) -> Iterable[FactsRow]:
    """Cells of one KPI and machine that lie wholly in [start, end), in order."""
    sql = "select start, end, revision, facts from facts where kpi=? and machine=? and start>=? and start<? order by 1"
    for cell, cell_end, revision, blob in db.execute(sql, (kpi, machine, start, end)):
        if cell_end <= end:
            yield cell, cell_end, revision, _decode_facts(blob)
