"""A machine's history as a question sees it: stored hours, and above them hours evaluated only for this answer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import Protocol

from edge.timeline.history import Base, Row
from edge.timeline.hour import HourEvents
from edge.timeline.walk import Walk


class Stored(Protocol):
    """Hours of one machine as they are kept."""

    @property
    def base(self) -> Base | None: ...
    def row(self, hour: int) -> Row | None: ...
    def row_before(self, hour: int) -> Row | None: ...
    def row_after(self, hour: int) -> Row | None: ...
    def events(self, hour: int) -> HourEvents: ...


class Nothing:
    """No stored hours: all is evaluated from events."""

    def __init__(self, hours: dict[int, HourEvents]) -> None:
        self.hours = hours

    def row(self, hour: int) -> Row | None:
        return None

    row_before = row_after = row

    base: Base | None = None

    def events(self, hour: int) -> HourEvents:
        return self.hours.get(hour) or HourEvents(hour)


class Overlay:
    """A `History` that reads from `stored` and writes nowhere; stored rows from `ignore_from` on are not seen."""

    def __init__(self, stored: Stored, ignore_from: int = 1 << 62) -> None:
        self.stored = stored
        self.ignore_from = ignore_from
        self.rows: dict[int, Row] = {}
        self.walks: dict[int, tuple[Walk, HourEvents]] = {}
        self._hours: list[int] = []
        self._events: dict[int, HourEvents] = {}

    @property
    def base(self) -> Base | None:
        return self.stored.base

    def put(self, row: Row, walked: Walk, events: HourEvents) -> None:
        if row.hour not in self.rows:
            insort(self._hours, row.hour)
        self.rows[row.hour] = row
        self.walks[row.hour] = (walked, events)

    def events(self, hour: int) -> HourEvents:
        known = self._events.get(hour)
        if known is None:
            known = self._events[hour] = self.stored.events(hour)
        return known

    def get(self, hour: int) -> Row | None:
        return self.rows.get(hour) or self._valid(self.stored.row(hour))

    def before(self, hour: int) -> Row | None:
        at = bisect_left(self._hours, hour)
        mine = self.rows[self._hours[at - 1]] if at else None
        base = self._valid(self.stored.row_before(min(hour, self.ignore_from)))
        if mine is None or base is None:
            return mine or base
        return base if base.hour > mine.hour else mine

    def after(self, hour: int) -> Row | None:
        at = bisect_right(self._hours, hour)
        mine = self.rows[self._hours[at]] if at < len(self._hours) else None
        base = self._valid(self.stored.row_after(hour))
        if mine is None or base is None:
            return mine or base
        return base if base.hour < mine.hour else mine

    def _valid(self, row: Row | None) -> Row | None:
        return row if row is not None and row.hour < self.ignore_from else None
