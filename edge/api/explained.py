"""The shape of an explanation: the intervals, counts and units that a number is the sum of."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from edge.api.shapes import FROM, Numbers, Time


class ExplainedInterval(Struct, rename=FROM):
    """Time of one class; `ruling` put it there (None: the state itself), `offset` is the message that said so,
    and `corrections` are the places in the journal of what people laid over it."""

    from_: Time
    to: Time
    seconds: float
    state: str
    time_class: str
    busy: bool
    ruling: int | None
    reason: str | None
    product: str | None
    order: str | None
    shift: str | None
    stop_length_s: float | None
    offset: int | None
    corrections: list[int]


class ExplainedCount(Struct, rename=FROM):
    """Parts of one product in one part of the window; `offsets` are [first, last] ranges of the messages behind."""

    from_: Time
    to: Time
    product: str | None
    booked: Literal["scheduled", "gap", "unscheduled"]
    total: int
    bad: int
    good: int
    startup: int
    ideal_s: float | None
    ideal_total_s: float
    ideal_good_s: float
    offsets: list[list[int]]


class ExplainedUnit(Struct):
    """A unit whose first verdict lies in the window; `offsets` are ranges of its verdicts' messages."""

    serial: str
    station: str
    ts: Time
    first: str
    final: str
    product: str | None
    defects: int
    route_clean: bool | None
    offsets: list[list[int]]


class ExplainedMachine(Struct):
    """What one machine adds to the number."""

    asset: str
    intervals: list[ExplainedInterval]
    counts: list[ExplainedCount]
    units: list[ExplainedUnit]
    flags: dict[str, int]
    corrections: list[Numbers]
    settings: Numbers


class Explained(Struct, rename=FROM):
    """A KPI with everything that it is the sum of; `rulings` says in words what a ruling's number means."""

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
    machines: list[ExplainedMachine]
    rulings: dict[str, str]
    shift: str | UnsetType = UNSET
    date: str | UnsetType = UNSET
