"""Processing: follows the journal from its cursor and keeps the store; one thread, one writing connection.

Everything derived from a batch is committed together with the cursor, so that a crash at any instant continues exactly
where the store was. Facts of changed hours follow at most once a second; until then the hours are marked in the store.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from typing import Protocol

import apsw

from edge.clock import HOUR
from edge.decode import DecodeSettings
from edge.host import PluginHost
from edge.journal.record import Record
from edge.monitor import Assessment
from edge.monitoring.monitors import PATIENCE_S, Counts, Monitors
from edge.monitoring.watch import WatchRules
from edge.plant import Plant
from edge.processing import tally
from edge.processing.backlog import ALL, LITTLE, SOME, Backlog
from edge.processing.evaluation import Evaluation
from edge.processing.intake import Intake, Taken
from edge.processing.machine import Machine
from edge.processing.retention import Retention
from edge.store import changes as change_store
from edge.store import hours as hour_store
from edge.store.assessments import AssessmentWriter
from edge.store.readings import ReadingsWriter
from edge.store.schema import move_log, open_writer

BATCH = 1000
COMMIT_S = 0.25
COMMIT_MOST_S = 1.0  # apart, where a commit costs much: with many machines each of them has little to write
COMMIT_SHARE = 0.1  # of the time
COMMIT_EVENTS = 20_000
EVALUATE_S = 1.0
EVALUATE_SHARE = 0.1  # of the time
RETRY_S = 1.0
RETIRE_S = 60.0
CLOSING_S = 3.0  # for monitors in processes of their own; what they have not done then is done after the next start
DAMAGED = (apsw.CorruptError, apsw.NotADBError)


class Journal(Protocol):
    """Where the records are."""

    def read(self, from_offset: int, limit: int) -> list[Record]: ...
    @property
    def first_offset(self) -> int: ...
    @property
    def last_offset(self) -> int: ...


@dataclass(frozen=True)
class Hooks:
    """Whom processing tells: of each batch, of machines whose facts changed, of the cursor, and of what went wrong."""

    taken: Callable[[Taken], None] = lambda taken: None
    evaluated: Callable[[set[str]], None] = lambda paths: None
    committed: Callable[[int], None] = lambda offset: None
    warn: Callable[[str], None] = lambda text: None
    assessed: Callable[[list[tuple[str, str, Assessment]]], None] = lambda said: None  # machine, monitor, what it says
    replaced: Callable[[], None] = lambda: None  # the store is another file now


@dataclass
class Pipeline:
    """Owns the store for writing. `open` it, then either `run` it in a thread or call `catch_up`."""

    path: Path
    journal: Journal
    plant: Plant
    decode_settings: DecodeSettings
    host: PluginHost
    hooks: Hooks = field(default_factory=Hooks)
    retention: Retention = field(default_factory=Retention)
    watching: WatchRules = field(default_factory=WatchRules)
    now: Callable[[], int] = lambda: time.time_ns() // 1000

    def __post_init__(self) -> None:
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._asked: list[threading.Event] = []
        self._lock = threading.Lock()
        self._uncommitted = 0
        self._committed_at = self._evaluated_at = 0.0
        self._evaluate_every = EVALUATE_S
        self._commit_every = COMMIT_S
        self._suspected = False
        self._retire_at = 0.0
        self.counts = tally.Tally()  # as of the last commit, so whoever asks for what was counted finds it

    # opening

    def open(self) -> None:
        """Open the store, or set a damaged one aside and begin a new one that the journal fills again."""
        try:
            self._open()
        except DAMAGED as error:
            self.set_aside(str(error))
            self._open()

    def _open(self) -> None:
        self.db = open_writer(self.path)
        self.tally = tally.load(self.db)
        self.readings = ReadingsWriter(self.db)
        with self.db:
            self._forget_never_heard()
            self.intake = Intake(self.db, self.plant, self.decode_settings, self.readings, self.tally)
            self.evaluation = Evaluation(self.db, self.host, self.intake.plant)
            self.intake.wants = self.evaluation.wants
            evaluated = self.hooks.evaluated
            self.backlog = Backlog(self.db, self.intake, self.evaluation, self.now, evaluated, self._stopping)
            self._open_monitors()
            self._compare_rules()
        self._refresh_dirty()
        if self.tally.cursor and self.journal.first_offset > self.tally.cursor + 1:
            self.hooks.warn(
                f"the journal begins at {self.journal.first_offset}, the store ends at {self.tally.cursor}: "
                "what lay between is gone"
            )
            self.tally.cursor = self.journal.first_offset - 1
        self.counts = tally.copy(self.tally)

    def _open_monitors(self) -> None:
        """Have monitors stand where the store says, and show them again what has been taken since."""
        store, cursor = AssessmentWriter(self.db), self.tally.cursor
        changes_at = partial(change_store.known_at, self.db)
        self.monitors = Monitors(store, self.plant, self.host, self.watching, cursor, self.hooks.warn, changes_at)
        self.intake.monitors = self.monitors if self.monitors.active else None
        at, passed_over = self.monitors.cursor + 1, self.monitors.passed_over
        while at <= cursor:
            records = self.journal.read(at, min(BATCH, cursor + 1 - at))
            if not records:
                break
            self.intake.show_again(records, passed_over)
            at = records[-1].offset + 1

    def _forget_never_heard(self) -> None:
        """Machines that never spoke are there because the plant file names them; it may not any more."""
        named = set(self.plant.settings.machine_paths())
        for (path,) in list(self.db.execute("select path from machines where last_heard=0")):
            if path not in named:
                self.db.execute("delete from machines where path=?", (path,))

    def _compare_rules(self) -> None:
        """Machines whose settings or calendar have changed are worked out again from their stored events."""
        for path, known in list(self.db.execute("select path, rules from machines")):
            fingerprint = self.plant.fingerprint(path)
            if fingerprint != known:
                self.db.execute("update machines set rules=? where path=?", (fingerprint, path))
                if known:
                    hour_store.all_dirty(self.db, self.intake.machines[path].number)

    def set_aside(self, reason: str) -> None:
        """Keep a damaged store under another name; the next one is built from the journal."""
        self.abandon()
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        for suffix in ("", "-wal", "-shm"):
            file = Path(f"{self.path}{suffix}")
            if file.exists():
                file.rename(f"{self.path}.damaged-{stamp}{suffix}")
        self.hooks.warn(f"the store is damaged ({reason}); kept as {self.path.name}.damaged-{stamp}, building it again")
        self.hooks.replaced()

    def close(self) -> None:
        """Commit what is taken and close the store; twice does no harm."""
        if hasattr(self, "db"):
            self.commit(whole=True, patience_s=CLOSING_S)
            self.monitors.close()
            move_log(self.db)
            self.db.close()
            del self.db

    # the loop

    def run(self) -> None:
        """Follow the journal until `stop`; for a thread of its own."""
        while not self._stopping.is_set():
            try:
                if not hasattr(self, "db"):
                    self.open()
                self._follow()
            except DAMAGED as error:
                self.set_aside(str(error))
            except apsw.Error as error:
                # What was taken but not committed is only in memory: begin again from the store's own cursor.
                self.hooks.warn(f"the store cannot be written ({error}); trying again")
                self.abandon()
                self._stopping.wait(RETRY_S)
        self.close()

    def abandon(self) -> None:
        """Let go of the store; what was not committed is taken again."""
        if hasattr(self, "monitors"):
            self.monitors.close()
        if hasattr(self, "db"):
            self.db.close()
            del self.db
        self._uncommitted = 0

    def _follow(self) -> None:
        while not self._stopping.is_set():
            self._check_suspicion()
            got = self.take_batch()
            self.monitors.attend()
            self.answer_asked(caught_up=got < BATCH)
            moment = time.monotonic()
            if self._uncommitted and (
                moment - self._committed_at >= self._commit_every or self._uncommitted >= COMMIT_EVENTS
            ):
                self.commit()
            if moment - self._evaluated_at >= self._evaluate_every:
                self.evaluate_live()
            more = self.backlog.work(LITTLE if got == BATCH else SOME if got else ALL)
            if not got:
                if self.monitors.owes(self.tally.cursor) and not self._uncommitted:
                    self.commit(whole=True)
                self._retire()
                if not more:
                    self._wake.wait(0.05 if self._uncommitted else 0.25)
                self._wake.clear()

    def _check_suspicion(self) -> None:
        if self._suspected:
            self._suspected = False
            found = self.db.execute("pragma quick_check(1)").fetchall()
            if found != [("ok",)]:
                raise apsw.CorruptError(str(found[0][0]))

    def take_batch(self) -> int:
        """Take the next records; returns how many there were."""
        records = self.journal.read(self.tally.cursor + 1, BATCH)
        if records:
            taken = self.intake.take(records)
            self._uncommitted += len(records)
            self.hooks.taken(taken)
        return len(records)

    def commit(self, *, whole: bool = False, patience_s: float = PATIENCE_S) -> None:
        """One transaction: everything taken, and the cursor; `whole`: monitors as of the cursor too, however long
        writing takes, where those in processes of their own answer within `patience_s`."""
        began = time.monotonic()
        with self.db:
            self.intake.commit()
            self.evaluation.plant = self.intake.plant
            self.readings.flush()
            said = self.monitors.commit(self.tally.cursor, whole=whole, patience_s=patience_s)
            tally.save(self.db, self.tally)
        self.counts = tally.copy(self.tally)
        self._uncommitted = 0
        self._committed_at = time.monotonic()
        self._commit_every = min(COMMIT_MOST_S, max(COMMIT_S, (self._committed_at - began) / COMMIT_SHARE))
        if said:
            paths = self.intake.by_number
            self.hooks.assessed([(paths[machine].path, monitor, one) for machine, monitor, one in said])
        self.hooks.committed(self.monitors.cursor if self.monitors.active else self.tally.cursor)

    def evaluate_live(self) -> None:
        """Facts of hours at hand that changed; a tenth of the time goes into it at most, however much there is."""
        began = time.monotonic()
        if self._uncommitted:
            self.commit()
        now = self.now()
        changed = set()
        with self.db:
            for machine in self.intake.machines.values():
                hours = self._due(machine, now)
                if hours:
                    self.evaluation.evaluate(machine, hours, now)
                    changed.add(machine.path)
        took = time.monotonic() - began
        self._evaluated_at = time.monotonic()
        self._evaluate_every = max(EVALUATE_S, took / EVALUATE_SHARE)
        if changed:
            self.hooks.evaluated(changed)

    def _due(self, machine: Machine, now: int) -> set[int]:
        """Hours at hand that changed, and the last one where its time or its stop has gone on since."""
        hours = {hour for hour in machine.dirty if hour >= machine.newest - HOUR and hour < now}
        row = machine.last_row
        if row is not None and row.review <= now:
            hours.add(row.hour)
        return hours

    def work_on_cold(self, budget_s: float) -> bool:
        """Older hours that changed, as many as the budget allows; True while there are more."""
        return self.backlog.evaluate(time.monotonic() + budget_s)

    def pool(self, *, silence: bool = True) -> None:
        """Add up facts of whole lines where that is missing, in one transaction; of time in which no machine of a line
        spoke too, unless that is left to the service."""
        with self.db:
            self.backlog.pool(inf, patient=False, silence=silence)

    def _retire(self) -> None:
        """Drop a piece of what is too old, when there is nothing better to do."""
        if time.monotonic() >= self._retire_at and not self._uncommitted:
            self._retire_at = time.monotonic() + (0.0 if self.retire() else RETIRE_S)

    def retire(self) -> bool:
        """Drop a piece of what is too old, in one transaction; True while there is more."""
        with self.db:
            more = self.retention.step(self.db, self.readings, self.now())
        for machine in self.intake.machines.values():
            machine.hours_dropped()
        return more

    def catch_up(self) -> None:
        """Take everything that the journal holds and evaluate all of it; without a thread, for rebuilds and tests."""
        while self.take_batch():
            if self._uncommitted >= COMMIT_EVENTS:
                self.commit()
        self.commit(whole=True, patience_s=inf)
        now = self.now()
        for machine in self.intake.machines.values():
            with self.db:
                self.evaluation.evaluate(machine, set(machine.dirty), now)

    def evaluate_everything(self) -> None:
        """Mark every hour to be worked out again from its stored events."""
        with self.db:
            hour_store.all_dirty(self.db)
        self._refresh_dirty()

    def _refresh_dirty(self) -> None:
        for machine in self.intake.machines.values():
            machine.dirty |= hour_store.HourRows(self.db, machine.number).dirty(1 << 62)

    # from other threads

    def wake(self) -> None:
        """There may be new records."""
        self._wake.set()

    def suspect(self) -> None:
        """Somebody could not read the store: look through all of it, and build it again where it is damaged."""
        self._suspected = True
        self._wake.set()

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping.set()
        self._wake.set()

    def settled(self, timeout_s: float) -> bool:
        """Wait until what the journal held at the call is in the store, as far as that is near; True if it is."""
        asked = threading.Event()
        with self._lock:
            self._asked.append(asked)
        self._wake.set()
        return asked.wait(timeout_s)

    def answer_asked(self, *, caught_up: bool) -> None:
        """Commit for those who wait in `settled`, once the journal's end is reached."""
        if not self._asked or not caught_up:
            return
        with self._lock:
            asked, self._asked = self._asked, []
        if self._uncommitted:
            self.commit()
        for one in asked:
            one.set()

    def waits_for(self, now: int) -> bool:
        """Whether a monitor would do something if the journal's time were `now`."""
        return self.monitors.would_act(now)

    @property
    def watched(self) -> Counts:
        """What monitors have said."""
        return self.monitors.counts

    @property
    def cursor(self) -> int:
        """The offset of the last record taken."""
        return self.tally.cursor

    @property
    def hours_waiting(self) -> int:
        """Hours of machines whose numbers have to be worked out again; the running ones always do."""
        return sum(len(machine.dirty) for machine in list(self.intake.machines.values()))

    @property
    def machine_count(self) -> int:
        return len(self.intake.machines)
