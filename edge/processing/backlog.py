"""Work that nobody waits for: older hours that changed, hours to pack, lines to pool; a little at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from threading import Event

import apsw

from edge.processing.evaluation import Evaluation
from edge.processing.intake import Intake
from edge.processing.machine import Machine
from edge.store import events as event_store

AT_ONCE_S = 0.02  # neither a message nor a question waits longer for it
ALL, SOME, LITTLE = 1.0, 0.1, 0.05
"""Of the time: nothing comes; messages come; more of them are waiting, and answers know of older hours anyway."""


class Backlog:
    """Used in the processing thread. `evaluated` hears of machines whose facts changed."""

    def __init__(self, db: apsw.Connection, intake: Intake, evaluation: Evaluation, now: Callable[[], int],
                 evaluated: Callable[[set[str]], None], stopping: Event) -> None:  # fmt: skip
        self.db, self.intake, self.evaluation = db, intake, evaluation
        self._now, self._evaluated, self._stopping = now, evaluated, stopping
        self._rest_until = 0.0
        self._turn = 0  # whose turn it is, so that those who always have something to do leave time for the others

    def work(self, share: float) -> bool:
        """Do a little, in a share of the time; True while there is more. Lines are pooled when nothing comes."""
        began = time.monotonic()
        if share < ALL and began < self._rest_until:
            return False
        deadline = began + AT_ONCE_S
        more = self.evaluate(deadline) or (share == ALL and self.pool(deadline, patient=True))
        self._rest_until = began + (time.monotonic() - began) / min(share, SOME)
        return more

    def evaluate(self, deadline: float) -> bool:
        """Older hours that changed (late messages, new settings, a new KPI), until `time.monotonic()` reaches the
        deadline; True while there are more."""
        now = self._now()
        changed = set()
        machines = list(self.intake.machines.values())
        turn = self._turn % max(1, len(machines))
        for machine in machines[turn:] + machines[:turn]:
            self._turn += 1
            hours = machine.cold(now)
            if hours:
                with self.db:
                    self._evaluate(machine, hours, now, deadline)
                changed.add(machine.path)
            self._pack_one(machine, deadline)
            if time.monotonic() >= deadline:
                break
        if changed:
            self._evaluated(changed)
        return time.monotonic() >= deadline

    def _evaluate(self, machine: Machine, hours: Iterable[int], now: int, deadline: float) -> None:
        """Older hours of one machine; one at least."""
        for hour in hours:
            if hour in machine.dirty:  # else another one has reached it
                self.evaluation.evaluate(machine, {hour}, now)
                if time.monotonic() >= deadline or self._stopping.is_set():
                    return

    def _pack_one(self, machine: Machine, deadline: float) -> None:
        hour = machine.next_to_pack()
        if hour is not None and time.monotonic() < deadline:
            with self.db:
                event_store.pack(self.db, machine.number, hour, machine.resolution)
            machine.packed(hour)

    def pool(self, deadline: float, *, patient: bool, silence: bool = True) -> bool:
        """Facts of whole lines where they are missing, until the deadline; True while there is more to do."""
        pooling = self.evaluation.pooling
        return pooling.work(self.intake.plant, self._now(), deadline, patient=patient, silence=silence)
