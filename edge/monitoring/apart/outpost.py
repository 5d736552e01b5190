"""The posts of one plugin in a process of their own: what they do, leak or hang in ends with the process.

Orders go over in batches, one at a time, while the service goes on. Until the next checkpoint all of them are kept:
where the process dies it is begun again from the last checkpoint and given the same orders, so that what comes out is
what would have come out without it. An order that ends it twice is a failure of the monitor, and is not given again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Final

import msgspec

from edge.fence import LoadedMonitor
from edge.host import PluginHost
from edge.monitor import Assessment, Observation, Watched
from edge.monitoring.apart.orders import (
    OUT_OF_MEMORY,
    Acknowledge,
    Answer,
    Batch,
    Begin,
    Checkpoint,
    EndSilence,
    Figures,
    Known,
    Remember,
    Rule,
    Settings,
    StartAnew,
    Take,
    TakeBack,
    decode_answer,
    encode,
)
from edge.monitoring.apart.worker import Worker, WorkerLost
from edge.monitoring.post import PostState, nothing_more
from edge.store.assessments import Acknowledgement

BATCH: Final = 100  # orders
BATCH_S: Final = 1.0  # for a batch
START_S: Final = 30.0  # until it is ready for the first one
LOG: Final = 500  # batches kept at most; beyond, the service waits
DEATHS, WITHIN_S = 4, 300.0  # so many, and the plugin's monitors are switched off

Row = tuple[int, int, str, Assessment]
"""Of the history: (turn, machine, monitor, assessment)."""


class Apart:
    """One monitor at its post beside one machine, in the plugin's process: what `Post` is, from afar.

    `kept` is where it stood at the last checkpoint."""

    def __init__(self, outpost: Outpost, number: int, loaded: LoadedMonitor, machine: int, watched: Watched,
                 history_us: int) -> None:  # fmt: skip
        self.loaded, self.name, self.machine, self.watched = loaded, loaded.name, machine, watched
        self.every = tuple(loaded.monitor.signals) == ("*",)
        self.kept = PostState(loaded.monitor.version)
        self.history_us = history_us
        self._outpost, self._number = outpost, number
        self._signals = {name: dict(watched.signal(name)) for name in watched.signals}
        self._acknowledged: str | None = None
        self.begin: Begin | None = None  # as of the last checkpoint

    def restore(self, kept: PostState) -> None:
        """Stand where an earlier post stood. The caller has compared versions."""
        self.kept = kept
        if kept.acknowledged is not None:
            self._acknowledged = kept.acknowledged.id
        self._begin()

    def _begin(self) -> None:
        self.begin = Begin(
            self._outpost.turn(), self._number, self.name, self.watched.asset, dict(self.watched.settings),
            dict(self._signals), self.history_us, self.kept,
        )  # fmt: skip
        self._outpost.order(self.begin)

    def _order(self, kind: Callable[..., Known], *members: object) -> None:
        if self.begin is None:
            self._begin()
        self._outpost.order(kind(self._outpost.turn(), self._number, *members))

    def rule(self, watched: Watched) -> None:
        self.watched = watched
        self._signals = {name: dict(watched.signal(name)) for name in {**self._signals, **dict(watched.signals)}}
        if self.begin is not None:
            settings, signals = dict(watched.settings), dict(self._signals)
            self._order(Rule, settings, signals)

    def take(self, seen: Observation) -> None:
        if seen.signals.keys() - self._signals.keys():
            new = {name: dict(self.watched.signal(name)) for name in seen.signals if name not in self._signals}
            self._signals |= new
            self._order(Settings, new)
        self._order(Take, seen)

    def start_anew(self, ts: int, why: str) -> None:
        self._order(StartAnew, ts, why)

    def acknowledge(self, said: Acknowledgement) -> bool:
        self._acknowledged = said.id
        self._order(Acknowledge, said)
        return True

    def take_back(self, number: str) -> bool:
        if self._acknowledged != number:
            return False
        self._order(TakeBack, number)
        return True

    def remember(self) -> None:
        self._order(Remember)

    def end_silence(self, *, undone: bool) -> None:
        self._order(EndSilence, undone)

    def gather(self) -> None:
        """Have it say where it stands."""
        self._order(Checkpoint)

    def adopt(self, kept: PostState) -> None:
        """This is where it stands; it is begun again from here."""
        self.kept = kept
        if self.begin is not None:
            settings, signals = dict(self.watched.settings), dict(self._signals)
            self.begin = msgspec.structs.replace(self.begin, kept=kept, settings=settings, signals=signals)

    def checkpoint(self) -> PostState:
        return self.kept

    def written(self) -> None:
        """Nothing: what was written is needed to begin again."""


class Outpost:
    """`turn` gives the next place in the order of everything that is shown to monitors."""

    def __init__(self, plugin: str, host: PluginHost, turn: Callable[[], int]) -> None:
        self.plugin, self.turn = plugin, turn
        self._host = host
        self._loaded = {name: one for name, one in host.monitors.items() if one.plugin == plugin}
        self._posts: list[Apart] = []
        self._worker: Worker | None = None
        self._due: float | None = None  # when the answer must be there; None where nothing is asked
        self._collected: list[Known] = []
        self._log: list[bytes] = []  # since the last checkpoint
        self._todo: deque[bytes] = deque()  # of the log, what the process has not been given
        self._answers: list[Answer] = []  # since the last checkpoint
        self._figures: dict[str, Figures] = {}  # as of the last checkpoint
        self._fatal: dict[int, str] = {}
        self._suspect = 0
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self.off = False

    def post(self, loaded: LoadedMonitor, machine: int, watched: Watched, history_us: int) -> Apart:
        """A further post."""
        post = Apart(self, len(self._posts), loaded, machine, watched, history_us)
        self._posts.append(post)
        return post

    @property
    def pid(self) -> int | None:
        worker = self._worker
        return None if worker is None else worker.pid

    # orders

    def order(self, order: Known) -> None:
        """Have a post do something, soon."""
        if self.off:
            return
        self._collected.append(order)
        if len(self._collected) >= BATCH:
            self.attend()
            if len(self._todo) > LOG:
                self._make_room()

    @property
    def full(self) -> bool:
        """Whether it is time for a checkpoint."""
        return len(self._log) > LOG

    def _make_room(self) -> None:
        """More is waiting than may: who cannot keep up and takes too long goes, else everything else waits."""
        slow = next((loaded.name for loaded in self._loaded.values() if loaded.slow), None)
        if slow is not None:
            self._switch_off(f"{slow} takes too long to keep up")
        while not self.attend(BATCH_S):
            pass

    def attend(self, wait_s: float = 0.0) -> bool:
        """Give it what waits and take what it answers, without waiting for longer; True where all is answered."""
        until = monotonic() + wait_s
        self._close_batch()
        while not self.off and (self._due is not None or self._todo):
            try:
                if not self._go_on(until):
                    return False
            except WorkerLost as lost:
                self._lose(str(lost))
        return True

    def _close_batch(self) -> None:
        if self._collected:
            frame = encode(Batch(self._collected))
            self._collected = []
            self._log.append(frame)
            self._todo.append(frame)

    def _go_on(self, until: float) -> bool:
        """One step; False where there is nothing to do before `until`. WorkerLost."""
        if self._worker is None:
            self._start()
        elif self._due is None:
            self._worker.hand_over(self._todo.popleft())
            self._due = monotonic() + BATCH_S
        else:
            answer = self._worker.answer(min(until, self._due) - monotonic())
            if answer is not None:
                self._due = None
                self._take_in(decode_answer(answer))
            elif monotonic() >= self._due:
                raise WorkerLost(f"took longer than {BATCH_S:g} s")
            else:
                return False
        return True

    def _take_in(self, answer: Answer) -> None:
        for doing, text in answer.reports:
            self._host.report(self.plugin, doing, text)
        answer.reports = []
        for name, figures in answer.figures.items():
            self._show(name, figures)
        self._answers.append(answer)

    def _show(self, name: str, figures: Figures) -> None:
        loaded = self._loaded[name]
        loaded.failures, loaded.last_error, loaded.paused = figures.failures, figures.last_error, figures.paused
        loaded.calls, loaded.seconds, loaded.slow = figures.calls, figures.seconds, figures.slow

    # life and death

    def _start(self) -> None:
        try:
            self._worker = Worker(self.plugin, self._host.directory, self._host.memory_bytes)
        except OSError as error:
            raise WorkerLost(f"could not be started: {error}") from error
        self._due = monotonic() + START_S
        begins = [post.begin for post in self._posts if post.begin is not None]
        batches = [Batch([], self._fatal, self._figures)]
        batches += [Batch(list(begins[at : at + BATCH])) for at in range(0, len(begins), BATCH)]
        self._todo = deque([*map(encode, batches), *self._log])
        self._answers.clear()

    def _lose(self, why: str) -> None:
        """The process has ended, or is ended now: it begins again, or not any more."""
        turn = 0
        if self._worker is not None:
            turn, status = self._worker.turn, self._worker.end()
            why = why or _ending(status, self._host.memory_bytes)
        self._worker = self._due = None
        self._todo = deque(self._log)
        for loaded in self._loaded.values():
            loaded.deaths += 1
        self._host.report(self.plugin, "update", f"its process ended: it {why}")
        if turn and turn == self._suspect:
            self._fatal[turn] = why
        self._suspect = turn
        moment = monotonic()
        self._deaths.append(moment)
        if len(self._deaths) == DEATHS and moment - self._deaths[0] < WITHIN_S:
            self._switch_off(f"its process ended {DEATHS} times within {WITHIN_S:g} s; the last time it {why}")

    def _switch_off(self, why: str) -> None:
        """Until the next start; each of its monitors says so."""
        text = f"switched off until the next start: {why}"
        self.end()
        self.off = True
        self._collected, self._log = [], []
        self._todo.clear()
        self._host.refuse(self.plugin, f"its monitors are {text}")
        for loaded in self._loaded.values():
            loaded.off, loaded.paused = text, 0
        rows = [row for answer in self._answers for row in answer.rows]
        last = {number: said for _, number, said in rows}
        posts = {}
        for number, post in enumerate(self._posts):
            said = last.get(number, post.kept.said)
            if said is not None:
                unknown = nothing_more(said.ts, text)
                rows.append((self.turn(), number, unknown))
                posts[number] = msgspec.structs.replace(post.kept, said=unknown, since=None, acknowledged=None)
        self._answers = [Answer(rows, posts)]

    def end(self) -> None:
        """End the process, if there is one."""
        if self._worker is not None:
            self._worker.end()
        self._worker = self._due = None

    # checkpoints

    def adopt(self) -> Iterable[Row]:
        """What has been said since the last time; posts stand where they have said that they do. Everything must have
        been answered."""
        rows = [row for answer in self._answers for row in answer.rows]
        for answer in self._answers:
            for number, kept in answer.posts.items():
                self._posts[number].adopt(kept)
        if self._answers:
            self._figures = self._answers[-1].figures or self._figures
        self._answers, self._log = [], []
        self._fatal.clear()
        for turn, number, said in rows:
            post = self._posts[number]
            yield turn, post.machine, post.name, said


def _ending(status: int, memory_bytes: int) -> str:
    if status == OUT_OF_MEMORY:
        return f"needed more than {memory_bytes >> 20} MiB of memory"
    return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
