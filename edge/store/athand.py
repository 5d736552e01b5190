"""Events of the running hours of machines that were asked about lately: a question reads only those that are new.

An hour has a row for each commit in which something came, so that reading all of it again and again is most of what a
question about the present would cost.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import apsw

from edge.store import events as event_store
from edge.timeline.hour import HourEvents

MOST = 200_000


@dataclass
class _Hour:
    """What was read of an hour, up to the row `last`; `count` rows and events."""

    hour: int
    events: HourEvents
    last: int = -1
    count: int = 0


class AtHand:
    """For any thread; holds at most about so many events, of the machines asked about last."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._generation = most, 0
        self.count = 0  # of events and rows
        self._lock = threading.Lock()
        self._hours: OrderedDict[int, _Hour] = OrderedDict()

    def load(self, db: apsw.Connection, machine: int, hour: int, resolution: int) -> HourEvents:
        """The events of an hour as `edge.store.events.load` gives them, for the caller alone."""
        generation, known = self._take(machine)
        if known is None or known.hour != hour or known.events.alive.resolution != resolution:
            known = _Hour(hour, HourEvents(hour, resolution))
        rows = event_store.rows_from(db, machine, hour, known.last)
        if known.last >= 0 and (not rows or rows[0].number != known.last):  # an older state of the store
            return event_store.load(db, machine, hour, resolution)
        new = [row for row in rows if row.number > known.last]
        if new:
            event_store.add_all(known.events, new)
            known.last, known.count = new[-1].number, known.count + sum(1 + len(row.events) for row in new)
        found = known.events.copy()
        self._keep(machine, known, generation)
        return found

    def _take(self, machine: int) -> tuple[int, _Hour | None]:
        with self._lock:
            known = self._hours.pop(machine, None)
            if known is not None:
                self.count -= known.count
            return self._generation, known

    def _keep(self, machine: int, known: _Hour, generation: int) -> None:
        with self._lock:
            if generation != self._generation:
                return
            before = self._hours.pop(machine, None)  # another thread was as fast
            self._hours[machine] = known
            self.count += known.count - (0 if before is None else before.count)
            while self.count > self._most:
                _, gone = self._hours.popitem(last=False)
                self.count -= gone.count

    def clear(self) -> None:
        """Forget everything: the store is another one."""
        with self._lock:
            self._hours.clear()
            self.count, self._generation = 0, self._generation + 1
