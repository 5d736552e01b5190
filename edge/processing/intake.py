"""From journal records to events taken: decode, drop what was there before, hand each event to its machine."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import apsw
import msgspec

from edge.changes import TOPIC as CHANGE_TOPIC
from edge.clock import HOUR
from edge.corrections import OF_MONITORS
from edge.corrections import TOPIC as CORRECTION_TOPIC
from edge.decode import Decoded, DecodeSettings, Rejection, decode
from edge.events import KINDS, AnyEvent, Event, Heartbeat, MachineState, Offline, OrderEvent, Reading, UnitResult
from edge.journal.notice import GAP_TOPIC, Gap
from edge.journal.record import DAMAGED, NOTICE_PREFIX, Record
from edge.kpi import Wants
from edge.monitoring.monitors import Monitors
from edge.plant import Plant, line_of
from edge.processing.amendments import Amendments, correction_in
from edge.processing.changes import Changes, change_in
from edge.processing.machine import Machine
from edge.processing.tally import Tally
from edge.store import events as event_store
from edge.store import hours as hour_store
from edge.store import machines as machine_store
from edge.store import meta
from edge.store.filling import Filling
from edge.store.identity import Identities, content_key, has_weak_identity
from edge.store.orders import OrderIndex
from edge.store.units import Line, UnitIndex, first_verdict, unit
from edge.timeline.hour import hour_of

MACHINES = 10_000  # beyond so many, only those that the plant file speaks of: anybody can make up topics
TOO_MANY_MACHINES = f"{MACHINES} machines have been heard: a further one must be in the plant file"
TOO_MANY_SIGNALS = "the machine has shown so many different signals that no further one is taken"


class Readings(Protocol):
    """Where readings go."""

    def add(self, machine_id: int, ts_us: int, offset: int, signals: dict[str, float],
            quality: dict[str, str] | None, units: dict[str, str] | None) -> bool: ...  # fmt: skip
    def is_duplicate(self, machine_id: int, ts_us: int, signals: dict[str, float]) -> bool: ...


@dataclass
class Taken:
    """What one batch brought, for whoever watches live."""

    events: list[AnyEvent] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


class Intake:
    """The part of processing that sees every message; its hot path is readings."""

    def __init__(self, db: apsw.Connection, plant: Plant, settings: DecodeSettings, readings: Readings,
                 tally: Tally) -> None:  # fmt: skip
        self.db, self.settings, self.readings, self.tally = db, settings, readings, tally
        self.changes = Changes(db)
        self.plant = self.changes.known(plant)
        self.machines: dict[str, Machine] = {}
        self.by_number: dict[int, Machine] = {}
        self.identities = Identities(db)
        self.units = UnitIndex(db)
        self.orders = OrderIndex(db)
        self.wants = Wants()  # of the KPIs
        self.monitors: Monitors | None = None
        self.amendments = Amendments(db, self.machine, self.by_number)
        self._lines: dict[str, Line] = {}
        self._line_numbers = meta.Numbers(db, "lines", ())
        self._numbers = meta.Numbers(db, "machines", ("line", "first_seen", "last_heard", "rules"))
        self._rejections: list[Rejection] = []
        self._notices: list[tuple[int, int, str, int | None, int | None, str]] = []
        for path, heard in list(db.execute("select path, last_heard from machines")):
            self.machine(path).last_heard = heard
        for path in plant.settings.machine_paths():  # a machine that never spoke is shown as such
            self.machine(path)
        self._name_new()

    def take(self, records: Iterable[Record]) -> Taken:
        """Take a batch of records, in journal order."""
        taken = Taken()
        batch: list[tuple[Record, Decoded | None]] = []
        keys: list[int] = []
        for record in records:
            self.tally.cursor = record.offset
            if record.topic.startswith(NOTICE_PREFIX):
                if self._notice(record):
                    batch.append((record, None))
                continue
            decoded = decode(record, self.settings)
            batch.append((record, decoded))
            for event in decoded.events:
                if not isinstance(event, Reading) and (event.id is not None or event.boot is None or event.seq is None):
                    keys.append(content_key(event, KINDS[event.__class__]))
                elif event.id is not None:
                    keys.append(content_key(event, "reading"))
        self.identities.prepare(keys)
        for record, message in batch:
            if message is None:
                self._tell_monitors(record)
            else:
                self._take_message(message, taken)
        return taken

    def _tell_monitors(self, record: Record) -> None:
        """Notices in their place among the messages: what monitors do follows from the order of the journal."""
        if self.monitors is None:
            return
        self.monitors.pass_time(record.received)
        if record.topic == CHANGE_TOPIC:
            self.monitors.change(change_in(record))
        elif record.topic == CORRECTION_TOPIC:
            said = correction_in(record)
            if said.kind == "revoke":
                self.monitors.take_back(said.revokes or "")
            elif said.kind in OF_MONITORS:
                machine = self.machine(said.asset or "", record.received)
                self.monitors.correct(machine.number, machine.path, said, record.received)

    def show_again(self, records: Iterable[Record], passed_over: Collection[tuple[int, int]]) -> None:
        """Show monitors what they were shown before a restart and is not in the store as theirs."""
        for record in records:
            if record.topic.startswith(NOTICE_PREFIX):
                with suppress(msgspec.DecodeError):  # refused when it was taken
                    self._tell_monitors(record)
                continue
            for event in decode(record, self.settings).events:
                machine = self.machines.get(event.asset)
                if self.monitors is not None and machine is not None and (event.offset, event.index) not in passed_over:
                    self.monitors.take(machine.number, machine.path, event)

    def _take_message(self, decoded: Decoded, taken: Taken) -> None:
        tally = self.tally
        tally.processed += 1
        accepted = False
        refused: list[Rejection] = []
        for event in decoded.events:
            machine = self.machines.get(event.asset) or self._new_machine(event)
            if machine is None:
                refused.append(self._refusal(event, "too_many_machines", TOO_MANY_MACHINES))
                continue
            boot, seq = event.boot, event.seq
            if event.id is None and boot is not None and seq is not None:
                again = self.identities.seen_sequence(machine.number, boot, seq, event.received)
            else:
                again = self._is_duplicate(machine, event)
            if not again and self._take_event(machine, event, taken):
                accepted = True
                continue
            if not again:
                refused.append(self._refusal(event, "too_many_signals", TOO_MANY_SIGNALS))
            if self.monitors is not None:
                self.monitors.pass_over(event)
        rejections = [*decoded.rejections, *refused] if refused else decoded.rejections
        if rejections:
            self._rejections.extend(rejections)
            taken.rejections.extend(rejections)
        if accepted:
            tally.accepted += 1
        elif len(decoded.events) > len(refused):
            tally.duplicate += 1
        else:
            reason = rejections[0].reason
            tally.rejected[reason] = tally.rejected.get(reason, 0) + 1

    def _take_event(self, machine: Machine, event: AnyEvent, taken: Taken) -> bool:
        """Hand an event to its machine; False for a reading of signals that are too many."""
        if isinstance(event, Reading) and not self.readings.add(
            machine.number, event.ts, event.offset, event.signals, event.quality, event.units
        ):
            return False
        kind = KINDS[event.__class__]
        counts = self.tally.events
        counts[kind] = counts.get(kind, 0) + 1
        if event.clock_ahead:
            self.tally.clock_ahead += 1
        if self.monitors is not None:
            self.monitors.take(machine.number, machine.path, event)
        if kind == "reading" and isinstance(event, Reading):  # the first is quick, the second tells the type checker
            machine.hear(event.ts, event.received)
            if machine.watched is not None:
                self._take_state_of(machine, event, *machine.watched)
            return True
        if not isinstance(event, Offline):
            machine.hear(event.ts, event.received)
        if isinstance(event, Heartbeat):
            return True
        machine.take(hour_of(event), event)
        if isinstance(event, UnitResult):
            self._take_unit(machine, event)
        elif isinstance(event, OrderEvent):
            self.orders.add(event, machine.number)
        taken.events.append(event)
        return True

    def _take_state_of(self, machine: Machine, event: Reading, signal: str, above: float) -> None:
        """The state of a machine whose signal says whether it runs; equal states in a row are one for the timeline."""
        value = event.signals.get(signal)
        if value is not None:
            state = "running" if value > above else "stopped"
            common: dict[str, Any] = {name: getattr(event, name) for name in Event.__struct_fields__}
            said = MachineState(state=state, **common)
            machine.take(hour_of(said), said)

    def _take_unit(self, machine: Machine, event: UnitResult) -> None:
        station = event.station or machine.station
        self.units.add(event, machine.line, machine.number, station)

    def _is_duplicate(self, machine: Machine, event: AnyEvent) -> bool:
        if event.boot is not None and event.seq is not None:  # the id decides, the number shows what is missing
            self.identities.seen_sequence(machine.number, event.boot, event.seq, event.received)
        if has_weak_identity(event):
            return isinstance(event, Reading) and self.readings.is_duplicate(machine.number, event.ts, event.signals)
        return self.identities.seen(content_key(event, KINDS[event.__class__]), event.received)

    def _new_machine(self, event: AnyEvent) -> Machine | None:
        """A machine heard for the first time; None where there are too many that nobody configured."""
        if len(self.machines) >= MACHINES and not self.plant.settings.configured(event.asset):
            return None
        return self.machine(event.asset, event.received)

    def _refusal(self, event: AnyEvent, reason: str, detail: str) -> Rejection:
        topic = f"{self.settings.root}/{event.asset}/{KINDS[event.__class__]}"
        return Rejection(event.offset, event.index, event.received, topic, event.asset, reason, detail, 0)

    def machine(self, path: str, received: int = 0) -> Machine:
        """The machine at `path`, known from its first message on."""
        known = self.machines.get(path)
        if known is not None:
            return known
        line = self._line(line_of(path))
        number = self._numbers.number(path)
        if number is None:
            number = self._numbers.take(path, (line.number, received, received, self.plant.fingerprint(path)))
        rules = self.plant.rules(path)
        known = Machine(number, path, line, rules, self.plant.resolution(path), self.db)
        known.watched = self.plant.watched(path)
        self.machines[path] = self.by_number[number] = known
        return known

    def _line(self, path: str) -> Line:
        known = self._lines.get(path)
        if known is None:
            number = self._line_numbers.number(path)
            if number is None:
                number = self._line_numbers.take(path, ())
            known = self._lines[path] = Line(number, self.plant.route(path))
        return known

    def _notice(self, record: Record) -> bool:
        """An entry of the service's own: a correction, a change of plant data, or a gap in what the broker or the disk
        could keep. False where it cannot be read."""
        self.tally.notices += 1
        try:
            if record.flags & DAMAGED:
                raise msgspec.DecodeError("its checksum does not match")
            if record.topic == CORRECTION_TOPIC:
                self.amendments.take(record)
            elif record.topic == CHANGE_TOPIC:
                self.changes.take(record)
            elif record.topic == GAP_TOPIC:
                gap = msgspec.json.decode(record.payload, type=Gap)
                self._notices.append((record.offset, record.received, gap.reason, gap.start, gap.end, gap.detail))
        except msgspec.DecodeError as error:  # damaged, or of a newer version: seen, and nothing else waits for it
            detail = f"an entry of the service's own cannot be read: {error}"
            self._rejections.append(
                Rejection(record.offset, 0, record.received, record.topic, None, "journal_damaged", detail,
                          len(record.payload))
            )  # fmt: skip
            return False
        return True

    def commit(self) -> None:
        """Write everything taken since the last commit, inside the caller's transaction."""
        self._name_new()
        self._commit_machines()
        self._commit_units()
        self._commit_orders()
        self.amendments.commit()
        self.plant = self.changes.commit(self.plant, self.machines.values())
        self._name_new()  # a correction may name a machine first
        self.identities.flush()
        self.db.executemany(
            "insert or ignore into rejections values(?,?,?,?,?,?,?,?)",
            [(r.offset, r.index, r.received, r.topic, r.asset, r.reason, r.detail, r.size) for r in self._rejections],
        )
        self.db.executemany("insert or ignore into notices values(?,?,?,?,?,?)", self._notices)
        self._rejections.clear()
        self._notices.clear()

    def _commit_machines(self) -> None:
        """Write what is new of all machines together: statement by statement it would cost the most of a commit."""
        speaking = [machine for machine in self.machines.values() if machine.new_events or machine.new_alive]
        late = [{hour for hour, _ in machine.new_alive if hour < machine.newest} for machine in speaking]
        machine_store.heard(self.db, [(m.last_heard, m.number) for m in speaking if m.heard_changed])
        new = [(machine, machine.drain()) for machine in speaking]
        event_store.append(self.db, [one for _, of_machine in new for one in of_machine])
        news = (one for machine, of_machine in new for one in of_machine if machine.is_news(one))
        hour_store.touch(self.db, [(one.machine, one.hour, one.max_received) for one in news])
        for machine, of_machine in new:
            machine.written(of_machine)
        for machine, hours in zip(speaking, late, strict=True):
            self._touch_after(machine, hours)

    def _touch_after(self, machine: Machine, late: Iterable[int]) -> None:
        """Late readings have a part in the figures of what follows them: the step to the next one, how long it held."""
        if not self.wants.signals:
            return
        filling = Filling(self.db, self.plant, machine.path, machine.number)
        for after in {following for hour in late for following in filling.hours_after(hour + HOUR, self.wants)}:
            for hour in event_store.between(self.db, machine.number, after, after + HOUR):
                machine.touch(hour)

    def _commit_orders(self) -> None:
        """Write what was said of orders, and have the hours that it changes worked out again."""
        for number, start, end in self.orders.flush():
            for hour in event_store.between(self.db, number, start - start % HOUR, end):
                self.by_number[number].touch(hour)

    def _name_new(self) -> None:
        self._line_numbers.flush()
        self._numbers.flush()

    def _commit_units(self) -> None:
        """Write verdicts, and bring the units of hours at hand up to date."""
        touched = self.units.flush()
        for key, places in touched.items():
            for number, hour in places:
                machine = self.by_number[number]
                machine.touch(hour)
                at_hand = machine.units.get(hour)
                if at_hand is None:
                    continue
                verdicts = self.units.verdicts(key)
                first = first_verdict(verdicts)
                found = unit(self.db, machine.line, key[1], key[2], verdicts)
                if found is None or first is None or first.machine != number or found.ts - found.ts % HOUR != hour:
                    at_hand.pop(key, None)
                else:
                    at_hand[key] = found
