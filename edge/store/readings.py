"""Readings in the store: taken at full rate, flushed as hot rows, sealed into chunks with rollups, dropped when old.

The writer never begins or commits a transaction: `flush` and `drop` run inside the caller's, together with the cursor
of the journal. After a transaction that failed, throw the writer away and open a new one. Readings come in the order
of the journal.
"""

from __future__ import annotations

import apsw

from edge.clock import DAY
from edge.store import points, retention, rollups, series, tails
from edge.store.reading_queries import KnownSignal, ReadingsReader, Series
from edge.store.recent import Recent
from edge.store.retention import Retention
from edge.store.sealing import Sealing, share_signals
from edge.store.segments import Rows
from edge.store.series import Catalog
from edge.store.tails import HotRows, Tail

__all__ = ["SCHEMA", "KnownSignal", "ReadingsReader", "ReadingsWriter", "Series"]

SCHEMA = series.SCHEMA + tails.SCHEMA + points.SCHEMA + rollups.SCHEMA + retention.SCHEMA
SIGNALS = 1_000  # different ones of a machine, and
NAME_SETS = 2_000  # different sets of them in one reading
GOOD = frozenset({"good", "Good", "GOOD"})

SEAL_BYTES = 160_000  # a machine with as much waiting is sealed: 2,000 readings of 8 signals
HOT_BYTES = 64_000_000  # more than this does not wait in hot rows
FLUSH_BYTES = 500_000  # sealed in one flush, or a quarter more than came with it: about 10 ms
LOOK_EVERY = 16  # flushes between looks for what else is due


class Backlog:
    """What waits of one machine: the tails of its groups, their bytes, and the newest instant known when it began."""

    __slots__ = ("machine", "opened", "size", "tails")

    def __init__(self, machine: int) -> None:
        self.machine = machine
        self.tails: list[Tail] = []
        self.size = self.opened = 0


class ReadingsWriter:
    """The readings of all machines, written by one thread. `last` and `units` may be asked from any thread."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._catalog = Catalog(db)
        self._retention = Retention(db)
        self._sealing = Sealing(db, self._catalog, self._retention.points_us)
        self._hot = HotRows(db)
        self._tails: dict[tuple[int | str, ...], Tail] = {}
        self._backlogs: dict[int, Backlog] = {}
        self._due: dict[int, Backlog] = {}
        self._touched: list[Tail] = []
        self._units: dict[int, dict[str, str]] = {}
        self._names: dict[int, frozenset[str]] = {}
        self._newest = self._waiting = self._flushes = 0
        self._restore()

    def _restore(self) -> None:
        by_group = {}
        for group in self._catalog.groups():
            by_group[group.id] = self._open((group.machine, *group.names))
        self._hot.restore(by_group)
        self._newest = max((tail.newest for tail in by_group.values()), default=0)
        for backlog in self._backlogs.values():
            backlog.size = sum(tail.size for tail in backlog.tails)
            backlog.opened = self._newest
            self._waiting += backlog.size
            if backlog.size >= SEAL_BYTES:
                self._due[backlog.machine] = backlog

    def add(self, machine_id: int, ts_us: int, offset: int, signals: dict[str, float],
            quality: dict[str, str] | None = None, units: dict[str, str] | None = None) -> bool:  # fmt: skip
        """Take one reading. `signals` must not be empty; `quality` and `units` name only signals that carried one.

        False where the machine has shown so many different signals that another one is not taken."""
        try:
            tail = self._tails[(machine_id, *signals)]
        except KeyError:
            if not self._has_room(machine_id, signals):
                return False
            tail = self._open((machine_id, *signals))
        times = tail.times
        if not times:
            self._touched.append(tail)
        times.append(ts_us)
        if ts_us > tail.newest:
            tail.newest = ts_us
        tail.offsets.append(offset)
        tail.values += signals.values()
        if quality:
            doubtful = {name: said for name, said in quality.items() if said not in GOOD}
            if doubtful:
                tail.quality[len(times) - 1] = doubtful
        if units and self._units.get(machine_id) != units:
            self._units[machine_id] = units
            self._catalog.name_units(machine_id, units)
        return True

    def _has_room(self, machine_id: int, signals: dict[str, float]) -> bool:
        """Whether another set of names may be opened: names that anybody can make up must not fill the memory."""
        tails = self._tails_of(machine_id)
        if len(tails) >= NAME_SETS:
            return False
        known = self._names.get(machine_id, frozenset())
        return len(known) + sum(name not in known for name in signals) <= SIGNALS

    def _open(self, key: tuple[int | str, ...]) -> Tail:
        machine, *names = key
        assert isinstance(machine, int)
        tail = self._tails[key] = Tail(self._catalog.group(machine, tuple(map(str, names))))
        backlog = self._backlogs.get(machine)
        if backlog is None:
            backlog = self._backlogs[machine] = Backlog(machine)
        backlog.tails.append(tail)
        self._names[machine] = self._names.get(machine, frozenset()).union(tail.group.names)
        return tail

    def is_duplicate(self, machine_id: int, ts_us: int, signals: dict[str, float]) -> bool:
        """Whether this very reading is among the recent ones of its signals."""
        tail = self._tails.get((machine_id, *signals))
        if tail is None or ts_us > tail.newest:
            return False
        if tail.recent is None:
            rows = self._hot.rows(tail)
            tail.recent = Recent(self._db, tail.group.id, rows.times, rows.values)
        return tail.recent.has(ts_us, list(signals.values()), tail.times, tail.values)

    def _tails_of(self, machine_id: int) -> tuple[Tail, ...]:
        backlog = self._backlogs.get(machine_id)
        return () if backlog is None else tuple(backlog.tails)

    def last(self, machine_id: int) -> dict[str, tuple[int, float]]:
        """The newest (instant, value) of each signal of a machine, as of the last flush."""
        found: dict[str, tuple[int, int, float]] = {}
        for tail in self._tails_of(machine_id):
            for name, point in tail.last_points():
                if name not in found or point[:2] >= found[name][:2]:
                    found[name] = point
        return {name: (ts, value) for name, (ts, _, value) in found.items()}

    def units(self, machine_id: int) -> dict[str, str | None]:
        """The unit of each signal of a machine, None where none was ever named."""
        of_machine = self._tails_of(machine_id)
        return {signal.name: signal.unit for tail in of_machine for signal in tail.group.signals}

    def flush(self) -> None:
        """Persist everything added since the last flush, and seal some of what waits. In the caller's transaction."""
        if not self._touched:
            return
        grown, added = self._take_new()
        self._flushes += 1
        if self._flushes % LOOK_EVERY == 0:
            self._look_for_due()
        sealed = self._seal(max(FLUSH_BYTES, added * 5 // 4))
        at_once = {tail: grown.pop(tail) for tail in sealed if tail in grown}
        self._write(grown, sealed, at_once)

    def _write(self, grown: dict[Tail, bytes], sealed: dict[Tail, Rows], at_once: dict[Tail, bytes]) -> None:
        self._catalog.save()
        self._hot.write(grown, sealed, at_once)
        for tail, rest in sealed.items():
            if rest:
                self._count(tail, tail.size)

    def _take_new(self) -> tuple[dict[Tail, bytes], int]:
        """The segment of each tail that has grown, and the bytes of all."""
        grown: dict[Tail, bytes] = {}
        added = 0
        for tail in self._touched:
            segment = grown[tail] = tail.take_new()
            added += len(segment)
            if tail.newest > self._newest:
                self._newest = tail.newest
            self._count(tail, len(segment))
        self._touched.clear()
        return grown, added

    def _count(self, tail: Tail, size: int) -> None:
        """Note that so many bytes more wait."""
        backlog = self._backlogs[tail.group.machine]
        if not backlog.size:
            backlog.opened = self._newest
        backlog.size += size
        self._waiting += size
        if backlog.size >= SEAL_BYTES:
            self._due[backlog.machine] = backlog

    def _seal(self, most: int, *, wholly: bool = False) -> dict[Tail, Rows]:
        """Seal machines that are due, the longest first, up to so many bytes (but one at least).

        Returns the tails and of each the rows that still wait, unless sealed `wholly`. Where groups share signals, none
        waits: of the same instant the row that is sealed later counts."""
        sealed: dict[Tail, Rows] = {}
        while self._due:
            backlog = next(iter(self._due.values()))
            if sealed and backlog.size > most:
                break
            most -= backlog.size
            del self._due[backlog.machine]
            tails = [tail for tail in backlog.tails if tail.size]
            parts = [(tail.group, self._hot.rows(tail)) for tail in tails]
            rests = [Rows() for _ in tails]
            if not wholly and not share_signals(parts):
                settled = [rows.settled() for _, rows in parts]
                parts = [(tail.group, rows) for tail, (rows, _) in zip(tails, settled, strict=True)]
                rests = [rest for _, rest in settled]
            self._sealing.seal(parts)
            sealed.update(zip(tails, rests, strict=True))
            self._waiting -= backlog.size
            backlog.size = 0
        return sealed

    def _look_for_due(self) -> None:
        """Note machines whose readings have waited for a day, and the largest ones where too much waits."""
        excess = self._waiting - HOT_BYTES - sum(backlog.size for backlog in self._due.values())
        for backlog in sorted(self._backlogs.values(), key=lambda backlog: backlog.size, reverse=True):
            waits = backlog.size and backlog.machine not in self._due
            if waits and (excess > 0 or self._newest - backlog.opened > DAY):
                self._due[backlog.machine] = backlog
                excess -= backlog.size

    def seal_all(self) -> None:
        """Flush, and seal everything, whatever it costs. In the caller's transaction."""
        self.flush()
        self._due.update((number, backlog) for number, backlog in self._backlogs.items() if backlog.size)
        sealed = self._seal(1 << 62, wholly=True)
        if sealed:
            self._write({}, sealed, {})

    def drop(self, before_us: int, minutes_us: int | None = None, hours_us: int | None = None) -> bool:
        """Drop points before an instant (a UTC midnight, or the one before), and rollups per minute and hour alike.

        A bounded piece at each call (some 10 ms); True while there is more. In the caller's transaction."""
        more = self._retention.drop(before_us, minutes_us, hours_us)
        self._sealing.dropped_us = self._retention.points_us
        return more
