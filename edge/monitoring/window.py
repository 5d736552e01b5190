"""What came for one machine and may still be overtaken: sampled, sorted by event time, handed on when it is old enough.

What waited for `reorder_us` of received time is old enough, and what lies `bundle_us` of event time behind the newest:
a gateway that hands over a minute as one array of readings and one of states, or its past at once, is sorted too.
Everything follows from the times in the journal, so that it does not matter in which batches messages are taken. Pure.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import attrgetter

import msgspec

from edge.events import AnyEvent, Reading

NEVER, FOREVER = -(1 << 62), 1 << 62
_ts = attrgetter("ts")
SLOTS = 8  # of received time, in the time for which things wait


class Sample(msgspec.Struct, array_like=True):
    """Of each signal the last value in one interval. `times` says when each was read, once messages differ in signals;
    None while all of them name the same ones."""

    ts: int
    signals: dict[str, float]
    quality: dict[str, str] | None = None
    times: dict[str, int] | None = None

    def add(self, event: Reading) -> None:
        """Take one reading more; of two at the same instant the one that came last."""
        if self.times is None and event.signals.keys() == self.signals.keys():
            if event.ts >= self.ts:
                self.ts, self.signals, self.quality = event.ts, event.signals, event.quality
            return
        if self.times is None:
            self.times = dict.fromkeys(self.signals, self.ts)
            self.signals = dict(self.signals)
            self.quality = dict(self.quality or {})
        said = event.quality or {}
        assert self.quality is not None
        for name, value in event.signals.items():
            if event.ts >= self.times.get(name, NEVER):
                self.times[name], self.signals[name] = event.ts, value
                if name in said:
                    self.quality[name] = said[name]
                else:
                    self.quality.pop(name, None)
        self.ts = max(self.ts, event.ts)


Item = Sample | AnyEvent


class Pending(msgspec.Struct, array_like=True):
    """What a window remembers. `top` is the newest event time, and `tops` what it was at which received time, as
    [slot, top] of the last slots; `received` is the newest received time. What is before `mark` has been handed on, and
    events are in order of event time."""

    top: int = NEVER
    mark: int = NEVER
    received: int = NEVER
    tops: list[tuple[int, int]] = []
    samples: dict[int, Sample] = {}
    events: list[AnyEvent] = []
    late: int = 0  # readings that came after their time had been handed on


class Window:
    """Items of one machine. `interval_us` is the time for which one sample stands; 1: every reading is one."""

    def __init__(self, interval_us: int, reorder_us: int, bundle_us: int, pending: Pending | None = None) -> None:
        self.pending = Pending() if pending is None else pending
        self.pending.events.sort(key=_ts)  # an older version kept them as they came
        self._interval, self._reorder, self._bundle = interval_us, reorder_us, bundle_us
        self._slot = max(1, reorder_us // SLOTS, interval_us)
        self._set_limits()

    def _set_limits(self) -> None:
        """When the next thing is old enough: by event time, and by received time."""
        pending = self.pending
        self._due = NEVER if pending.mark == NEVER else pending.mark + self._interval + self._bundle
        self._ripe = (pending.tops[0][0] + 1) * self._slot + self._reorder if pending.tops else FOREVER

    def add_reading(self, event: Reading) -> bool:
        """Take a reading; True where something may be old enough now."""
        pending, ts = self.pending, event.ts
        if ts < pending.mark:
            pending.late += 1
            return self.heard(event)
        place = ts // self._interval
        sample = pending.samples.get(place)
        if sample is None:
            pending.samples[place] = Sample(ts, event.signals, event.quality)
        else:
            sample.add(event)
        return self.heard(event)

    def add_event(self, event: AnyEvent) -> bool:
        """Take an event that is not before the mark; True where something may be old enough now."""
        events = self.pending.events
        if events and event.ts < events[-1].ts:
            insort(events, event, key=_ts)
        else:
            events.append(event)
        return self.heard(event)

    def heard(self, event: AnyEvent) -> bool:
        """The machine's time has gone on; True where something may be old enough now."""
        pending, ts, received = self.pending, event.ts, event.received
        if received > pending.received:
            pending.received = received
        if ts > pending.top:
            pending.top = ts
            slot = pending.received // self._slot
            tops = pending.tops
            if tops and tops[-1][0] == slot:
                tops[-1] = (slot, ts)
            else:
                tops.append((slot, ts))
                if len(tops) == 1:
                    self._ripe = (slot + 1) * self._slot + self._reorder
        return pending.top >= self._due or received >= self._ripe

    def release(self, now: int) -> list[Item]:
        """What nothing may overtake any more at received time `now`, in order of event time."""
        pending = self.pending
        mark = (pending.top - self._bundle) // self._interval * self._interval
        while pending.tops and (pending.tops[0][0] + 1) * self._slot + self._reorder <= now:
            mark = max(mark, (pending.tops.pop(0)[1] + 1) // self._interval * self._interval)
        if now >= self._silent_at:
            mark = (pending.top // self._interval + 1) * self._interval
        out = self._until(mark)
        self._set_limits()
        return out

    @property
    def due(self) -> int:
        """The received time from which on something is old enough, if nothing comes before."""
        return min(self._ripe, self._silent_at) if self.waiting else FOREVER

    @property
    def _silent_at(self) -> int:
        """From when on nothing will overtake what waits, however new it is."""
        return self.pending.received + self._reorder + self._interval

    def _until(self, mark: int) -> list[Item]:
        pending = self.pending
        if mark <= pending.mark:
            return []
        keyed: list[tuple[tuple[int, int, int, int, int], Item]] = []
        for place in self._places(mark):
            sample = pending.samples.pop(place)
            keyed.append(((sample.ts, 1, 0, 0, 0), sample))
        pending.mark = mark
        if pending.events:
            count = bisect_left(pending.events, mark, key=_ts)
            keyed += [((e.ts, 0, e.seq or 0, e.offset, e.index), e) for e in pending.events[:count]]
            del pending.events[:count]
        if len(keyed) > 1:
            keyed.sort(key=_key)
        return [item for _, item in keyed]

    def _places(self, mark: int) -> list[int]:
        """Where samples lie between the old mark and a new one; marks are multiples of the interval."""
        samples = self.pending.samples
        first, end = self.pending.mark // self._interval, mark // self._interval
        if end - first > len(samples):
            return [place for place in samples if place < end]
        return [place for place in range(first, end) if place in samples]

    @property
    def waiting(self) -> bool:
        """Whether anything has not been handed on."""
        return bool(self.pending.samples or self.pending.events)


def _key(keyed: tuple[tuple[int, int, int, int, int], Item]) -> tuple[int, int, int, int, int]:
    return keyed[0]
