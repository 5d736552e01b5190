"""Readings in the store: taken at full rate, flushed as hot rows, sealed into chunks with rollups, dropped when old.

The writer never begins or commits a transaction: `flush` and `drop` run inside the caller's, together with the cursor
of the journal. After a transaction that failed, throw the writer away and open a new one. Readings come in the order
of the journal.
"""

from __future__ import annotations

from collections import deque

import apsw

from edge.clock import DAY
from edge.store import points, retention, rollups, series, tails
from edge.store.reading_queries import KnownSignal, ReadingsReader, Series
from edge.store.recent import Recent
from edge.store.retention import Retention
from edge.store.sealing import Sealing
from edge.store.series import Catalog
from edge.store.tails import HotRows, Tail

__all__ = ["SCHEMA", "KnownSignal", "ReadingsReader", "ReadingsWriter", "Series"]

SCHEMA = series.SCHEMA + tails.SCHEMA + points.SCHEMA + rollups.SCHEMA + retention.SCHEMA
GOOD = frozenset({"good", "Good", "GOOD"})

SEAL_BYTES = 160_000  # a machine with as much waiting is sealed: 2,000 readings of 8 signals
TAIL_BYTES = 20_000_000  # more than this does not wait in memory
SEAL_VALUES = 48_000  # sealed in one flush, or twice what came with it where that is more: about 10 ms


class ReadingsWriter:
    """The readings of all machines, written by one thread. `last` may be asked from any thread."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._catalog = Catalog(db)
        self._retention = Retention(db)
        self._sealing = Sealing(db, self._catalog, self._retention.points_us)
        self._hot = HotRows(db)
        self._tails: dict[tuple[int | str, ...], Tail] = {}
        self._machines: dict[int, list[Tail]] = {}
        self._sizes: dict[int, int] = {}
        self._opened: dict[int, int] = {}
        self._due: deque[int] = deque()
        self._touched: list[Tail] = []
        self._units: dict[int, dict[str, str]] = {}
        self._newest = 0
        self._waiting = 0
        self._restore()

    def _restore(self) -> None:
        by_group = {}
        for group in self._catalog.groups():
            by_group[group.id] = self._open((group.machine, *group.names))
        self._hot.restore(by_group)
        for machine, of_machine in self._machines.items():
            size = sum(tail.size for tail in of_machine)
            if size:
                self._sizes[machine] = size
                self._waiting += size
            self._newest = max(self._newest, *(tail.newest for tail in of_machine))
        self._opened = dict.fromkeys(self._sizes, self._newest)
        self._due.extend(machine for machine, size in self._sizes.items() if size >= SEAL_BYTES)

    def add(self, machine_id: int, ts_us: int, offset: int, signals: dict[str, float],
            quality: dict[str, str] | None = None, units: dict[str, str] | None = None) -> None:  # fmt: skip
        """Take one reading. `signals` must not be empty; `quality` and `units` name only signals that carried one."""
        try:
            tail = self._tails[(machine_id, *signals)]
        except KeyError:
            tail = self._open((machine_id, *signals))
        times = tail.new_times
        if not times:
            self._touched.append(tail)
        times.append(ts_us)
        if ts_us > tail.newest:
            tail.newest = ts_us
        tail.new_offsets.append(offset)
        tail.new_values += signals.values()
        if quality:
            doubtful = {name: said for name, said in quality.items() if said not in GOOD}
            if doubtful:
                tail.new_quality[len(times) - 1] = doubtful
        if units and self._units.get(machine_id) != units:
            self._units[machine_id] = units
            self._catalog.name_units(machine_id, units)

    def _open(self, key: tuple[int | str, ...]) -> Tail:
        machine, *names = key
        assert isinstance(machine, int)
        tail = self._tails[key] = Tail(self._catalog.group(machine, tuple(map(str, names))))
        self._machines.setdefault(machine, []).append(tail)
        return tail

    def is_duplicate(self, machine_id: int, ts_us: int, signals: dict[str, float]) -> bool:
        """Whether this very reading is among the recent ones of its signals."""
        tail = self._tails.get((machine_id, *signals))
        if tail is None or ts_us > tail.newest:
            return False
        if tail.recent is None:
            tail.recent = Recent(self._db, tail.group.id, tail.times, tail.values)
        return tail.recent.has(ts_us, list(signals.values()), tail.new_times, tail.new_values)

    def last(self, machine_id: int) -> dict[str, tuple[int, float]]:
        """The newest (instant, value) of each signal of a machine, as of the last flush."""
        found: dict[str, tuple[int, int, float]] = {}
        for tail in tuple(self._machines.get(machine_id, ())):
            for name, point in tail.last_points():
                if name not in found or point[:2] >= found[name][:2]:
                    found[name] = point
        return {name: (ts, value) for name, (ts, _, value) in found.items()}

    def units(self, machine_id: int) -> dict[str, str | None]:
        """The unit of each signal of a machine, None where none was ever named."""
        of_machine = tuple(self._machines.get(machine_id, ()))
        return {signal.name: signal.unit for tail in of_machine for signal in tail.group.signals}

    def flush(self) -> None:
        """Persist everything added since the last flush, and seal some of what waits. In the caller's transaction."""
        if not self._touched:
            return
        grown, values = self._take_new()
        sealed = self._seal(max(SEAL_VALUES, 2 * values))
        for tail in sealed:
            grown.pop(tail, None)
        self._catalog.save()
        if self._hot.write(grown, sealed):
            self._look_for_due()

    def _take_new(self) -> tuple[dict[Tail, int], int]:
        """Move new readings into the tails: from which row on each has grown, and how many values came."""
        grown: dict[Tail, int] = {}
        values = 0
        for tail in self._touched:
            machine = tail.group.machine
            grown[tail] = len(tail)
            values += len(tail.new_values)
            before = self._sizes.get(machine, 0)
            size = self._sizes[machine] = before + tail.take_new()
            if not before:
                self._opened[machine] = self._newest
            if before < SEAL_BYTES <= size:
                self._due.append(machine)
            self._waiting += size - before
            self._newest = max(self._newest, tail.newest)
        self._touched.clear()
        return grown, values

    def _seal(self, values: int) -> list[Tail]:
        """Seal machines that are due, up to so many values; at least one, so that none can be too large."""
        sealed: list[Tail] = []
        while self._due and values > 0:
            machine = self._due.popleft()
            tails = [tail for tail in self._machines[machine] if tail]
            if not tails:
                continue
            self._sealing.seal(tails)
            sealed += tails
            values -= sum(len(tail.values) for tail in tails)
            self._waiting -= self._sizes.pop(machine, 0)
        return sealed

    def _look_for_due(self) -> None:
        """Note machines whose readings have waited for a day, and the largest ones where too much waits."""
        due = set(self._due)
        excess = self._waiting - TAIL_BYTES * 3 // 4 if self._waiting > TAIL_BYTES else 0
        excess -= sum(self._sizes[machine] for machine in due)
        for machine in sorted(self._sizes.keys() - due, key=self._sizes.__getitem__, reverse=True):
            if excess > 0 or self._newest - self._opened[machine] > DAY:
                self._due.append(machine)
                excess -= self._sizes[machine]

    def seal_all(self) -> None:
        """Flush, and seal everything, whatever it costs. In the caller's transaction."""
        self.flush()
        self._due.extend(self._sizes.keys() - set(self._due))
        sealed = self._seal(1 << 62)
        if sealed:
            self._catalog.save()
            self._hot.write({}, sealed)

    def drop(self, before_us: int, minutes_us: int | None = None, hours_us: int | None = None) -> bool:
        """Drop points before an instant (a UTC midnight, or the one before), and rollups per minute and hour alike.

        A bounded piece at each call (some 10 ms); True while there is more. In the caller's transaction."""
        more = self._retention.drop(before_us, minutes_us, hours_us)
        self._sealing.dropped_us = self._retention.points_us
        return more
