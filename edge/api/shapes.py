"""The shapes of the answers: what the OpenAPI description says, and what tests hold the answers to.

Times are RFC 3339 text in UTC. Members that end in `_s` are seconds. What is not known is null, never 0.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from edge.monitor import Health

FROM = {"from_": "from"}
Numbers = dict[str, Any]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class LastValue(Struct):
    ts: Time
    value: float | None


class Signal(Struct):
    """A signal that a machine publishes, with its newest value."""

    name: str
    unit: str | None
    kind: str | None
    last: LastValue | None


class Asset(Struct, omit_defaults=True):
    """A site, area or line with its machines' paths, or a machine with its signals."""

    path: str
    kind: Literal["site", "area", "line", "machine"]
    title: str | None
    machines: list[str] | UnsetType = UNSET
    line: str | UnsetType | None = UNSET
    configured: bool | UnsetType = UNSET
    first_seen: Time | UnsetType | None = UNSET
    last_heard: Time | UnsetType | None = UNSET
    product: str | UnsetType | None = UNSET
    signals: list[Signal] | UnsetType = UNSET


class Assets(Struct):
    assets: list[Asset]


class Range(Struct, rename=FROM):
    """A half-open window: `to` is not in it."""

    from_: Time
    to: Time


class Shift(Struct, rename=FROM):
    """A shift of the calendar; `date` is the business date that it belongs to."""

    name: str
    date: str
    from_: Time
    to: Time


class Parts(Struct):
    """Parts of the window; of a line those that leave it at its last station (`of`), where it has one. `target` is what
    the calendar and the ideal time make possible up to now, `target_full` by the end of the shift."""

    total: int
    good: int
    bad: int
    target: float | None
    target_full: float | None
    of: list[str] | UnsetType = UNSET  # the machines whose parts these are, where not those of all


class KpiSummary(Struct):
    """A KPI as a card shows it; `headline` and `details` name members of `values`."""

    title: str
    headline: str
    values: Numbers
    flags: list[str]
    coverage: float | None
    unit: str
    details: list[str]
    better: Literal["up", "down"]
    units: dict[str, str] | UnsetType = UNSET  # value -> unit, where it has another one than the KPI


class Maintenance(Struct):
    """The most urgent of a machine's assessments, in short; `signal` is that of its first reason."""

    state: Health
    monitor: str
    health: float | None
    since: Time | None
    signal: str | None
    acknowledged: bool


class MachineStatus(Struct, rename=FROM):
    """What a machine is doing now. `connection` says whether that is known: a silent machine may be running."""

    asset: str
    kind: Literal["machine"]
    title: str | None
    configured: bool
    state: str
    time_class: str
    connection: Literal["online", "silent", "offline", "never"]
    reason: str | None
    since: Time | None
    in_state_s: float | None
    last_heard: Time | None
    last_heard_s: float | None
    behind_s: float | None  # how old its last messages were when they came, where that is why its state is unknown
    product: str | None
    order: str | None
    timezone: str
    shift: Shift | None
    window: Range
    parts: Parts
    kpis: dict[str, KpiSummary]
    maintenance: Maintenance | None  # null where no monitor says anything
    provisional: bool
    rejections: int
    as_of: Time


class GroupStatus(Struct):
    """A line, area or site: its machines, worst first, and their numbers pooled by sums."""

    asset: str
    kind: Literal["line", "area", "site"]
    title: str | None
    machines: list[MachineStatus]
    window: Range
    parts: Parts
    kpis: dict[str, KpiSummary]
    timezone: str | UnsetType = UNSET
    shift: Shift | UnsetType | None = UNSET
    provisional: bool | UnsetType = UNSET
    rejections: int | UnsetType = UNSET
    as_of: Time | UnsetType = UNSET


class Stop(Struct, rename=FROM):
    """The whole stop that a span belongs to, beyond the edges of the window; `to` is null while it lasts."""

    from_: Time
    to: Time | None
    length_s: float | None
    fault: bool
    micro: bool


class Span(Struct, rename=FROM):
    """One stretch of time with one state."""

    from_: Time
    to: Time
    state: str
    time_class: str
    reason: str | None
    product: str | None
    order: str | None
    shift: str | None
    external: bool
    stop: Stop | None


class Timeline(Struct, rename=FROM):
    """Spans that cover the window without a gap; `totals` has the seconds per time class."""

    asset: str
    from_: Time
    to: Time
    timezone: str
    as_of: Time
    spans: list[Span]
    totals: dict[str, float]


Point = Annotated[
    list[float | None], Meta(min_length=5, max_length=5, description="[ms since 1970, mean, min, max, count]")
]


class Series(Struct):
    """One signal; `resolution_s` 0 means that its points are the values themselves, `count` is how many there were."""

    signal: str
    unit: str | None
    kind: str | None
    resolution_s: float
    count: int
    points: list[Point]


class Missing(Struct, rename=FROM):
    """A part of the answer that did not come from where older data is kept, and why."""

    from_: Time
    to: Time
    reason: str


class Readings(Struct, rename=FROM):
    asset: str
    from_: Time
    to: Time
    series: list[Series]
    missing: list[Missing] | UnsetType = UNSET


class LossStep(Struct):
    """A step of the waterfall; a `loss` takes its seconds off the total before it."""

    name: str
    title: str
    seconds: float
    kind: Literal["total", "loss", "remainder"]


class LossReason(Struct):
    reason: str | None
    state: str
    time_class: str
    seconds: float
    count: int


class BigLoss(Struct):
    """One of the six big losses; with the ideal time of good parts they make up the planned busy time."""

    name: str
    title: str
    seconds: float


class Losses(Struct, rename=FROM):
    """Where the time of the window went, and why the machine stood."""

    asset: str
    from_: Time
    to: Time
    timezone: str
    as_of: Time
    time: list[LossStep]
    six_big_losses: list[BigLoss]
    reasons: list[LossReason]
    shift: str | UnsetType = UNSET
    date: str | UnsetType = UNSET
    missing: list[Missing] | UnsetType = UNSET


class KpiDescription(Struct):
    """A registered KPI and the plugin that computes it."""

    name: str
    title: str
    unit: str
    headline: str
    details: list[str]
    of_line: list[str]
    better: Literal["up", "down"]
    rank: int
    plugin: str
    version: str | None
    failures: int
    units: dict[str, str] | UnsetType = UNSET  # value -> unit, where it has another one than the KPI
    titles: dict[str, str] | UnsetType = UNSET  # value or fact -> what people call it
    quotients: dict[str, list[str]] | UnsetType = UNSET  # value -> the two facts that it divides
    last_error: str | UnsetType | None = UNSET


class Kpis(Struct):
    """`broken` has the plugins that could not be loaded, with the reason."""

    kpis: list[KpiDescription]
    broken: dict[str, str] | UnsetType = UNSET


class KpiWindow(Struct, rename=FROM):
    """One part of the window of a KPI; `shift` and `date` where it is one."""

    from_: Time
    to: Time
    values: Numbers
    facts: Numbers
    flags: list[str]
    coverage: float | None
    as_of: Time
    revision: int
    provisional: bool
    shift: str | UnsetType = UNSET
    date: str | UnsetType = UNSET


class KpiAnswer(Struct, rename=FROM):
    """A KPI over a window: `values` from the summed `facts`, and what a reader should know about them.

    `provisional` as long as late data may change it; `revision` counts the changes; `settings` decided the numbers."""

    kpi: str
    asset: str
    from_: Time
    to: Time
    timezone: str
    values: Numbers
    facts: Numbers
    flags: list[str]
    coverage: float | None
    as_of: Time
    revision: int
    provisional: bool
    settings: Numbers
    shift: str | UnsetType = UNSET
    date: str | UnsetType = UNSET
    windows: list[KpiWindow] | UnsetType = UNSET
    missing: list[Missing] | UnsetType = UNSET


class Corrections(Struct):
    """What people said over the record, oldest first; `revoked` says by whom and why one does not hold any more."""

    corrections: list[Numbers]


class Corrected(Struct):
    """A correction is durable: its id, and its offset in the journal. `warnings` say what is strange about it."""

    id: str
    offset: int
    warnings: list[str] | UnsetType = UNSET


class Live(Struct):
    status: Literal["live"]
    version: str


class Ready(Struct):
    """Each component says whether it is `ok`, and a `detail` in words."""

    status: Literal["ready", "not_ready"]
    components: dict[str, dict[str, Any]]
