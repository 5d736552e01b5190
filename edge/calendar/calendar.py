"""The calendar of one site: rulings 22 to 24 of the KPI definitions. Pure; what it works out it remembers, bounded."""

from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from edge.calendar.pieces import Layers, Piece, append, stretches
from edge.calendar.shifts import ONE, Roster, ShiftWindow
from edge.calendar.wall import instant, local_date
from edge.clock import DAY, HOUR
from edge.settings.plant import SiteSettings

CACHED_DAYS = 1024
CACHED_RANGES = 2048  # of an hour at most: longer ones are many, and cut from days that are remembered


class Calendar:
    """Planned time of `site`. All instants are microseconds since 1970, all windows half-open."""

    def __init__(self, site: SiteSettings) -> None:
        self.timezone = site.timezone
        self._zone = ZoneInfo(site.timezone)
        self._roster = Roster(site, self._zone)
        self._planned, self._unscheduled = stretches(site.planned), stretches(site.unscheduled)
        self._opens_s = min((shift.opens_s for shift in site.shifts), default=0)
        self._day_pieces = lru_cache(maxsize=CACHED_DAYS)(self._lay_day)
        self._day_bounds = lru_cache(maxsize=CACHED_DAYS)(self._bounds_of_day)
        self._cut_pieces = lru_cache(maxsize=CACHED_RANGES)(self._cut)

    def pieces(self, start: int, end: int) -> tuple[Piece, ...]:
        """Pieces that cover [start, end) without gap or overlap, each as long as it can be."""
        return self._cut_pieces(start, end) if end - start <= HOUR else self._cut(start, end)

    def cell_bounds(self, start: int, end: int) -> list[int]:
        """UTC hours, local midnights and shift bounds strictly inside (start, end), in order."""
        return sorted({*range(start // HOUR * HOUR + HOUR, end, HOUR), *self.bounds(start + 1, end)})

    def bounds(self, start: int, end: int) -> list[int]:
        """Local midnights and shift bounds in [start, end), in order."""
        return [at for day in _days(start, end) for at in self._day_bounds(day) if start <= at < end]

    def shift_window(self, name: str, date: date) -> ShiftWindow | None:
        """The shift `name` of a business date; None where there is none on it."""
        return self._roster.named(name, date)

    def shift_at(self, ts: int) -> ShiftWindow | None:
        """The shift that an instant lies in."""
        found = self._roster.instances(ts, ts + 1)
        return found[0].window if found else None

    def last_shift_before(self, ts: int) -> ShiftWindow | None:
        """The shift that ended last at or before `ts`: the previous one of a shift that starts at `ts`."""
        return self._roster.last_ended(ts)

    def shifts_between(self, start: int, end: int) -> list[ShiftWindow]:
        """Shifts that share time with [start, end), whole, in order."""
        return [one.window for one in self._roster.instances(start, end)]

    def business_day(self, date: date) -> tuple[int, int]:
        """From the first shift start of a business date to that of the next: such days tile time without gap.

        A date without a shift opens when business dates usually do here, or when the last shift of the date before has
        ended. Without shifts a business day is a local day."""
        return self._opening(date), self._opening(date + ONE)

    def local_day(self, date: date) -> tuple[int, int]:
        """From midnight to midnight in the site's zone: 23 to 25 hours."""
        return instant(date, 0, self._zone), instant(date + ONE, 0, self._zone)

    def local_date(self, ts: int) -> date:
        """The date in the site's zone at an instant."""
        return local_date(ts, self._zone)

    def _opening(self, day: date) -> int:
        own = self._roster.belonging_to(day)
        if own:
            return own[0].start
        usual = instant(day, self._opens_s, self._zone)
        still_running = self.shift_at(usual)
        return still_running.end if still_running else usual

    def _cut(self, start: int, end: int) -> tuple[Piece, ...]:
        found: list[Piece] = []
        for day in _days(start, end):
            for piece in self._day_pieces(day):
                if piece.start < end and piece.end > start:
                    append(found, piece._replace(start=max(piece.start, start), end=min(piece.end, end)))
        return tuple(found)

    def _lay_day(self, day: int) -> list[Piece]:
        start, end = day * DAY, (day + 1) * DAY
        instances = self._roster.instances(start, end) if self._roster.shifts else None
        layers = Layers(start, end, instances=instances, planned=self._planned, unscheduled=self._unscheduled)
        return layers.pieces()

    def _bounds_of_day(self, day: int) -> tuple[int, ...]:
        """Local midnights and shift bounds in a UTC day, its first instant included."""
        start, end = day * DAY, (day + 1) * DAY
        bounds = {at for one in self.shifts_between(start - 1, end) for at in (one.start, one.end)}
        dates = {self.local_date(start), self.local_date(end - 1), self.local_date(end - 1) + ONE}
        bounds.update(instant(midnight, 0, self._zone) for midnight in dates)
        return tuple(sorted(at for at in bounds if start <= at < end))


def _days(start: int, end: int) -> range:
    """Numbers of the UTC days that [start, end) touches."""
    return range(start // DAY, -(-end // DAY)) if start < end else range(0)
