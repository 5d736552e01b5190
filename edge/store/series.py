"""Which signals a machine has and which of them come together: the small tables behind readings, kept in memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

import apsw

SCHEMA = """
create table reading_signals(
    id integer primary key, machine integer not null, name text not null, unit text, n integer not null,
    last_ts integer, last_value real, unique(machine, name));
create table reading_groups(id integer primary key, machine integer not null, signals blob not null);
create index reading_groups_of_machine on reading_groups(machine);
"""


class Signal:
    """One series: a named signal of one machine. `n`, `last_ts` and `last_value` speak of sealed points only."""

    __slots__ = ("changed", "id", "last_ts", "last_value", "machine", "n", "name", "unit")

    def __init__(self, number: int, machine: int, name: str, unit: str | None = None, n: int = 0,
                 last_ts: int | None = None, last_value: float | None = None) -> None:  # fmt: skip
        self.id, self.machine, self.name, self.unit, self.n = number, machine, name, unit, n
        self.last_ts, self.last_value = last_ts, last_value
        self.changed = False


class Group:
    """Signals of one machine that arrive in one message, so that they share their instants."""

    __slots__ = ("id", "machine", "names", "signals")

    def __init__(self, number: int, machine: int, signals: tuple[Signal, ...]) -> None:
        self.id, self.machine, self.signals = number, machine, signals
        self.names = tuple(signal.name for signal in signals)


class Catalog:
    """All signals and groups. New and changed ones are written by `save`, inside the caller's transaction."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._signals: dict[tuple[int, str], Signal] = {}
        self._groups: dict[tuple[int, tuple[str, ...]], Group] = {}
        self._of_machine: dict[int, list[Group]] = {}
        self._new_signals: list[Signal] = []
        self._new_groups: list[Group] = []
        self._changed: list[Signal] = []
        self._load()

    def _load(self) -> None:
        by_id: dict[int, Signal] = {}
        for row in self._db.execute("select id, machine, name, unit, n, last_ts, last_value from reading_signals"):
            by_id[row[0]] = self._signals[row[1], row[2]] = Signal(*row)
        self._next_signal = max(by_id, default=0) + 1
        self._next_group = 1
        for number, machine, ids in self._db.execute("select id, machine, signals from reading_groups"):
            group = Group(number, machine, tuple(by_id[i] for i in array("q", ids)))
            self._keep(group)
            self._next_group = max(self._next_group, number + 1)

    def group(self, machine: int, names: tuple[str, ...]) -> Group:
        """The group of these names in this order, made where it is new."""
        found = self._groups.get((machine, names))
        if found is None:
            found = Group(self._next_group, machine, tuple(self._signal(machine, name) for name in names))
            self._next_group += 1
            self._keep(found)
            self._new_groups.append(found)
        return found

    def _signal(self, machine: int, name: str) -> Signal:
        found = self._signals.get((machine, name))
        if found is None:
            found = self._signals[machine, name] = Signal(self._next_signal, machine, name)
            self._next_signal += 1
            self._new_signals.append(found)
        return found

    def _keep(self, group: Group) -> None:
        self._groups[group.machine, group.names] = group
        self._of_machine.setdefault(group.machine, []).append(group)

    def groups(self) -> Iterable[Group]:
        return self._groups.values()

    def groups_of(self, machine: int) -> Sequence[Group]:
        return self._of_machine.get(machine, ())

    def touch(self, signal: Signal) -> None:
        """Say that a signal has changed."""
        if not signal.changed:
            signal.changed = True
            self._changed.append(signal)

    def name_units(self, machine: int, units: dict[str, str]) -> None:
        """Note the units that a message named; the last word counts."""
        for name, unit in units.items():
            signal = self._signals.get((machine, name))
            if signal is not None and signal.unit != unit:
                signal.unit = unit
                self.touch(signal)

    def save(self) -> None:
        self._db.executemany("insert into reading_signals values(?,?,?,?,?,?,?)", _rows(self._new_signals))
        self._db.executemany(
            "insert into reading_groups values(?,?,?)",
            [(g.id, g.machine, array("q", [s.id for s in g.signals]).tobytes()) for g in self._new_groups],
        )
        if self._changed:
            self._db.executemany("replace into reading_signals values(?,?,?,?,?,?,?)", _rows(self._changed))
        for signal in self._changed:
            signal.changed = False
        for known in (self._new_signals, self._new_groups, self._changed):
            known.clear()


def _rows(signals: Iterable[Signal]) -> Iterator[tuple[int, int, str, str | None, int, int | None, float | None]]:
    return ((s.id, s.machine, s.name, s.unit, s.n, s.last_ts, s.last_value) for s in signals)


class Place:
    """Where a signal stands in one of its machine's groups: the group's number, its width, the signal's column."""

    __slots__ = ("column", "group", "width")

    def __init__(self, group: int, width: int, column: int) -> None:
        self.group, self.width, self.column = group, width, column


def groups_of(db: apsw.Connection, machine: int) -> dict[int, array[int]]:
    """The groups of a machine, by number, with the numbers of their signals."""
    found = db.execute("select id, signals from reading_groups where machine=?", (machine,))
    return {number: array("q", blob) for number, blob in found}


def places_of(db: apsw.Connection, machine: int, signal: int) -> list[Place]:
    """Every group of a machine that carries the signal with this number."""
    groups = groups_of(db, machine)
    return [Place(number, len(ids), ids.index(signal)) for number, ids in groups.items() if signal in ids]
