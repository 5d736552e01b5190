"""What is known of one machine in one UTC hour, kept small: the input of an evaluation.

Counts are columns, so that an hour of a fast machine is a few arrays and any stretch of it is summed by two look-ups.
An absolute counter's sample closes the time before it (ruling 16): it lies in the hour of the microsecond before it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

from edge.clock import HOUR
from edge.corrections import Interval, Parts
from edge.events import (
    STARTUP,
    Alarm,
    AnyEvent,
    CounterLevel,
    Event,
    MachineState,
    Offline,
    OrderEvent,
    PartCount,
    ProductChange,
    ScrapReport,
)
from edge.timeline.alive import RESOLUTION, Alive


def effect(event: AnyEvent) -> int:
    """The instant at which the event takes effect."""
    if isinstance(event, CounterLevel):
        return event.ts - 1
    if isinstance(event, ScrapReport) and event.produced_ts is not None:
        return event.produced_ts
    return event.ts


def hour_of(event: AnyEvent) -> int:
    """Start of the UTC hour in which the event takes effect."""
    ts = effect(event)
    return ts - ts % HOUR


class CountColumns:
    """Increments of parts with one stated product: time, total, bad, and how many of a source that judges."""

    __slots__ = ("_sums", "bad", "judged", "total", "ts")

    def __init__(self) -> None:
        self.ts, self.total, self.bad, self.judged = array("q"), array("q"), array("q"), array("q")
        self._sums: tuple[list[int], list[int], list[int]] | None = None

    def add(self, ts: int, total: int, bad: int | None) -> None:
        self.ts.append(ts)
        self.total.append(total)
        self.bad.append(bad or 0)
        self.judged.append(0 if bad is None else max(total, 1))
        self._sums = None

    def extend(self, events: Sequence[PartCount]) -> None:
        """Take many counts."""
        self.ts.extend([event.ts for event in events])
        self.total.extend([event.total for event in events])
        self.bad.extend([event.bad or 0 for event in events])
        self.judged.extend([0 if event.bad is None else event.total or 1 for event in events])
        self._sums = None

    def copy(self) -> CountColumns:
        out = CountColumns()
        out.ts, out.total, out.bad, out.judged = self.ts[:], self.total[:], self.bad[:], self.judged[:]
        return out

    def _running_sums(self) -> tuple[list[int], list[int], list[int]]:
        if self._sums is None:
            ts = self.ts
            if any(a > b for a, b in pairwise(ts)):
                order = sorted(range(len(ts)), key=ts.__getitem__)
                for name in ("ts", "total", "bad", "judged"):
                    column = getattr(self, name)
                    setattr(self, name, array("q", [column[i] for i in order]))
            total, bad, judged = (list(accumulate(c, initial=0)) for c in (self.total, self.bad, self.judged))
            self._sums = (total, bad, judged)
        return self._sums

    def sums(self, start: int, end: int) -> tuple[int, int, int]:
        """Total, bad and judged parts in [start, end)."""
        totals, bads, judged = self._running_sums()
        a, b = bisect_left(self.ts, start), bisect_left(self.ts, end)
        return totals[b] - totals[a], bads[b] - bads[a], judged[b] - judged[a]


Sort = tuple[int, int, int, int]
"""(event time, sequence number or 0, offset, index): the order of events of one instant is that of their source."""


_LISTS = ("states", "products", "orders", "levels", "scrap", "offline", "alarms", "clock_ahead", "manual")


class HourEvents:
    """Events of one machine in one hour. `add` in any order; the lists are sorted when they are read."""

    __slots__ = (
        "_sorted", "alarms", "alive", "clock_ahead", "counts", "hour", "levels", "manual", "offline", "orders",
        "products", "scrap", "states",
    )  # fmt: skip

    def __init__(self, hour: int, resolution: int = RESOLUTION) -> None:
        self.hour = hour
        self.alive = Alive(resolution)
        self.states: list[tuple[Sort, str, str | None]] = []
        self.products: list[tuple[Sort, str]] = []
        self.orders: list[tuple[Sort, str, str, str | None, float | None]] = []
        self.levels: list[tuple[Sort, str, int, str | None]] = []
        self.scrap: list[tuple[int, int, str | None, bool]] = []  # the last: of a start-up
        self.counts: dict[str | None, CountColumns] = {}
        self.offline: list[int] = []
        self.alarms: list[tuple[int, str, bool]] = []
        self.clock_ahead: list[int] = []
        self.manual: list[Interval] = []  # in the order in which they were said
        self._sorted = True

    def add(self, events: Iterable[AnyEvent]) -> None:
        """Take events; heartbeats and readings only make the machine heard (`alive`), which is the caller's."""
        events = list(events)
        self.clock_ahead += [effect(event) for event in events if event.clock_ahead]
        counts: dict[str | None, list[PartCount]] = {}
        for event in events:
            if event.__class__ is PartCount:  # most of them
                same = counts.get(event.product)
                if same is None:
                    same = counts[event.product] = []
                same.append(event)
            elif (add := _ADD.get(event.__class__)) is not None:
                add(self, event)
        for product, same in counts.items():
            self.counts.setdefault(product, CountColumns()).extend(same)
        self._sorted = False

    def copy(self) -> HourEvents:
        """The same events, to be sorted and added to apart from these."""
        out = HourEvents(self.hour, self.alive.resolution)
        out.alive.starts, out.alive.ends = self.alive.starts[:], self.alive.ends[:]
        for name in _LISTS:
            setattr(out, name, getattr(self, name)[:])
        out.counts = {product: columns.copy() for product, columns in self.counts.items()}
        out._sorted = self._sorted
        return out

    def correct(self, intervals: Sequence[Interval], parts: Sequence[Parts]) -> None:
        """Lay corrections over the hour; intervals may reach beyond it."""
        self.manual += intervals
        for one in parts:
            columns = self.counts.setdefault(one.product, CountColumns())
            if one.scrap:
                self.scrap.append((one.ts, one.scrap, one.product, one.startup))
            else:
                columns.add(one.ts, one.total, one.bad)

    def sort(self) -> None:
        """Bring all lists into event order."""
        if not self._sorted:
            self.states.sort(key=_order)
            self.products.sort(key=_order)
            self.orders.sort(key=_order)
            self.levels.sort(key=_order)
            self.offline.sort()
            self.alarms.sort()
            self._sorted = True


def _order(row: tuple[Sort, *tuple[object, ...]]) -> Sort:
    return row[0]


def _sort(event: AnyEvent) -> Sort:
    return (event.ts, event.seq or 0, event.offset, event.index)


def _add_state(hour: HourEvents, event: MachineState) -> None:
    hour.states.append((_sort(event), event.state, event.reason))
    if event.product is not None:
        hour.products.append((_sort(event), event.product))


def _add_order(hour: HourEvents, event: OrderEvent) -> None:
    hour.orders.append((_sort(event), event.order, event.action, event.product, event.quantity))
    if event.action == "start" and event.product is not None:
        hour.products.append((_sort(event), event.product))


def _add_scrap(hour: HourEvents, event: ScrapReport) -> None:
    hour.scrap.append((effect(event), event.qty, event.product, (event.reason or "").casefold() in STARTUP))


_ADD: dict[type[Event], Callable[[HourEvents, Any], None]] = {
    MachineState: _add_state,
    OrderEvent: _add_order,
    ScrapReport: _add_scrap,
    ProductChange: lambda hour, e: hour.products.append((_sort(e), e.product)),
    CounterLevel: lambda hour, e: hour.levels.append((_sort(e), e.counter, e.value, e.product)),
    Offline: lambda hour, e: hour.offline.append(e.ts),
    Alarm: lambda hour, e: hour.alarms.append((e.ts, e.code, e.active)),
}
