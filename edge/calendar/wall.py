"""From the wall clock of a zone to instants and back."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from edge.clock import from_datetime, to_datetime


def instant(day: date, seconds: int, zone: ZoneInfo) -> int:
    """Microseconds of the wall time `seconds` after midnight of `day`; more than 86,400 lead into the next day.

    A wall time in the gap of spring moves forward by the length of the gap, one that comes twice in autumn is taken the
    first time (ruling 22): both are what fold 0 means (PEP 495).
    """
    midnight = datetime.combine(day, time.min, tzinfo=zone)
    return from_datetime(midnight + timedelta(seconds=seconds))  # the sum goes by the wall clock


def local_date(ts: int, zone: ZoneInfo) -> date:
    """The date on the calendar of the zone at an instant in microseconds."""
    return to_datetime(ts).astimezone(zone).date()
