"""The plant as a state of the store knows it: the plant file, with the changes that had been said by an instant."""

from __future__ import annotations

import threading
from collections import OrderedDict

import apsw

from edge.plant import Plant
from edge.store import changes as change_store

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
                state = tuple(holding)  # of the same moment, also where nothing holds the reader's state
                found = self._known[state] = self.file.changed(list(holding.values()))
            self._known.move_to_end(state)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            return found, state

    def clear(self) -> None:
        """Forget everything: the store is another one."""
        with self._lock:
            self._known.clear()
