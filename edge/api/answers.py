"""What the API asks of the rest of the service: answers, health and figures.

Instants are integer microseconds since 1970 (UTC), answers are JSON-ready dicts in the shapes of `edge.api.shapes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypedDict

from edge.changes import PlantChange

Answer = dict[str, Any]
Place = tuple[int, bool, float, float, str, str]  # in the list of what monitors say now, see `edge.query.assessments`
Position = tuple[int, int]  # (offset, index) of an event or rejection


class Window(Protocol):
    """A window of event time [start, end) as the query side understood it; passed back to it as it came."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


class Exported(Protocol):
    """A table: what each column holds ("text", "integer", "number", "truth" or "instant"), and the rows in pieces.

    A piece is read when it is asked for, from any thread, one at a time."""

    @property
    def columns(self) -> Mapping[str, str]: ...

    @property
    def pieces(self) -> Iterator[Sequence[Sequence[Any]]]: ...


class RejectionFilter(TypedDict):
    """Rejections to list, newest first; `asset` is a path or a prefix, `before` excludes itself, None means any."""

    asset: str | None
    reason: str | None
    start: int | None
    end: int | None
    limit: int
    before: Position | None


class EventFilter(TypedDict):
    """Events to list in order of (offset, index); `start` and `end` are event time, `after` excludes itself."""

    asset: str | None
    kind: str | None
    start: int | None
    end: int | None
    limit: int
    after: Position | None


class AssessmentFilter(TypedDict):
    """Assessments: those that hold now, from a place in their order on; or with `start`, `end` or `after` an id what
    was said over time, oldest first."""

    asset: str | None
    states: frozenset[str]
    monitor: str | None
    start: int | None
    end: int | None
    limit: int
    after: int | Place | None


class Answers(Protocol):
    """Synchronous questions, asked from several threads at once; on bad input they raise QueryError, nothing else."""

    def window(
        self, asset: str, start: int | None, end: int | None, shift: str | None, as_of: int | None = None
    ) -> Window:
        """The window meant: `start` and `end` (None: now), or a shift: `current`, `previous` or `<name>@<date>`.

        With nothing given it is what a supervisor means by now: the running shift, else the last, else today."""
        ...

    def assets(self) -> Answer: ...

    def status(self, path: str) -> Answer: ...

    def timeline(self, path: str, start: int, end: int) -> Answer: ...

    def readings(self, path: str, signals: Sequence[str], start: int, end: int, points: int) -> Answer:
        """Series of at most about `points` points each; no `signals` means all of the machine's."""
        ...

    # A window goes back to whoever made it, so these take Any: the maker's own type is narrower than Window.
    def losses(self, path: str, window: Any) -> Answer: ...

    def kpis(self) -> Answer: ...

    def kpi(self, name: str, window: Any, step: str | None, as_of: int | None) -> Answer: ...

    def explain(self, name: str, window: Any, as_of: int | None) -> Answer:
        """A KPI with its intervals, counts, units, settings and the messages behind them."""
        ...

    def revisions(self, name: str, window: Any, as_of: int | None, limit: int) -> Answer:
        """How a KPI of a window came to change after it was over, in at most `limit` steps."""
        ...

    def export(self, table: str, window: Any, kpi: str | None, step: str | None, as_of: int | None) -> Exported:
        """`table` is events, spans, units or kpis; the last three only concern kpis."""
        ...

    def rejections(self, filters: RejectionFilter) -> Answer: ...

    def events(self, filters: EventFilter) -> Answer: ...

    def assessments(self, filters: AssessmentFilter) -> Answer: ...

    def message(self, offset: int) -> Answer | None:
        """One journal message and what became of it; None where the journal does not hold it (any more)."""
        ...

    def corrections(self, path: str | None, start: int | None, end: int | None, limit: int) -> Answer:
        """Corrections that touch [start, end) (None: without bound), of a machine or of all."""
        ...

    def can_revoke(self, number: str) -> bool:
        """Whether a correction of this id holds."""
        ...

    def check_machine(self, path: str) -> Answer:
        """QueryError (404) where no machine of this path has published; else an empty answer."""
        ...


class PlantAnswers(Protocol):
    """Questions about plant data: what holds `at` an instant (None: now), as it was known at another (`as_of`)."""

    def data(self, at: int | None, as_of: int | None) -> Answer: ...

    def settings(self, path: str, at: int | None, as_of: int | None) -> Answer: ...

    def changes(self, kind: str | None, name: str | None, as_of: int | None) -> Answer: ...

    def check(self, change: PlantChange) -> Answer:
        """QueryError where a change of plant data, or its revocation, could not hold; else `warnings`, if any."""
        ...


class JournalWriting(Protocol):
    """Writes entries of the service's own."""

    async def append(self, topic: str, payload: bytes) -> int:
        """The entry's offset, once it is durable."""
        ...


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the service does its work, and each component's `{"ok": bool, "detail": str, ...}`."""

    ready: bool
    components: Mapping[str, Mapping[str, Any]]


class Health(Protocol):
    def readiness(self) -> Readiness:
        """The state in memory; asked on the event loop, so it must not wait for anything."""
        ...


@dataclass(frozen=True, slots=True)
class Figures:
    """A snapshot of the service's counters (since its start, unless said otherwise) and levels."""

    received: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)  # by reason
    committed: int = 0
    acknowledged: int = 0
    processed: int = 0
    events: Mapping[str, int] = field(default_factory=dict)  # by kind
    plugin_failures: Mapping[str, int] = field(default_factory=dict)  # by plugin, 0 for a healthy one
    assessments: Mapping[str, int] = field(default_factory=dict)  # kept in the history, by state
    late_readings: int = 0  # came too late for the monitors
    monitor_failures: Mapping[str, int] = field(default_factory=dict)  # by monitor
    monitor_seconds: Mapping[str, float] = field(default_factory=dict)  # by monitor
    monitor_deaths: Mapping[str, int] = field(default_factory=dict)  # of its own process, by monitor
    monitors_paused: Mapping[str, int] = field(default_factory=dict)  # machines, by monitor
    monitors_off: Mapping[str, int] = field(default_factory=dict)  # 0 or 1, by monitor
    lag_messages: int = 0  # in the journal and not in the store yet
    outbox_points: int = 0  # have to reach InfluxDB; the rest of these since the start, but for `dead`
    outbox_lag_s: float = 0.0  # since when something has been waiting
    outbox_sent: int = 0
    outbox_requests: int = 0
    outbox_dead: int = 0  # refused for good, and kept
    outbox_expired: int = 0  # older than what the bucket keeps
    outbox_connected: bool = False
    outbox_series: int = 0
    outbox_let_go_s: float = 0.0  # of so long a time readings never reach InfluxDB
    connected: bool = False  # subscribed at the broker
    sessions_lost: int = 0
    takeovers: int = 0
    paused: bool = False
    disk_full: bool = False
    journal_bytes: int = 0
    journal_last_offset: int = 0
    store_bytes: int = 0
    machines: int = 0
    hours_waiting: int = 0  # of machines, whose numbers are to be worked out again
    resident_bytes: int = 0  # over all processes of the service


class Metrics(Protocol):
    def figures(self) -> Figures:
        """The figures in memory; asked on the event loop, so it must not wait for anything."""
        ...
