"""Corrections on their way from the journal to the store."""

from __future__ import annotations

from collections.abc import Callable

import apsw
import msgspec

from edge.corrections import Correction, intervals, parts, problem
from edge.journal.record import Record
from edge.processing.machine import Machine
from edge.processing.production import made_at
from edge.store import corrections as correction_store


def correction_in(record: Record) -> Correction:
    """What a correction says; msgspec.DecodeError where it is none that can be used."""
    said = msgspec.json.decode(record.payload, type=Correction)
    wrong = problem(said)
    if wrong is not None:
        raise msgspec.DecodeError(f"its {wrong[0]} should be {wrong[1]}")
    return said


class Amendments:
    """Corrections taken and not yet written. `machine_at` gives the machine of a path, `by_number` that of a number."""

    def __init__(self, db: apsw.Connection, machine_at: Callable[[str, int], Machine],
                 by_number: dict[int, Machine]) -> None:  # fmt: skip
        self.db = db
        self._machine_at, self._by_number = machine_at, by_number
        self._waiting: list[tuple[Record, Correction]] = []

    def take(self, record: Record) -> None:
        """Take a correction for the next commit; msgspec.DecodeError where it is none that can be used."""
        self._waiting.append((record, correction_in(record)))

    def commit(self) -> set[str]:
        """Write what was taken, after the events before it; returns the paths of machines it concerns."""
        paths = set()
        for record, said in self._waiting:
            machine = self._revoke(record, said) if said.kind == "revoke" else self._lay(record, said)
            if machine is not None:
                paths.add(machine.path)
        self._waiting.clear()
        return paths

    def _revoke(self, record: Record, said: Correction) -> Machine | None:
        found = correction_store.revoke(self.db, record.offset, record.received, said)
        if found is None:
            return None
        number, hours = found
        machine = self._by_number[number]
        for hour in hours:
            machine.corrected(hour, record.received)
        return machine

    def _lay(self, record: Record, said: Correction) -> Machine | None:
        machine = self._machine_at(said.asset or "", record.received)
        laid, made = intervals(said, record.received), parts(said, made_at(self.db, machine, said, record))
        if not correction_store.add(self.db, machine.number, record.offset, record.received, said, laid, made):
            return None
        for hour in correction_store.hours(laid, made):
            machine.corrected(hour, record.received)
        return machine
