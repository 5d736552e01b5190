"""The plant as a state of the store knows it: the plant file, with the changes that had been said by an instant."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import apsw
import msgspec

from edge.clock import to_text
from edge.plant import Plant
from edge.store import changes as change_store
from edge.timeline.rules import Rules

KEPT = 16
State = tuple[int, ...]


class Plants:
    """Plants of the same file; those asked for last are at hand. For any thread."""

    def __init__(self, file: Plant) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._known: OrderedDict[State, Plant] = OrderedDict()

    def known(self, db: apsw.Connection, received_until: int | None = None) -> tuple[Plant, State]:
        """The plant as it was known by an instant (None: now), and what tells it from others."""
        state = change_store.state(db, received_until)
        if not state:
            return self.file, state
        with self._lock:
            found = self._known.get(state)
            if found is None:
                holding = change_store.holding(db, received_until)
                found = self._known[state] = self.file.changed(list(holding.values()))
            self._known.move_to_end(state)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            return found, state

    def clear(self) -> None:
        """Forget everything: the store is another one."""
        with self._lock:
            self._known.clear()


def settings_between(plant: Plant, path: str, start: int, end: int) -> dict[str, Any]:
    """The settings of a machine that decide [start, end): those at its end; where they change in it, all of them as
    `versions`, each with the time for which it holds, and who changed what and why as `changes`."""
    rules = plant.rules(path)
    bounds = [start, *rules.changes(start, end)]
    out = _shown(rules.at(bounds[-1]))
    if len(bounds) > 1:
        ends = [*bounds[1:], end]
        out["versions"] = [
            {"from": to_text(a), "to": to_text(b), **_shown(rules.at(a))} for a, b in zip(bounds, ends, strict=True)
        ]
    changes = [msgspec.to_builtins(one) for one in plant.changes_in(path, start, end)]
    return {**out, "changes": changes} if changes else out


def _shown(rules: Rules) -> dict[str, Any]:
    said = {name: value for name, value in rules.settings.items() if value is not None}
    return {**said, "ideal_s": dict(rules.ideal_s)}
