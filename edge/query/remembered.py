"""Answers of windows that are over, remembered until an hour changes that reaches them.

Every change of an hour gets a version in the store, higher than all before. A question first looks which hours have
changed since the last one and forgets what they reach: their own time, and the silence before and after them. So what
is found here is what would be worked out again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import apsw

from edge.store import hours as hour_store
from edge.timeline.states import FAR

ENTRIES = 20_000

Machines = tuple[int, ...]
Stretch = tuple[int, int]


class Entry(NamedTuple):
    """What was found for a window [start, end)."""

    start: int
    end: int
    value: Any


@dataclass
class _Group:
    """What is remembered about the same machines, and where the last window of it ends."""

    entries: OrderedDict[Hashable, Entry] = field(default_factory=OrderedDict)
    last: int = -FAR


class Remembered:
    """Shared by the threads that answer; everything in it was read from one committed state of the store."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self._limit, self._count = entries, 0
        self._lock = threading.Lock()
        self._groups: OrderedDict[Machines, _Group] = OrderedDict()
        self._of_machine: dict[int, set[Machines]] = {}
        self._seen: dict[int, int] = {}

    def look(self, db: apsw.Connection, machines: Sequence[int]) -> dict[int, int]:
        """Forget what has changed; returns the version of each machine's hours in this state of the store."""
        versions: dict[int, int] = {}
        hours: list[int]
        for machine in machines:
            since = self._seen.get(machine)
            if since is None:  # nothing is remembered of it
                versions[machine], hours = hour_store.newest_version(db, machine), []
            else:
                versions[machine], hours = hour_store.changed_since(db, machine, since)
            if hours or since is None:
                self._forget(machine, hour_store.reach(db, machine, hours), versions[machine])
        return versions

    def _forget(self, machine: int, changed: Sequence[Stretch], version: int) -> None:
        with self._lock:
            for machines in list(self._of_machine.get(machine, ())):
                group = self._groups[machines]
                for start, end in changed:
                    if start < group.last:
                        gone = [key for key, one in group.entries.items() if one.start < end and start < one.end]
                        self._drop(machines, gone)
            self._seen[machine] = max(version, self._seen.get(machine, -1))

    def _drop(self, machines: Machines, keys: Sequence[Hashable]) -> None:
        entries = self._groups[machines].entries
        for key in keys:
            del entries[key]
        self._count -= len(keys)

    def get(self, machines: Machines, key: Hashable, versions: Mapping[int, int]) -> Any:
        """What is remembered under `key` about these machines, None where nothing is, or where a newer state of the
        store has been seen meanwhile. It must not be changed."""
        with self._lock:
            group = self._groups.get(machines) if self._is_seen(machines, versions) else None
            found = None if group is None else group.entries.get(key)
            if group is None or found is None:
                return None
            group.entries.move_to_end(key)
            self._groups.move_to_end(machines)
            return found.value

    def keep(self, machines: Machines, found: Mapping[Hashable, Entry], versions: Mapping[int, int]) -> None:
        """Remember of windows, unless a newer state of the store has been seen meanwhile."""
        with self._lock:
            if not self._is_seen(machines, versions):
                return
            group = self._groups.get(machines)
            if group is None:
                group = self._groups[machines] = _Group()
                for machine in machines:
                    self._of_machine.setdefault(machine, set()).add(machines)
            self._count += len(found.keys() - group.entries.keys())
            group.entries.update(found)
            group.last = max(group.last, *(entry.end for entry in found.values()))
            while self._count > self._limit:
                self._drop_oldest()

    def _is_seen(self, machines: Machines, versions: Mapping[int, int]) -> bool:
        """Whether this is the newest state of these machines that has been seen."""
        return all(self._seen.get(machine, -1) == versions.get(machine) for machine in machines)

    def _drop_oldest(self) -> None:
        """The oldest entry of the machines that have not been asked about for the longest time."""
        machines, group = next(iter(self._groups.items()))
        if group.entries:
            self._drop(machines, [next(iter(group.entries))])
            return
        del self._groups[machines]
        for machine in machines:
            self._of_machine[machine].discard(machines)

    def clear(self) -> None:
        """Forget everything: the store is another one."""
        with self._lock:
            self._count = 0
            self._groups.clear()
            self._of_machine.clear()
            self._seen.clear()
