"""Changes of plant data on their way from the journal to the store, and the hours that they make another."""

from __future__ import annotations

from collections.abc import Collection

import apsw
import msgspec

from edge.changes import PlantChange
from edge.journal.record import Record
from edge.plant import Plant
from edge.processing.machine import Machine
from edge.store import changes as change_store
from edge.store import pools


def change_in(record: Record) -> PlantChange:
    """What a change says; msgspec.DecodeError where it is none."""
    said = msgspec.json.decode(record.payload, type=PlantChange)
    if said.kind != "revoke":
        try:
            said.since, said.until  # noqa: B018  # both are worked out from text
        except (KeyError, TypeError, ValueError) as error:
            raise msgspec.DecodeError(f"its time cannot be read: {error}") from error
    return said


class Changes:
    """Changes taken and not yet written."""

    def __init__(self, db: apsw.Connection) -> None:
        self.db = db
        self._waiting: list[tuple[Record, PlantChange]] = []

    def known(self, plant: Plant) -> Plant:
        """The plant with the changes that the store has."""
        holding = change_store.holding(self.db)
        return plant.changed(list(holding.values())) if holding or plant.changes else plant

    def take(self, record: Record) -> None:
        """Take a change for the next commit; msgspec.DecodeError where it is none."""
        self._waiting.append((record, change_in(record)))

    def commit(self, plant: Plant, machines: Collection[Machine]) -> Plant:
        """Write what was taken, and have every hour worked out again about which the plant now decides otherwise."""
        for record, said in self._waiting:
            if said.kind == "revoke":
                change_store.revoke(self.db, record.offset, record.received, said)
            else:
                change_store.add(self.db, record.offset, record.received, said)
            after = self.known(plant)
            for machine in machines:
                for start, end in plant.differences(after, machine.path):
                    machine.ruled_anew(start, end, record.received)
                    pools.drop(self.db, machine.line.number, start, end)  # of silence too
                machine.rules = after.rules(machine.path)
            plant = after
        self._waiting.clear()
        return plant
