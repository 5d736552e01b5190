"""The event time of a message: what the device said, held against when it arrived (ruling 40)."""

from __future__ import annotations

from datetime import datetime

from edge.clock import EPOCH, SECOND, to_text
from edge.decode.rejection import Refusal
from edge.decode.settings import DecodeSettings

FIRST, LAST = -62_135_596_800 * SECOND, 253_402_300_799 * SECOND  # years 1 to 9999: what can be written as a time


def microseconds(ts: datetime | int) -> int:
    """Of an aware datetime or of milliseconds since 1970."""
    if isinstance(ts, int):
        return ts * 1000
    since = ts - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def _text(us: int) -> str:
    return to_text(us) if FIRST <= us <= LAST else "no date of this calendar"


def _unit_hint(ts: datetime | int, received: int) -> str:
    """Seconds, microseconds and nanoseconds are the likely mistakes; they betray themselves by the factor."""
    if isinstance(ts, int) and received > 0:
        scales = {"seconds": received // SECOND, "microseconds": received, "nanoseconds": received * 1000}
        for unit, now in scales.items():
            if now < 2 * ts < 4 * now:
                return f" (it looks like {unit}: write milliseconds)"
    return ""


def event_time(
    ts: datetime | int, received: int, settings: DecodeSettings, member: str = "ts"
) -> tuple[int, int] | Refusal:
    """(microseconds, clock ahead): the device's time and 0, or, where it lies beyond the tolerance, the received time
    and by how many microseconds the device's clock is ahead of it.

    Refused are times before `oldest_us` and more than `far_future_us` after the receipt."""
    us = microseconds(ts)
    if us < settings.oldest_us:
        hint = _unit_hint(ts, received)
        return Refusal("time_too_old", f"`{member}` is {_text(us)}, before {_text(settings.oldest_us)}{hint}")
    if us <= received + settings.clock_ahead_tolerance_us:
        return us, 0
    if us <= received + settings.far_future_us:
        return received, us - received
    hint = _unit_hint(ts, received)
    return Refusal("time_far_future", f"`{member}` is {_text(us)}, but it arrived {_text(received)}{hint}")
