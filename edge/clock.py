"""Instants as integer microseconds since 1970 in UTC, and their text and datetime forms."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 3600 * SECOND
DAY = 24 * HOUR


def to_datetime(us: int) -> datetime:
    """The aware UTC datetime of an instant in microseconds."""
    return EPOCH + timedelta(microseconds=us)


def from_datetime(moment: datetime) -> int:
    """Microseconds of an aware datetime; exact, where `timestamp()` would round."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def to_text(us: int) -> str:
    """RFC 3339 in UTC with `Z`; fractions of a second only where there are any."""
    return to_datetime(us).isoformat().replace("+00:00", "Z")


def from_text(text: str) -> int:
    """Microseconds of an RFC 3339 instant; ValueError without an offset or where it is no time."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset (write 2025-03-03T06:00:00Z or +01:00)")
    return from_datetime(moment)
