"""When parts were made that a person names by a serial or a lot, as far as that is known when it is said."""

from __future__ import annotations

import apsw

from edge.clock import HOUR
from edge.corrections import Correction
from edge.events import CounterLevel, OrderEvent, PartCount
from edge.journal.record import Record
from edge.processing.machine import Machine
from edge.store import events as event_store
from edge.store.orders import last_run
from edge.store.units import first_seen
from edge.timeline.hour import effect


def made_at(db: apsw.Connection, machine: Machine, said: Correction, record: Record) -> int | None:
    """The instant to which rejects named without a time are booked: the first verdict on the unit, the last part of the
    lot at this machine; where neither is known, when it was said (ruling 33).

    What came after `record`, the correction's own, does not count, also where it is in the store already: so it makes
    no difference how the journal was cut into batches."""
    if said.at is not None:
        return None
    if said.serial is not None:
        return first_seen(db, machine.line, said.serial, record.offset) or record.received
    if said.lot is not None:
        return _last_part(db, machine, said.lot, record) or record.received
    return None


def _last_part(db: apsw.Connection, machine: Machine, lot: str, record: Record) -> int | None:
    """The last part that the machine counted in its last run of an order; None where it made none."""
    run = last_run(db, machine.path, machine.number, lot, record.received, record.offset)
    if run is None:
        return None
    start, end = run
    events = [
        event
        for hour in event_store.between(db, machine.number, start - start % HOUR, end)
        for part, _ in event_store.stored(db, machine.number, hour)
        for event in part
        if start <= effect(event) < end and event.offset < record.offset
    ]
    others = [e.ts for e in events if isinstance(e, OrderEvent) and e.action == "start" and e.order != lot]
    until = min(others, default=end)
    made = [effect(e) for e in events if isinstance(e, PartCount | CounterLevel) and effect(e) < until]
    return max(made, default=start)
