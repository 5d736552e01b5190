"""Verdicts per unit: one row for each (line, station, serial), ordered in event time however they come.

The first verdict that is not an abort decides and places the unit in its window (ruling 32). It belongs to the machine
that gave it, so parallel testers of one station count a unit once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import apsw
import msgspec

from edge.clock import HOUR
from edge.events import UnitResult
from edge.slices import Unit

CACHED = 20_000


class Verdict(msgspec.Struct, frozen=True, array_like=True, gc=False, order=True):
    """One verdict; instants in microseconds. The order of fields is the order of verdicts."""

    ts: int
    seq: int
    offset: int
    index: int
    received: int
    machine: int
    result: str
    defects: int
    opportunities: int
    product: str | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Verdict]).decode
Key = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """What units need to know of a line: its number, and its route (stations in order; empty: every station counts)."""

    number: int
    route: tuple[str, ...] = ()


def first_verdict(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict that decides."""
    for verdict in verdicts:
        if verdict.result != "abort":
            return verdict
    return None


def last_verdict(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict that stands in the end."""
    for verdict in reversed(verdicts):
        if verdict.result != "abort":
            return verdict
    return None


def verdicts_of(db: apsw.Connection, key: Key) -> list[Verdict]:
    """All verdicts of a unit at a station."""
    sql = "select verdicts from units where line=? and station=? and serial=?"
    found = db.execute(sql, key).fetchone()
    return _decode(found[0]) if found else []


def unit(db: apsw.Connection, line: Line, station: str, serial: str, verdicts: Sequence[Verdict],
         received_until: int | None = None) -> Unit | None:  # fmt: skip
    """The unit as a slice shows it; with `received_until` as it was known then. None while it has no verdict."""
    known = verdicts if received_until is None else [v for v in verdicts if v.received <= received_until]
    first, final = first_verdict(known), last_verdict(known)
    if first is None or final is None:
        return None
    clean = None
    if line.route and station == line.route[0]:
        clean = all(_passed_first(db, (line.number, s, serial), received_until) for s in line.route[1:])
        clean = clean and first.result == "pass"
    return Unit(
        serial=serial,
        station=station,
        ts=first.ts,
        first=first.result,
        final=final.result,
        product=first.product,
        defects=first.defects,
        opportunities=first.opportunities,
        in_route=not line.route or station in line.route,
        route_clean=clean,
    )


def _passed_first(db: apsw.Connection, key: Key, received_until: int | None) -> bool:
    known = [v for v in verdicts_of(db, key) if received_until is None or v.received <= received_until]
    first = first_verdict(known)
    return first is not None and first.result == "pass"


def first_seen(db: apsw.Connection, line: Line, serial: str, before: int) -> int | None:
    """When a unit got its first verdict at any station of the line, as messages before an offset say; None where they
    say nothing of it."""
    found = []
    for (blob,) in db.execute("select verdicts from units where line=? and serial=?", (line.number, serial)):
        verdicts = [one for one in _decode(blob) if one.offset < before]
        if verdicts:
            found.append((first_verdict(verdicts) or verdicts[0]).ts)
    return min(found, default=None)


def units_between(db: apsw.Connection, line: Line, machine: int, start: int, end: int) -> Iterator[Unit]:
    """Units whose first verdict the machine gave in [start, end), by time."""
    sql = "select station, serial, verdicts from units where machine=? and first_ts>=? and first_ts<? order by first_ts"
    for station, serial, blob in db.execute(sql, (machine, start, end)).fetchall():
        found = unit(db, line, str(station), str(serial), _decode(blob))  # type: ignore[arg-type]  # a blob
        if found is not None and start <= found.ts < end:
            yield found


def units_known(db: apsw.Connection, line: Line, machine: int, named: Iterable[tuple[str, str]], start: int, end: int,
                received_until: int) -> Iterator[Unit]:  # fmt: skip
    """Of the units `named` by (station, serial) those whose first verdict, as far as it was known then, the machine
    gave in [start, end)."""
    for station, serial in sorted(set(named)):
        verdicts = verdicts_of(db, (line.number, station, serial))
        first = first_verdict([v for v in verdicts if v.received <= received_until])
        if first is not None and first.machine == machine and start <= first.ts < end:
            found = unit(db, line, station, serial, verdicts, received_until)
            assert found is not None  # it has a first verdict
            yield found


@dataclass
class UnitIndex:
    """The writing side: takes verdicts, says which machine's hours they touch, and keeps live hours' units at hand."""

    db: apsw.Connection
    _recent: OrderedDict[Key, list[Verdict]] = field(default_factory=OrderedDict)
    _changed: dict[Key, list[Verdict]] = field(default_factory=dict)
    _touched: dict[Key, set[tuple[int, int]]] = field(default_factory=dict)

    def add(self, event: UnitResult, line: Line, machine: int, station: str) -> None:
        """Take a verdict."""
        key = (line.number, station, event.serial)
        verdicts = self.verdicts(key)
        before = first_verdict(verdicts)
        verdicts.append(
            Verdict(
                event.ts,
                event.seq or 0,
                event.offset,
                event.index,
                event.received,
                machine,
                event.result,
                event.defects or 0,
                event.opportunities or 0,
                event.product,
            )
        )
        if len(verdicts) > 1:
            verdicts.sort()
        self._changed[key] = verdicts
        self._touch(key, before)
        self._touch(key, first_verdict(verdicts))
        if line.route and station in line.route[1:]:
            start = (line.number, line.route[0], event.serial)
            self._touch(start, first_verdict(self.verdicts(start)))

    def _touch(self, key: Key, verdict: Verdict | None) -> None:
        if verdict is not None:
            self._touched.setdefault(key, set()).add((verdict.machine, verdict.ts - verdict.ts % HOUR))

    def verdicts(self, key: Key) -> list[Verdict]:
        """All verdicts of a unit, those not yet written too."""
        known = self._changed.get(key)
        if known is None:
            known = self._recent.get(key)
        if known is None:
            known = verdicts_of(self.db, key)
            self._recent[key] = known
            if len(self._recent) > CACHED:
                self._recent.popitem(last=False)
        return known

    def flush(self) -> dict[Key, set[tuple[int, int]]]:
        """Write what has changed, inside the caller's transaction; returns the (machine, hour) pairs that each unit's
        change touches."""
        rows = []
        for key, verdicts in self._changed.items():
            first = first_verdict(verdicts) or verdicts[0]
            rows.append((*key, first.machine, first.ts, _encode(verdicts)))
        self.db.executemany(
            "insert into units(line, station, serial, machine, first_ts, verdicts) values(?,?,?,?,?,?) on conflict do "
            "update set machine=excluded.machine, first_ts=excluded.first_ts, verdicts=excluded.verdicts",
            rows,
        )
        touched = self._touched
        self._changed, self._touched = {}, {}
        return touched
