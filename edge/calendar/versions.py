"""A site's calendar whose shifts change: at each instant the calendar in force there decides, and no other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from edge.calendar.calendar import Calendar
from edge.calendar.pieces import Piece, append
from edge.calendar.shifts import ShiftWindow
from edge.calendar.wall import instant
from edge.clock import DAY
from edge.settings.plant import SiteSettings

REACH = 2 * DAY  # no shift is longer, even where a change made it so
WEEKS_SEARCHED = 2


class ChangingCalendar(Calendar):
    """`sites` has (from, settings) in order, the first from the beginning of time on; all in one zone.

    A shift that a change cuts ends there, and what the new calendar has then begins there. Where that is the same shift
    of the same date, it is one."""

    def __init__(self, sites: Sequence[tuple[int, SiteSettings]]) -> None:
        super().__init__(sites[0][1])
        self._since = [since for since, _ in sites]
        self._parts = [Calendar(site) for _, site in sites]

    def shift_window(self, name: str, date: date) -> ShiftWindow | None:
        """The shift of a business date; where a change tore it apart, from its first start to its last end."""
        found = [one for one in self._belonging_to(date) if one.name == name]
        return ShiftWindow(name, date, found[0].start, found[-1].end) if found else None

    def shift_at(self, ts: int) -> ShiftWindow | None:
        return next(iter(self.shifts_between(ts, ts + 1)), None)

    def last_shift_before(self, ts: int) -> ShiftWindow | None:
        for weeks in range(WEEKS_SEARCHED + 1):
            ended = [one for one in self.shifts_between(ts - weeks * 7 * DAY - REACH, ts) if one.end <= ts]
            if ended:
                return ended[-1]
        return None

    def shifts_between(self, start: int, end: int) -> list[ShiftWindow]:
        joined: list[ShiftWindow] = []
        for part, since, until in self._in_force(start - 2 * REACH, end + 2 * REACH):
            for one in part.shifts_between(since, until):
                here = one._replace(start=max(one.start, since), end=min(one.end, until))
                if joined and joined[-1][:2] == here[:2] and joined[-1].end == here.start:
                    here = here._replace(start=joined.pop().start)
                joined.append(here)
        return [one for one in joined if one.start < end and one.end > start]

    def _in_force(self, start: int, end: int) -> Iterator[tuple[Calendar, int, int]]:
        """The calendars of [start, end), each with the stretch in which it decides."""
        bounds = [start, *(since for since in self._since if start < since < end), end]
        for since, until in pairwise(bounds):
            yield self._part(since), since, until

    def _part(self, ts: int) -> Calendar:
        return self._parts[bisect_right(self._since, ts) - 1]

    def _belonging_to(self, day: date) -> list[ShiftWindow]:
        start, end = self.local_day(day)
        return [one for one in self.shifts_between(start - REACH, end + REACH) if one.date == day]

    def _opening(self, day: date) -> int:
        own = self._belonging_to(day)
        if own:
            return own[0].start
        midnight = instant(day, 0, self._zone)
        usual = instant(day, self._part(midnight)._opens_s, self._zone)
        still_running = self.shift_at(usual)
        return still_running.end if still_running else usual

    def _lay_day(self, day: int) -> list[Piece]:
        start, end = day * DAY, (day + 1) * DAY
        found: list[Piece] = []
        for part, since, until in self._in_force(start, end):
            for piece in part.pieces(since, until):
                append(found, piece)
        return found
