"""Shifts as instants: each wall-clock shift of a site on each date that it starts."""

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from edge.calendar.wall import instant, local_date
from edge.clock import MINUTE
from edge.settings.plant import Shift, SiteSettings
from edge.settings.site import seconds_of

CACHED_DATES = 1024
ONE = timedelta(days=1)
WEEKS_SEARCHED = 2  # a weekly pattern comes again within one; the second covers a shift that a clock change swallowed


class ShiftWindow(NamedTuple):
    """One instance of a shift, [start, end) in microseconds; `date` is its business date (ruling 24)."""

    name: str
    date: date
    start: int
    end: int


class BreakWindow(NamedTuple):
    start: int
    end: int
    reason: str


class Instance(NamedTuple):
    window: ShiftWindow
    breaks: tuple[BreakWindow, ...]


class Roster:
    """Expands the shifts of a site, date by date; instances never overlap and come in order of their start."""

    def __init__(self, site: SiteSettings, zone: ZoneInfo) -> None:
        self.zone = zone
        self.shifts = site.shifts
        self._breaks_of = site.breaks_of
        self._expanded = lru_cache(maxsize=CACHED_DATES)(self._expand)
        self.starting_on = lru_cache(maxsize=CACHED_DATES)(self._cut)

    def instances(self, start: int, end: int) -> list[Instance]:
        """Instances that share time with [start, end)."""
        if not self.shifts or start >= end:
            return []
        day, last = local_date(start, self.zone) - ONE, local_date(end - 1, self.zone)
        found: list[Instance] = []
        while day <= last:
            found += (one for one in self.starting_on(day) if one.window.start < end and one.window.end > start)
            day += ONE
        return found

    def named(self, name: str, day: date) -> ShiftWindow | None:
        """The instance of shift `name` whose business date is `day`."""
        return next((window for window in self.belonging_to(day) if window.name == name), None)

    def belonging_to(self, day: date) -> list[ShiftWindow]:
        """Instances of one business date."""
        found = (one.window for start in (day - ONE, day, day + ONE) for one in self.starting_on(start))
        return [window for window in found if window.date == day]

    def last_ended(self, ts: int) -> ShiftWindow | None:
        """The instance that ended last at or before `ts`."""
        if not self.shifts:
            return None
        day = local_date(ts, self.zone)
        for back in range(7 * WEEKS_SEARCHED):
            for one in reversed(self.starting_on(day - back * ONE)):
                if one.window.end <= ts:
                    return one.window
        return None

    def _cut(self, day: date) -> tuple[Instance, ...]:
        """Instances that start on `day`. Where a clock change would let two overlap, the one later in the day begins in
        time; one that a clock change leaves no time is dropped."""
        latest = min((one.window.start for one in self._expanded(day + ONE)), default=None)
        kept: list[Instance] = []
        for one in reversed(self._expanded(day)):
            start, end = one.window.start, one.window.end
            end = end if latest is None else min(end, latest)
            latest = start if latest is None else min(start, latest)
            if start < end:
                kept.append(_ending(one, end))
        return tuple(reversed(kept))

    def _expand(self, day: date) -> list[Instance]:
        """Instances that start on `day`, in order of the wall clock; none on a date that the zone left out."""
        if local_date(instant(day, 0, self.zone), self.zone) != day:
            return []
        shifts = [shift for shift in self.shifts if day.weekday() in shift.days]
        return [self._instance(shift, day) for shift in sorted(shifts, key=lambda shift: shift.start)]

    def _instance(self, shift: Shift, day: date) -> Instance:
        begins = seconds_of(shift.start)
        start, end = instant(day, begins, self.zone), instant(day, begins + shift.length_s, self.zone)
        breaks = []
        for pause in self._breaks_of(shift):
            pause_start = instant(day, begins + pause.after(shift.start), self.zone)
            breaks.append(BreakWindow(pause_start, pause_start + round(pause.minutes * MINUTE), pause.name))
        window = ShiftWindow(shift.name, day + shift.offset_days * ONE, start, end)
        return Instance(window, tuple(breaks))


def _ending(one: Instance, end: int) -> Instance:
    """The instance with its breaks cut to [start, end)."""
    window = one.window._replace(end=end)
    breaks = (
        pause._replace(start=max(pause.start, window.start), end=min(pause.end, end))
        for pause in one.breaks
        if pause.start < end and pause.end > window.start
    )
    return Instance(window, tuple(breaks))
