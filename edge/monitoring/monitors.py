"""All machines under watch: what processing hands over, and what is written with its cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from edge.clock import SECOND
from edge.corrections import Correction
from edge.events import AnyEvent, Heartbeat, Reading
from edge.host import PluginHost
from edge.journal.record import NOTICE_PREFIX
from edge.monitor import Assessment
from edge.monitoring.watch import Watch, WatchRules
from edge.plant import Plant
from edge.store.assessments import Acknowledgement, AssessmentWriter

CLOCK_TOPIC = NOTICE_PREFIX + "clock"
"""An entry by which the service notes that time has passed: what monitors do about silence follows from the journal."""
GRID = SECOND  # of received time: silence is looked at once in each


class Counts(msgspec.Struct):
    """Since the store began: rows of the history by state, readings that came too late for the monitors."""

    assessments: dict[str, int] = {}
    late: int = 0


class Monitors:
    """Takes events in the order of the journal. Nothing happens where no plugin brings a monitor."""

    def __init__(self, store: AssessmentWriter, plant: Plant, host: PluginHost, rules: WatchRules,
                 warn: Callable[[str], None]) -> None:  # fmt: skip
        self._store, self._plant, self._host, self._rules = store, plant, host, rules
        self.active = bool(host.monitors)
        self.counts = Counts()
        self._watches: dict[int, Watch] = {}
        self._said: list[tuple[int, str, Assessment]] = []
        self._clock = 0
        for loaded in host.monitors.values():
            loaded.paused = 0
        if self.active:
            self._restore(warn)

    def _restore(self, warn: Callable[[str], None]) -> None:
        totals = self._store.totals()
        if totals is not None:
            self._clock, self.counts = msgspec.msgpack.decode(totals, type=tuple[int, Counts])
        notices: Counter[str] = Counter()
        for number, path, checkpoint in self._store.checkpoints():
            watch = self._add(number, path)
            watch.restore(checkpoint, lambda text: notices.update([text]))
        for text, machines in notices.items():
            warn(f"{text} ({machines} machines)")

    def _add(self, number: int, path: str) -> Watch:
        watch = Watch(number, path, self._plant, self._host, self._rules, self._keep)
        in_order = not self._watches or number > next(reversed(self._watches))
        self._watches[number] = watch
        if not in_order:  # silence is looked at in one order, after a restart too
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
        if event.__class__ is Reading:
            watch.reading(event)
        elif event.__class__ is Heartbeat:
            watch.heard(event)
        else:
            watch.event(event)

    def pass_time(self, received: int) -> None:
        """The journal has reached this received time; once in each second silent machines are looked at."""
        if received < self._clock + GRID:
            return
        self._clock = received - received % GRID
        for watch in self._watches.values():
            watch.silent(self._clock)

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
        return any(watch.would_act(now) for watch in list(self._watches.values()))

    # what is written

    def commit(self) -> list[tuple[int, str, Assessment]]:
        """Write what has changed, inside the caller's transaction; returns new rows: machine, monitor, assessment."""
        if not self.active:
            return []
        for watch in self._watches.values():
            if watch.dirty:
                checkpoint = watch.checkpoint()
                self._store.save(watch.number, watch.current, checkpoint)
                watch.dirty = False
        said, self._said = self._said, []
        self._store.add(said)
        self.counts.late = sum(watch.window.pending.late for watch in self._watches.values())
        self._store.save_totals(msgspec.msgpack.encode((self._clock, self.counts)))
        return said
