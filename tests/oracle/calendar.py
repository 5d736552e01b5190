"""The calendar of a site, expanded day by day with zoneinfo: rulings 22 to 24 and 28."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.messages import SECOND, microseconds

DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Shift:
    name: str
    day: date  # the business date
    start: int
    end: int
    breaks: tuple[tuple[int, int], ...]


class Calendar:
    """Answers for instants in microseconds; `site` is the table of a plant file."""

    def __init__(self, site: Mapping[str, Any]) -> None:
        self.zone = ZoneInfo(site.get("timezone", "UTC"))
        self.site = site
        self.slots = {
            kind: [(microseconds(slot["from"]), microseconds(slot["to"])) for slot in site.get(kind, ())]
            for kind in ("planned", "unscheduled")
        }
        self._days: dict[date, list[Shift]] = {}

    def instant(self, day: date, wall: time) -> int:
        """A wall-clock time: what a clock change skips moves forward, what it repeats is taken the first time."""
        moment = datetime.combine(day, wall, tzinfo=self.zone).replace(fold=0)
        return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)

    def day_of(self, ts: int) -> date:
        return (EPOCH + timedelta(microseconds=ts)).astimezone(self.zone).date()

    def starting(self, day: date) -> list[Shift]:
        """Shifts that start on a local date."""
        if day not in self._days:
            there = self.day_of(self.instant(day, time(0))) == day  # zones have left out a date
            shifts = [self._shift(day, s) for s in self.site.get("shifts", ()) if there and _works(s, day)]
            self._days[day] = sorted(shifts, key=lambda s: s.start)
        return self._days[day]

    def _shift(self, day: date, shift: Mapping[str, Any]) -> Shift:
        begins, ends = time.fromisoformat(shift["start"]), time.fromisoformat(shift["end"])
        start = self.instant(day, begins)
        end = self.instant(day if ends > begins else day + DAY, ends)
        pauses = [*shift.get("breaks", ()), *(b for b in self.site.get("breaks", ()) if b["shift"] == shift["name"])]
        breaks = []
        for pause in pauses:
            at = time.fromisoformat(pause["start"])
            pause_start = self.instant(day if at >= begins else day + DAY, at)
            breaks.append((pause_start, min(end, pause_start + round(pause["minutes"] * 60 * SECOND))))
        return Shift(shift["name"], day + _offset(shift) * DAY, start, end, tuple(breaks))

    def around(self, start: int, end: int) -> list[Shift]:
        """Shifts that share time with [start, end)."""
        out = []
        day, last = self.day_of(start) - 2 * DAY, self.day_of(end) + DAY
        while day <= last:
            out += [shift for shift in self.starting(day) if shift.start < end and shift.end > start]
            day += DAY
        return out

    def pieces(self, start: int, end: int) -> list[tuple[int, int, str]]:
        """(from, to, kind) that fill [start, end)."""
        shifts = self.around(start, end)
        planned = [*self.slots["planned"], *(pause for shift in shifts for pause in shift.breaks)]
        layers = [*((s.start, s.end) for s in shifts), *planned, *self.slots["unscheduled"]]
        edges = sorted({start, end, *(at for layer in layers for at in layer if start < at < end)})
        out = []
        for a, b in pairwise(edges):
            inside = not self.site.get("shifts") or any(s.start <= a < s.end for s in shifts)
            if not inside or any(x <= a < y for x, y in self.slots["unscheduled"]):
                kind = "unscheduled"
            else:
                kind = "planned" if any(x <= a < y for x, y in planned) else "scheduled"
            out.append((a, b, kind))
        return out

    def kind_at(self, ts: int) -> str:
        return self.pieces(ts, ts + 1)[0][2]

    # windows by name

    def shift(self, name: str, day: date) -> tuple[int, int]:
        """The shift of a business date."""
        found = [s for near in (day - DAY, day, day + DAY) for s in self.starting(near)]
        return next((s.start, s.end) for s in found if s.name == name and s.day == day)

    def local_day(self, day: date) -> tuple[int, int]:
        return self.instant(day, time(0)), self.instant(day + DAY, time(0))

    def business_day(self, day: date) -> tuple[int, int]:
        """From the first shift start of a business date to that of the next. A date without a shift opens when dates
        do at the earliest, or when the shift that still runs then has ended."""
        return self._opening(day), self._opening(day + DAY)

    def _opening(self, day: date) -> int:
        found = [s for near in (day - DAY, day, day + DAY) for s in self.starting(near)]
        starts = [s.start for s in found if s.day == day]
        if starts:
            return min(starts)
        shifts = self.site.get("shifts", ())
        openings = ((day - _offset(s) * DAY, time.fromisoformat(s["start"])) for s in shifts)
        usual = min((self.instant(*opening) for opening in openings), default=self.instant(day, time(0)))
        return next((s.end for s in found if s.start <= usual < s.end), usual)


def _offset(shift: Mapping[str, Any]) -> int:
    return int(shift.get("business_day_offset", shift.get("offset_days", 0)))


def _works(shift: Mapping[str, Any], day: date) -> bool:
    days = shift.get("days")
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return days is None or day.weekday() in [names.index(d) if isinstance(d, str) else d for d in days]
