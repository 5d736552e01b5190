"""The outbox: a thread that follows the store and gets everything to InfluxDB, whatever happens there.

New readings, events and KPI windows go first; what was missed during an outage is caught up beside them. Nothing waits
for this thread, and while it waits it holds one batch and no transaction.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import apsw

from edge.clock import SECOND, to_text
from edge.events import KINDS
from edge.host import PluginHost
from edge.influx.alignment import align
from edge.influx.backlog import Backlog, rest_s, waiting
from edge.influx.batch import Batch
from edge.influx.catalog import Groups
from edge.influx.delivery import CEILING_S, Delivery, Link, Refused
from edge.influx.events import Assessments, Events, Rejections
from edge.influx.following import Following
from edge.influx.kpipoints import KpiPoints
from edge.influx.positions import Positions
from edge.influx.querying import Querying
from edge.influx.restating import sweep
from edge.influx.windows import Windows
from edge.influx.writing import Writing
from edge.plant import Plant
from edge.plants import Plants
from edge.store.meta import identity
from edge.store.schema import open_reader

POLL_S = 0.2
COUNT_S = 2.0
LOOK_S = 60.0
RETRY_S = 1.0
ASKED_S = 1.0
"""So long after a question to the API somebody asks."""
SERIES_ALARM = 1_000_000
"""InfluxDB keeps an index of all series in memory; beyond a million it becomes slow on a small box."""


class Stream(Protocol):
    """Something that is followed: `next` reads one state of the store, and gives None where nothing is new."""

    def next(self, db: apsw.Connection) -> Batch | None: ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How it stands, for figures and pages. `waiting`: points, about; `lag_s`: since when there have been any;
    `let_go_s`: how long the time is of which the store let readings go before they were sent."""

    state: str
    detail: str
    waiting: int
    lag_s: float
    sent: int
    requests: int
    dead: int
    expired: int
    series: int
    let_go_s: float

    @property
    def ok(self) -> bool:
        return self.state in ("starting", "connected") and not self.dead and self.series <= SERIES_ALARM


@dataclass
class _Streams:
    """All streams over one store."""

    following: Following
    events: Events
    rejections: Rejections
    assessments: Assessments
    windows: Windows
    backlog: Backlog

    def live(self) -> tuple[Stream, ...]:
        return self.following, self.events, self.rejections, self.assessments, self.windows


@dataclass
class Outbox:
    """`start` it once the store is there. `changed` and `renew` may be called from any thread."""

    store: Path
    positions_path: Path
    writing: Writing
    querying: Querying
    plant: Plant
    host: PluginHost
    warn: Callable[[str], None] = lambda text: None
    windows_every_s: float = 15.0
    clock: Callable[[], float] = time.monotonic
    now_us: Callable[[], int] = lambda: time.time_ns() // 1000
    link: Link = field(default_factory=Link)

    def __post_init__(self) -> None:
        self._stopping, self._renewed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self.run, name="outbox", daemon=True)
        self._delivery = Delivery(self.writing, self._pause, self.link, clock=self.clock)
        self._streams: _Streams | None = None
        self._db: apsw.Connection | None = None
        self._counted_at = self._looked_at = self._asked_at = -1e9
        self._idle_at = self.clock()
        self._let_go_s = 0.0
        self._waiting = self._in_hand = self._dead = self._series = self._failures = 0
        self._committed = self._seen = (
            0  # offsets: what the store has, and up to where all was sent when it was last idle
        )

    # from other threads

    def start(self) -> None:
        """Begin to send. Before the store grows, so that positions which are ahead of it are noticed."""
        try:
            with closing(open_reader(self.store)) as db, closing(Positions(self.positions_path)) as positions:
                align(positions, db)
        except apsw.Error as error:
            self.warn(f"positions of the outbox cannot be compared with the store: {error}")
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """End soon; a request that is under way is not waited for, since its position has not moved."""
        self._stopping.set()
        self._renewed.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def changed(self, paths: Iterable[str]) -> None:
        """KPI windows of these machines changed."""
        streams = self._streams
        if streams is not None:
            streams.windows.changed(paths)

    def committed(self, offset: int) -> None:
        """The store has everything up to this offset of the journal."""
        self._committed = offset

    def give_way(self) -> None:
        """Somebody asks the service something."""
        self._asked_at = self.clock()

    def renew(self) -> None:
        """The store is another file now."""
        self._renewed.set()

    def status(self) -> Outgoing:
        """The state in memory; never waits."""
        waiting = max(self._waiting, self._in_hand, int(self._committed > self._seen))
        lag_s = self.clock() - self._idle_at if waiting else 0.0
        link = self.link
        return Outgoing(link.state, link.detail, waiting, lag_s, link.sent, link.requests, self._dead, link.expired,
                        self._series, self._let_go_s)  # fmt: skip

    # the thread

    def run(self) -> None:
        """Send until `stop`."""
        while not self._stopping.is_set():
            try:
                with closing(open_reader(self.store)) as db, closing(Positions(self.positions_path)) as positions:
                    self._renewed.clear()
                    self._follow(db, positions)
            except Exception as error:  # noqa: BLE001  # the reason stands below
                # Whatever the sender meets must not end it: positions are durable, so it begins again from there.
                self.warn(f"the outbox begins again: {type(error).__name__}: {error}")
                self.link.amiss("waiting", f"{type(error).__name__}: {error}", self.clock())
                self._stopping.wait(min(RETRY_S * 2**self._failures, CEILING_S))
                self._failures = min(self._failures + 1, 30)
            finally:
                self._streams = self._db = None
        self.writing.close()

    def _follow(self, db: apsw.Connection, positions: Positions) -> None:
        positions.belong_to(identity(db))
        groups = Groups()
        self._db, self._dead = db, positions.dead_count()
        self._note_let_go(positions, None)
        streams = self._streams = _Streams(
            Following(positions, groups, self.now_us), Events(positions), Rejections(positions), Assessments(positions),
            Windows(positions, KpiPoints(Plants(self.plant), self.host), self.clock, self.windows_every_s),
            Backlog(positions, groups),
        )  # fmt: skip
        self._looked_at = -1e9
        self._count(db)
        while not self._renewed.is_set():
            committed = self._committed
            self._look(db, positions, streams)
            busy = sum(self._send_next(db, positions, stream) for stream in streams.live()) > 0
            if not self._renewed.is_set():
                busy = self._catch_up(db, positions, streams.backlog) or busy
            if not busy:
                self._note_idle(committed)
                self._renewed.wait(POLL_S)

    def _catch_up(self, db: apsw.Connection, positions: Positions, backlog: Backlog) -> bool:
        """A piece of the backlog, and a rest after it."""
        self._note_let_go(positions, backlog.let_go(db))
        began = self.clock()
        batch = _read(db, backlog)
        made_s = self.clock() - began
        if batch is None:
            return False
        self._send(positions, batch)
        now = self.clock()
        asked = now - self._asked_at < ASKED_S
        self._renewed.wait(rest_s(len(batch.lines), made_s=made_s, took_s=now - began, asked=asked))
        return True

    def _send_next(self, db: apsw.Connection, positions: Positions, stream: Stream) -> bool:
        batch = None if self._renewed.is_set() else _read(db, stream)
        if batch is not None:
            self._send(positions, batch)
        return batch is not None

    def _send(self, positions: Positions, batch: Batch) -> None:
        self._in_hand = len(batch.lines)
        refused = self._delivery.deliver(batch.lines)
        if refused is None:
            return
        if batch.over and self._sweep(batch) is None:
            return
        with positions.db:
            positions.bury(self.now_us(), refused)
            batch.taken()
        self._in_hand = self._failures = 0
        if refused:
            self._dead += len(refused)
            status, reason, line = refused[0]
            self.warn(f"InfluxDB refused {len(refused)} points for good ({status}: {reason}), such as {line[:200]}")
        if self._db is not None and self.clock() - self._counted_at > COUNT_S:
            self._count(self._db)

    def _sweep(self, batch: Batch) -> list[Refused] | None:
        """Take away what hours that are over left behind, and write them again; None where the service ends first."""
        return self._delivery.deliver([point.line() for point in sweep(self.querying, batch.over)])

    def _pause(self, seconds: float) -> bool:
        """Wait, and keep the count of what is waiting up to date meanwhile."""
        until = self.clock() + seconds
        while not self._renewed.is_set():
            left = until - self.clock()
            if left <= 0:
                return False
            if self._db is not None and self.clock() - self._counted_at > COUNT_S:
                self._count(self._db)
            self._renewed.wait(min(left, COUNT_S))
        return True

    def _look(self, db: apsw.Connection, positions: Positions, streams: _Streams) -> None:
        """Now and then: look at every machine, at what is refused, let go or too much."""
        if self.clock() - self._looked_at < LOOK_S:
            return
        self._looked_at = self.clock()
        streams.windows.look_at_all(db)
        self._dead = positions.dead_count()  # a command may have sent or forgotten some
        ((machines, kpis),) = db.execute("select (select count(*) from machines), (select count(*) from kpis)")
        before, self._series = self._series, int(machines) * (2 + int(kpis) + len(set(KINDS.values())))
        if self._series > SERIES_ALARM >= before:
            self.warn(f"about {self._series} series in InfluxDB: machines that anybody made up? see /api/v1/assets")

    def _note_let_go(self, positions: Positions, found: tuple[int, int] | None) -> None:
        """Say once that readings never reach InfluxDB, and keep since when and until when."""
        if found is not None and found[1] > positions.value("let_go_until"):
            with positions.db:
                positions.set(let_go_since=found[0], let_go_until=found[1])
            self.warn(
                f"readings from {to_text(found[0])} to {to_text(found[1])} never reach InfluxDB: the store let them go "
                "(store.readings_days) while it was away"
            )
        self._let_go_s = (positions.value("let_go_until") - positions.value("let_go_since")) / SECOND

    def _note_idle(self, committed: int) -> None:
        self._seen = committed
        self._idle_at = self.clock()
        self._waiting = 0
        self._counted_at = self.clock()

    def _count(self, db: apsw.Connection) -> None:
        self._counted_at = self.clock()
        streams = self._streams
        if streams is None:
            return
        with snapshot(db):
            self._waiting = waiting(db, streams.following, streams.events, streams.backlog)


@contextmanager
def snapshot(db: apsw.Connection) -> Iterator[None]:
    """One committed state of the store."""
    db.execute("begin")
    try:
        yield
    finally:
        db.execute("rollback")


def _read(db: apsw.Connection, stream: Stream) -> Batch | None:
    with snapshot(db):
        return stream.next(db)
