"""What happened to one machine in one half-open window [start, end) of event time: the input of every KPI.

A slice is immutable and holds no clock, loop or file. Every second of the window lies in exactly one span, and every
span has exactly one time class, so classes add up to the length of the window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

import msgspec

from edge.clock import SECOND, to_datetime

# Time classes (kpi-definitions: not scheduled > producing > planned downtime > state).
UNSCHEDULED = "unscheduled"  # outside every shift, or in an unscheduled slot
PLANNED = "planned"  # standing in a break or a planned stop
UNKNOWN = "unknown"  # scheduled, but nobody knows what the machine did
NO_ORDER = "no_order"  # scheduled, standing without an order
RUN = "run"  # producing
MICRO = "micro"  # part of a stop shorter than the threshold
DOWN = "down"  # part of a stop of the threshold or longer
SETUP = "setup"  # changeover and set-up
BUSY = frozenset({RUN, MICRO, DOWN, SETUP})


class Stop(msgspec.Struct, frozen=True, gc=False):
    """A whole contiguous stop, over changes of reason; `end` is None while it lasts (microseconds)."""

    start: int
    end: int | None
    fault: bool
    micro: bool
    begun_in: str  # the calendar's word for its first instant: "scheduled", "planned" or "unscheduled"
    ended_in: str | None  # the same for its end; None while it lasts, or where it was lost in unknown time

    @property
    def length_s(self) -> float | None:
        """Full length in seconds, beyond the edges of any window; None while the stop lasts."""
        return None if self.end is None else (self.end - self.start) / SECOND


class Span(msgspec.Struct, frozen=True, gc=False):
    """One stretch of time with one state, class, product, order and shift; `start` and `end` in microseconds."""

    start: int
    end: int
    state: str
    time_class: str
    scheduled: bool
    external: bool = False  # starved or blocked
    reason: str | None = None
    product: str | None = None
    order: str | None = None
    shift: str | None = None
    stop: Stop | None = None
    ideal_s: float | None = None  # ideal seconds per part of the product
    ruling: int | None = None  # the ruling that put it into its class
    shift_start: int | None = None  # when its shift began (microseconds)

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / SECOND

    @property
    def booked(self) -> str:
        """Where parts of this second are booked: time and parts share one mask (rulings 27 and 28)."""
        if not self.scheduled:
            return "unscheduled"
        return "gap" if self.state == "unknown" else "scheduled"


class Count(msgspec.Struct, frozen=True, gc=False):
    """Parts of one product in one kind of time: `booked` is "scheduled", "gap" (unknown time) or "unscheduled".

    `judged` is how many of them came from a source that says something of rejects; `ideal_s` is the ideal time per
    part in seconds, None where the product has none. Of the `bad` ones `startup` were made in set-up, or said to be."""

    product: str | None
    booked: str
    total: int
    bad: int
    judged: int
    ideal_s: float | None
    startup: int = 0


class Unit(msgspec.Struct, frozen=True, gc=False):
    """A unit whose first verdict fell into the slice. `final` is its last verdict so far.

    On the first station of a route `route_clean` says whether a first verdict `pass` is known at every station of the
    route; it is None elsewhere."""

    serial: str
    station: str
    ts: int
    first: str
    final: str
    product: str | None = None
    defects: int = 0
    opportunities: int = 0
    in_route: bool = True
    route_clean: bool | None = None


class SignalSummary(msgspec.Struct, frozen=True):
    """Values of one signal in the window: count, sum, extremes, the last value; in a slice also what follows.

    Everything that is a sum adds up over neighbouring windows: a step from one value to the next, and the time that a
    value holds, belong to the window of the later instant, also where the value before lies in an earlier window."""

    n: int
    sum: float
    min: float  # nan without values, as `max` and `last`
    max: float
    last: float
    values: Sequence[float] = ()
    before: Sequence[float] = ()  # up to 14 values before the window: as far back as a control chart looks
    origin: float = 0.0  # fixed by the settings, so that squares of what is far from 0 lose no digits
    deviations: float = 0.0  # sum of (value - origin)
    squares: float = 0.0  # sum of (value - origin)^2
    steps: int = 0
    step_sum: float = 0.0  # sum of |value - the one before|
    rise: float = 0.0  # sum of the steps upwards: what a meter counted
    falls: int = 0  # steps downwards: resets of a meter
    integral: float = 0.0  # value x seconds, each value holding until the next, an hour at the longest
    held_s: float = 0.0  # seconds of the window in which a value held
    kind: str = "other"
    unit: str | None = None
    low: float | None = None  # limits of the settings
    high: float | None = None
    target: float | None = None
    sigma: float | None = None  # of the process in control
    rules: str = "western_electric"


class OrderAction(msgspec.Struct, frozen=True, gc=False):
    """What a message said of an order; where a KPI asks for orders, also what is known of it from other messages.

    `quantity` is the message's own, `ordered` that of the order. `closes`: with this the order is delivered (the last
    part of it) or finished."""

    ts: int
    order: str
    action: str
    product: str | None
    quantity: float | None
    created: int | None = None
    started: int | None = None
    due: int | None = None
    ordered: float | None = None
    dwell_s: float = 0.0  # that the customer asked for
    closes: bool = False


class OrderSpan(msgspec.Struct, frozen=True, gc=False):
    """An order in process, started and not finished, as far as it lies in the window; of the machine that began it."""

    order: str
    start: int
    end: int
    product: str | None
    quantity: float | None

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / SECOND


@dataclass(frozen=True, slots=True)
class LineRole:
    """What the machine is to its line, which is judged at its constraint and counted at its last station."""

    line: str
    is_constraint: bool
    is_last: bool
    ideal_s: Mapping[str, float] = field(default_factory=dict)  # ideal seconds per part, by product
    is_first: bool = False
    complete: bool = False  # the plant file names both the constraint and the last station
    cycle_s: float | None = None  # ideal seconds per part at the constraint, where that is not the product's
    route: tuple[str, ...] = ()  # stations in order

    def ideal(self, product: str | None) -> float | None:
        """Ideal seconds per part at the constraint; None where that is not known."""
        return self.cycle_s or (None if product is None else self.ideal_s.get(product))


@dataclass(frozen=True)
class Slice:
    """One machine in one window; `start` and `end` in microseconds."""

    asset: str
    start: int
    end: int
    spans: tuple[Span, ...]
    counts: tuple[Count, ...] = ()
    units: tuple[Unit, ...] = ()
    readings: Mapping[str, SignalSummary] = field(default_factory=dict)  # of the signals that a KPI asks for
    orders: tuple[OrderAction, ...] = ()
    in_process: tuple[OrderSpan, ...] = ()  # where a KPI asks for orders
    alarms: tuple[tuple[int, str, bool], ...] = ()  # (ts, code, active)
    flags: Mapping[str, int] = field(default_factory=dict)  # reset, rollover, backwards, clock_ahead: how often
    stops_begun: tuple[Stop, ...] = ()  # stops whose start lies in the window
    stops_ended: tuple[Stop, ...] = ()  # stops whose end lies in the window
    line: LineRole | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the machine, as in the plant file, with defaults

    @property
    def start_time(self) -> datetime:
        return to_datetime(self.start)

    @property
    def end_time(self) -> datetime:
        return to_datetime(self.end)

    @property
    def seconds(self) -> float:
        """Length of the window."""
        return (self.end - self.start) / SECOND

    def __post_init__(self) -> None:
        for name in ("readings", "flags", "settings"):  # all KPIs see the same slice: nobody may change it for the next
            object.__setattr__(self, name, MappingProxyType(getattr(self, name)))

    @property
    def class_s(self) -> dict[str, float]:
        """Seconds per time class; exact to the microsecond. Classes that do not occur are missing: use `.get(c, 0)`."""
        return self._class_s.copy()

    @cached_property
    def _class_s(self) -> dict[str, float]:
        sums: dict[str, int] = {}
        for span in self.spans:
            sums[span.time_class] = sums.get(span.time_class, 0) + span.end - span.start
        return {name: us / SECOND for name, us in sums.items()}
