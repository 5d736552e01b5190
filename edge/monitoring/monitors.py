"""All machines under watch: what processing hands over, and what is written with its cursor."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from operator import itemgetter

import msgspec

from edge.changes import PlantChange
from edge.corrections import Correction
from edge.events import AnyEvent, Heartbeat, Reading
from edge.fence import LoadedMonitor
from edge.host import PluginHost
from edge.journal.record import NOTICE_PREFIX
from edge.monitor import Assessment
from edge.monitoring.agenda import GRID, Agenda
from edge.monitoring.apart.outpost import Apart, Outpost, Row
from edge.monitoring.post import Post
from edge.monitoring.watch import Watch, WatchRules
from edge.monitoring.watched import watched
from edge.plant import Plant, is_about
from edge.store.assessments import Acknowledgement, AssessmentWriter

CLOCK_TOPIC = NOTICE_PREFIX + "clock"
"""An entry by which the service notes that time has passed: what monitors do about silence follows from the journal."""
PASSED_OVER = 5000  # so many events that were not accepted are remembered at most
SPARSELY = 10
OF_MACHINES = ("product", "machine")  # kinds of changes: calendars are nothing to monitors
ChangesAt = Callable[[int], tuple[list[PlantChange], set[str]]]
"""The changes of plant data that held when the journal had reached an offset, and the ids of all said until then."""
PATIENCE_S = 0.1  # with a process of monitors that has not answered yet
AGAIN_S = 0.5  # until it is asked again


class Counts(msgspec.Struct):
    """Since the store began: rows of the history by state, readings that came too late for the monitors."""

    assessments: dict[str, int] = {}
    late: int = 0


class Monitors:
    """Takes events in the order of the journal. Nothing happens where no plugin brings a monitor."""

    def __init__(self, store: AssessmentWriter, plant: Plant, host: PluginHost, rules: WatchRules, cursor: int,
                 warn: Callable[[str], None], changes_at: ChangesAt = lambda _: ([], set())) -> None:  # fmt: skip
        self._store, self._host, self._rules = store, host, rules
        self._plant = plant
        self._changes: list[PlantChange] = []
        self._told: set[str] = set()
        self.active = bool(host.monitors)
        self.counts = Counts()
        self._turns = count(1)  # of what is shown to monitors: their rows are written in this order, wherever they run
        apart = {loaded.plugin for loaded in host.monitors.values() if loaded.apart}
        self._outposts = {plugin: Outpost(plugin, host, self._turn) for plugin in sorted(apart)}
        self._watches: dict[int, Watch] = {}
        self._agenda = Agenda()
        self._touched: set[Watch] = set()  # since the last look: when they are due may be another time now
        self._said: list[Row] = []
        self._clock = 0
        for loaded in host.monitors.values():
            loaded.paused, loaded.off = 0, None
        for text in host.unknown_settings(plant.settings):
            warn(text)
        self.cursor = cursor  # up to which what they were shown is in the store
        self._passed_over: list[tuple[int, int]] = []
        self._write_at = 0.0
        if self.active:
            self._restore(warn, changes_at)
        else:
            store.forget_cursor()  # what comes now nobody is shown, later neither

    def _restore(self, warn: Callable[[str], None], changes_at: ChangesAt) -> None:
        totals = self._store.totals()
        if totals is not None:
            self._passed_over = self._store.passed_over()
            self.cursor, self._clock, self.counts = msgspec.msgpack.decode(totals, type=tuple[int, int, Counts])
        else:
            self._save_totals()  # from here on they are shown everything
        self._changes, self._told = changes_at(self.cursor)
        self._plant = self._plant.changed(self._changes)
        notices: Counter[str] = Counter()
        for number, path, checkpoint in self._store.checkpoints():
            watch = self._add(number, path)
            watch.restore(checkpoint, lambda text: notices.update([text]))
        for text, machines in notices.items():
            warn(f"{text} ({machines} machines)")

    def _save_totals(self) -> None:
        self._store.save_totals(msgspec.msgpack.encode((self.cursor, self._clock, self.counts)))

    def _add(self, number: int, path: str) -> Watch:
        posts = [self._post(loaded, number, path) for loaded in self._host.monitors.values()]
        watch = Watch(number, path, self._plant, self._rules, posts)
        in_order = not self._watches or number > next(reversed(self._watches))
        self._watches[number] = watch
        self._touched.add(watch)
        if not in_order:  # they are gone through in one order, after a restart too
            self._watches = dict(sorted(self._watches.items()))
        return watch

    def _post(self, loaded: LoadedMonitor, machine: int, path: str) -> Post | Apart:
        about, history_us = watched(self._plant.settings, path, loaded.monitor), self._rules.history_us
        if loaded.apart:
            return self._outposts[loaded.plugin].post(loaded, machine, about, history_us)

        def keep(monitor: str, said: Assessment) -> None:
            self._said.append((self._turn(), machine, monitor, said))

        return Post(self._host, loaded, about, history_us, keep)

    def _turn(self) -> int:
        return next(self._turns)

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

    def change(self, said: PlantChange) -> None:
        """Plant data changes. What has been shown stays as it was shown, also where the change is about that time."""
        if said.kind == "revoke":
            about = [one for one in self._changes if one.id == said.revokes]
            self._changes = [one for one in self._changes if one.id != said.revokes]
        elif said.id not in self._told:
            self._told.add(said.id)
            self._changes.append(said)
            about = [said]
        else:
            return
        self._plant = self._plant.changed(self._changes)
        for one in about:
            for watch in self._watches.values():
                if one.kind in OF_MACHINES and is_about(one, watch.path):
                    watch.rule(self._plant)

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

    def attend(self) -> None:
        """Go on with what monitors in processes of their own have been shown, without waiting for them."""
        for outpost in self._outposts.values():
            outpost.attend()

    def commit(self, cursor: int, *, whole: bool, patience_s: float = PATIENCE_S) -> list[tuple[int, str, Assessment]]:
        """Write what belongs to the cursor, inside the caller's transaction; returns (machine, monitor, assessment).

        Where all monitors stand is written only so often that a tenth of the time goes into it, unless it must be
        `whole`: until then it is in the store as of an earlier cursor, and what came since is shown to them again. Nor
        is it written while a process of monitors has something to do for longer than `patience_s`."""
        if not self.active:
            return []
        due = whole or self._is_full or time.monotonic() >= self._write_at
        if not (due and self._gather(patience_s)):
            self._store.save_passed_over(self._passed_over)
            return []
        began = time.thread_time()
        for outpost in self._outposts.values():
            for row in outpost.adopt():
                self._said.append(row)
                self._watches[row[1]].dirty = True
        for watch in self._watches.values():
            if watch.dirty:
                checkpoint = watch.checkpoint()
                self._store.save(watch.number, watch.current, checkpoint)
                watch.dirty = False
        said = self._collect()
        self._store.add(said)
        self.counts.late = sum(watch.window.pending.late for watch in self._watches.values())
        self.cursor = cursor
        self._save_totals()
        self._passed_over.clear()
        self._store.save_passed_over(self._passed_over)
        self._write_at = time.monotonic() + SPARSELY * (time.thread_time() - began)
        return said

    @property
    def _is_full(self) -> bool:
        return len(self._passed_over) > PASSED_OVER or any(outpost.full for outpost in self._outposts.values())

    def _gather(self, patience_s: float) -> bool:
        """Have processes of monitors answer all and say where their posts stand; False where one has not, yet."""
        if not self._outposts:
            return True
        until = time.monotonic() + patience_s
        if self._answered(until):
            for watch in self._watches.values():
                if watch.dirty:
                    watch.gather()
            if self._answered(until):
                return True
        self._write_at = time.monotonic() + AGAIN_S
        return False

    def _answered(self, until: float) -> bool:
        waiting = [outpost for outpost in self._outposts.values() if not outpost.attend(until - time.monotonic())]
        return not waiting

    def _collect(self) -> list[tuple[int, str, Assessment]]:
        """What has been said since the last time, in the order in which monitors were shown what they say it of."""
        rows, self._said = sorted(self._said, key=itemgetter(0)), []
        counts = self.counts.assessments
        for _, _, _, said in rows:
            counts[said.state] = counts.get(said.state, 0) + 1
        return [(machine, monitor, said) for _, machine, monitor, said in rows]

    def close(self) -> None:
        """End the processes of monitors; twice does no harm."""
        for outpost in self._outposts.values():
            outpost.end()

    @property
    def pids(self) -> list[int]:
        """Of the processes of monitors; from any thread."""
        return [outpost.pid for outpost in self._outposts.values() if outpost.pid is not None]
