"""Which entries of the journal are behind an interval, a count and a unit of one machine: messages and corrections."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import apsw

from edge.cells import MachineCells
from edge.clock import HOUR
from edge.corrections import Interval, Parts
from edge.events import AnyEvent, CounterLevel, MachineState, PartCount, ScrapReport
from edge.slices import Count, Slice, Span
from edge.store import corrections
from edge.store import events as event_store
from edge.timeline.hour import effect
from edge.timeline.states import plain_state

LOOK_BACK_HOURS = 24 * 14  # in which something came, however long ago: a state holds over silence
LOOK_BACK_STATES = 100  # states before an interval, of which one said what it is
COUNTED = PartCount | CounterLevel | ScrapReport


@dataclass(frozen=True)
class Behind:
    """What one machine said in a window, back to the last state before it, and the corrections that hold there."""

    states: Sequence[MachineState]
    counted: Sequence[COUNTED]
    corrections: Sequence[tuple[int, list[Interval], list[Parts]]]
    across: Collection[tuple[int, str]]  # (instant, counter) of samples that count over unknown time

    def state(self, span: Span) -> int | None:
        """The message that put the machine into the state of a span: the last that said so, not one that was absorbed
        since. None where nobody said it."""
        if span.state == "unknown":
            return None
        last = bisect_right(self.states, span.start, key=lambda event: event.ts)
        before = self.states[max(0, last - LOOK_BACK_STATES) : last]
        own = next((e for e in reversed(before) if plain_state(e.state, latched=False)[0] == span.state), None)
        return own.offset if own is not None else before[-1].offset if before else self._part(span)

    def _part(self, span: Span) -> int | None:
        """Where the state follows from parts: the last part before the span, else its first."""
        if self.states or not self.counted:
            return None
        at = bisect_right(self.counted, span.start, key=effect)
        return self.counted[max(0, at - 1)].offset

    def over(self, span: Span) -> list[int]:
        """Corrections of state, reason, product or order that lie over a span."""
        return [
            offset
            for offset, intervals, _ in self.corrections
            if any(i.start <= span.start and span.end <= i.end for i in intervals)
        ]

    def parts(self, part: Slice, count: Count) -> Iterator[int]:
        """What the parts of a count came from."""
        for event in self.counted:
            at = effect(event)
            if part.start <= at < part.end:
                across = isinstance(event, CounterLevel) and (at, event.counter) in self.across
                yield from self._if_of(part, count, at, event.product, event.offset, across=across)
        for offset, _, parts in self.corrections:
            for one in parts:
                if part.start <= one.ts < part.end:
                    yield from self._if_of(part, count, one.ts, one.product, offset, across=False)

    def _if_of(self, part: Slice, count: Count, at: int, product: str | None, offset: int, *,
               across: bool) -> Iterator[int]:  # fmt: skip
        span = part.spans[bisect_right(part.spans, at, key=lambda span: span.start) - 1]
        booked = "gap" if across and span.booked == "scheduled" else span.booked
        if (product or span.product) == count.product and booked == count.booked:
            yield offset


def behind(db: apsw.Connection, cells: MachineCells, parts: Sequence[Slice]) -> Behind:
    """What is behind the numbers of neighbouring slices of a machine, as it was known then."""
    if not parts:
        return Behind((), (), (), ())
    start, end, number = parts[0].start, parts[-1].end, cells.row.number
    events = _events(db, number, start, end, cells.as_of)
    return Behind(
        [e for e in events if isinstance(e, MachineState)],
        sorted((e for e in events if isinstance(e, COUNTED)), key=effect),
        list(corrections.holding(db, number, start, end, cells.as_of)),
        cells.across(start, end),
    )


def _events(db: apsw.Connection, machine: int, start: int, end: int, as_of: int | None) -> list[AnyEvent]:
    """Events of the window and of the hours before it, back to the last state, in event order."""
    found: list[AnyEvent] = []
    hours = event_store.between(db, machine, 0, end + HOUR)
    for hour in reversed(hours[max(0, bisect_left(hours, start) - LOOK_BACK_HOURS) :]):
        for part, _ in event_store.stored(db, machine, hour):
            found += [e for e in part if as_of is None or e.received <= as_of]
        if hour < start - HOUR and any(isinstance(e, MachineState) and e.ts <= start for e in found):
            break
    return sorted(found, key=lambda e: (e.ts, e.seq or 0, e.offset, e.index))


def ranges(offsets: Iterable[int]) -> list[list[int]]:
    """Sorted offsets as [first, last] ranges."""
    out: list[list[int]] = []
    for offset in sorted(set(offsets)):
        if out and offset == out[-1][1] + 1:
            out[-1][1] = offset
        else:
            out.append([offset, offset])
    return out
