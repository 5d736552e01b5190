"""What came for one machine and may still be overtaken: sampled, sorted by event time, handed on when it is old enough.

Everything follows from the event times of the machine alone, in the order of the journal, so that it does not matter in
which batches the messages are taken, nor when. Pure.
"""

from __future__ import annotations

import msgspec

from edge.events import AnyEvent, Reading

NEVER = -(1 << 62)


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
    """What a window remembers. `top` is the newest event time, what is before `mark` has been handed on."""

    top: int = NEVER
    mark: int = NEVER
    samples: dict[int, Sample] = {}
    events: list[AnyEvent] = []
    late: int = 0  # readings that came after their time had been handed on


class Window:
    """Items of one machine. `interval_us` is the time for which one sample stands; 1: every reading is one."""

    def __init__(self, interval_us: int, reorder_us: int, pending: Pending | None = None) -> None:
        self.pending = Pending() if pending is None else pending
        self._interval, self._reorder = interval_us, reorder_us
        self.due = NEVER if self.pending.mark == NEVER else self.pending.mark + interval_us + reorder_us

    def add_reading(self, event: Reading) -> bool:
        """Take a reading; True where something is old enough now."""
        pending, ts = self.pending, event.ts
        if ts < pending.mark:
            pending.late += 1
            return False
        place = ts // self._interval
        sample = pending.samples.get(place)
        if sample is None:
            pending.samples[place] = Sample(ts, event.signals, event.quality)
        else:
            sample.add(event)
        if ts <= pending.top:
            return False
        pending.top = ts
        return ts >= self.due

    def add_event(self, event: AnyEvent) -> bool:
        """Take an event that is not before the mark; True where something is old enough now."""
        self.pending.events.append(event)
        return self.heard(event)

    def heard(self, event: AnyEvent) -> bool:
        """The machine's time has gone on."""
        pending = self.pending
        if event.ts <= pending.top:
            return False
        pending.top = event.ts
        return event.ts >= self.due

    def release(self) -> list[Item]:
        """What nothing may overtake any more, in order of event time."""
        return self._until((self.pending.top - self._reorder) // self._interval * self._interval)

    def flush(self) -> list[Item]:
        """All there is: the machine has been silent for long enough."""
        return self._until((self.pending.top // self._interval + 1) * self._interval)

    def _until(self, mark: int) -> list[Item]:
        pending = self.pending
        if mark <= pending.mark:
            return []
        pending.mark, self.due = mark, mark + self._interval + self._reorder
        keyed: list[tuple[tuple[int, int, int, int, int], Item]] = []
        for place in [place for place, sample in pending.samples.items() if sample.ts < mark]:
            sample = pending.samples.pop(place)
            keyed.append(((sample.ts, 1, 0, 0, 0), sample))
        if pending.events:
            keyed += [((e.ts, 0, e.seq or 0, e.offset, e.index), e) for e in pending.events if e.ts < mark]
            pending.events = [event for event in pending.events if event.ts >= mark]
        if len(keyed) > 1:
            keyed.sort(key=_key)
        return [item for _, item in keyed]

    @property
    def waiting(self) -> bool:
        """Whether anything has not been handed on."""
        return bool(self.pending.samples or self.pending.events)


def _key(keyed: tuple[tuple[int, int, int, int, int], Item]) -> tuple[int, int, int, int, int]:
    return keyed[0]
