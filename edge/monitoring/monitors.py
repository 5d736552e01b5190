"""All machines under watch: what processing hands over, and what is written with its cursor."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import msgspec

from edge.corrections import Correction
from edge.events import AnyEvent, Heartbeat, Reading
from edge.host import PluginHost
from edge.journal.record import NOTICE_PREFIX
from edge.monitor import Assessment
from edge.monitoring.agenda import GRID, Agenda
from edge.monitoring.watch import Watch, WatchRules
from edge.plant import Plant
from edge.store.assessments import Acknowledgement, AssessmentWriter

CLOCK_TOPIC = NOTICE_PREFIX + "clock"
"""An entry by which the service notes that time has passed: what monitors do about silence follows from the journal."""
PASSED_OVER = 5000  # so many events that were not accepted are remembered at most
SPARSELY = 10


class Counts(msgspec.Struct):
    """Since the store began: rows of the history by state, readings that came too late for the monitors."""

    assessments: dict[str, int] = {}
    late: int = 0


class Monitors:
    """Takes events in the order of the journal. Nothing happens where no plugin brings a monitor."""

    def __init__(self, store: AssessmentWriter, plant: Plant, host: PluginHost, rules: WatchRules, cursor: int,
                 warn: Callable[[str], None]) -> None:  # fmt: skip
        self._store, self._host, self._rules = store, host, rules
        self._plant = Plant(plant.settings) if plant.changes else plant  # what is said of it later changes no past
        self.active = bool(host.monitors)
        self.counts = Counts()
        self._watches: dict[int, Watch] = {}
        self._agenda = Agenda()
        self._touched: set[Watch] = set()  # since the last look: when they are due may be another time now
        self._said: list[tuple[int, str, Assessment]] = []
        self._clock = 0
        for loaded in host.monitors.values():
            loaded.paused = 0
        for text in host.unknown_settings(plant.settings):
            warn(text)
        self.cursor = cursor  # up to which what they were shown is in the store
        self._passed_over: list[tuple[int, int]] = []
        self._write_at = 0.0
        if self.active:
            self._restore(warn)
        else:
            store.forget_cursor()  # what comes now nobody is shown, later neither

    def _restore(self, warn: Callable[[str], None]) -> None:
        totals = self._store.totals()
        if totals is not None:
            self._passed_over = self._store.passed_over()
            self.cursor, self._clock, self.counts = msgspec.msgpack.decode(totals, type=tuple[int, int, Counts])
        else:
            self._save_totals()  # from here on they are shown everything
        notices: Counter[str] = Counter()
        for number, path, checkpoint in self._store.checkpoints():
            watch = self._add(number, path)
            watch.restore(checkpoint, lambda text: notices.update([text]))
        for text, machines in notices.items():
            warn(f"{text} ({machines} machines)")

    def _save_totals(self) -> None:
        self._store.save_totals(msgspec.msgpack.encode((self.cursor, self._clock, self.counts)))

    def _add(self, number: int, path: str) -> Watch:
        watch = Watch(number, path, self._plant, self._host, self._rules, self._keep)
        in_order = not self._watches or number > next(reversed(self._watches))
        self._watches[number] = watch
        self._touched.add(watch)
        if not in_order:  # they are gone through in one order, after a restart too
            self._watches = dict(sorted(self._watches.items()))
        return watch

    def _keep(self, machine: int, monitor: str, said: Assessment) -> None:
        self._said.append((machine, monitor, said))
        counts = self.counts.assessments
        counts[said.state] = counts.get(said.state, 0) + 1

    # what comes

    def take(self, number: int, path: str, event: AnyEvent) -> None:
        """Take an accepted event of a machine."""
        if event.received >= self._clock + GRID:
            self.pass_time(event.received)
        watch = self._watches.get(number) or self._add(number, path)
        self._touched.add(watch)
        if event.__class__ is Reading:
            watch.reading(event)
        elif event.__class__ is Heartbeat:
            watch.heard(event)
        else:
            watch.event(event)

    def pass_over(self, event: AnyEvent) -> None:
        """An event that was not accepted: monitors are not shown it, after a restart neither."""
        self._passed_over.append((event.offset, event.index))

    @property
    def passed_over(self) -> set[tuple[int, int]]:
        """(offset, index) of the events after `cursor` that were passed over."""
        return set(self._passed_over)

    def pass_time(self, received: int) -> None:
        """The journal has reached this received time; once in each second silent machines are looked at."""
        if received < self._clock + GRID:
            return
        self._clock = received - received % GRID
        for watch in self._touched:
            self._agenda.put(watch.number, watch.due)
        self._touched.clear()
        for number in self._agenda.take(self._clock):
            watch = self._watches[number]
            watch.silent(self._clock)
            self._touched.add(watch)

    def correct(self, number: int, path: str, said: Correction, received: int) -> None:
        """Somebody acknowledges an alarm, or says that work has been done."""
        watch = self._watches.get(number) or self._add(number, path)
        if said.kind == "work_done":
            watch.work_done(said.component or "", said.action)
        else:
            watch.acknowledge(said.monitor, Acknowledgement(said.id, said.by, said.why, received))

    def take_back(self, number: str) -> None:
        """A correction is revoked."""
        for watch in self._watches.values():
            watch.take_back(number)

    def would_act(self, now: int) -> bool:
        """Whether anything would happen if the journal's time were `now`; from any thread."""
        return any(watch.due <= now for watch in list(self._watches.values()))

    # what is written

    def owes(self, cursor: int) -> bool:
        """Whether the store has them as of an earlier cursor than this."""
        return self.active and self.cursor < cursor

    def commit(self, cursor: int, *, whole: bool) -> list[tuple[int, str, Assessment]]:
        """Write what belongs to the cursor, inside the caller's transaction; returns (machine, monitor, assessment).

        Where all monitors stand is written only so often that a tenth of the time goes into it, unless it must be
        `whole`: until then it is in the store as of an earlier cursor, and what came since is shown to them again."""
        if not self.active:
            return []
        if not (whole or len(self._passed_over) > PASSED_OVER or time.monotonic() >= self._write_at):
            self._store.save_passed_over(self._passed_over)
            return []
        began = time.thread_time()
        for watch in self._watches.values():
            if watch.dirty:
                checkpoint = watch.checkpoint()
                self._store.save(watch.number, watch.current, checkpoint)
                watch.dirty = False
        said, self._said = self._said, []
        self._store.add(said)
        self.counts.late = sum(watch.window.pending.late for watch in self._watches.values())
        self.cursor = cursor
        self._save_totals()
        self._passed_over.clear()
        self._store.save_passed_over(self._passed_over)
        self._write_at = time.monotonic() + SPARSELY * (time.thread_time() - began)
        return said
