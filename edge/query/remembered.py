"""Answers of windows that are over, remembered until one of the hours they depend on changes.

Every change of an hour gets a version in the store, higher than all before. A question first looks which hours have
changed since the last one and forgets what depended on them; so what is found here is what would be worked out again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

import apsw

from edge.cells import FAR, Need

ENTRIES = 20_000


class Remembered:
    """Shared by the threads that answer; everything in it was read from one committed state of the store."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self._limit = entries
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[Any, dict[int, Need]]] = OrderedDict()
        self._by_machine: dict[int, set[Hashable]] = {}
        self._last: dict[int, int] = {}  # hour that anything remembered of a machine may need
        self._seen: dict[int, int] = {}

    def look(self, db: apsw.Connection, machines: Sequence[int]) -> dict[int, int]:
        """Forget what has changed; returns the version of each machine's hours in this state of the store."""
        versions = {}
        for machine in machines:
            since = self._seen.get(machine)
            if since is None:  # nothing is remembered of it
                found: Any = db.execute("select max(version) from hours where machine=?", (machine,)).fetchone()
                versions[machine] = -1 if found[0] is None else found[0]
                self._forget(machine, (), versions[machine])
                continue
            sql = "select hour, version from hours where machine=? and version>? order by version"
            changed = [(int(h), int(v)) for h, v in db.execute(sql, (machine, since)).fetchall()]  # type: ignore[arg-type]
            versions[machine] = changed[-1][1] if changed else since
            if changed:
                self._forget(machine, [hour for hour, _ in changed], versions[machine])
        return versions

    def _forget(self, machine: int, hours: Sequence[int], version: int) -> None:
        with self._lock:
            if hours and min(hours) <= self._last.get(machine, -FAR):
                for key in list(self._by_machine.get(machine, ())):
                    need = self._found[key][1][machine]
                    if any(need.first <= hour <= need.last for hour in hours):
                        self._drop(key)
            self._seen[machine] = max(version, self._seen.get(machine, -1))

    def _drop(self, key: Hashable) -> None:
        _, needs = self._found.pop(key)
        for machine in needs:
            self._by_machine[machine].discard(key)

    def get(self, key: Hashable) -> Any:
        """What is remembered under `key`, None where nothing is. It must not be changed."""
        with self._lock:
            found = self._found.get(key)
            if found is None:
                return None
            self._found.move_to_end(key)
            return found[0]

    def keep(self, key: Hashable, value: Any, needs: Sequence[Need], versions: dict[int, int]) -> None:
        """Remember, unless a newer state of the store has been seen meanwhile."""
        with self._lock:
            if key in self._found or any(self._seen.get(m, -1) != version for m, version in versions.items()):
                return
            self._found[key] = (value, {need.machine: need for need in needs})
            for need in needs:
                self._by_machine.setdefault(need.machine, set()).add(key)
                self._last[need.machine] = max(need.last, self._last.get(need.machine, -FAR))
            while len(self._found) > self._limit:
                self._drop(next(iter(self._found)))

    def clear(self) -> None:
        """Forget everything: the store is another one."""
        with self._lock:
            self._found.clear()
            self._by_machine.clear()
            self._last.clear()
            self._seen.clear()
