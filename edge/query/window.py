"""Windows of event time, as people name them: from and to, shifts, business days, steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from edge.calendar import Calendar
from edge.clock import HOUR, MINUTE, SECOND, to_text
from edge.errors import QueryError

MAX_WINDOWS = 10_000
UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR}


@dataclass(frozen=True)
class Window:
    """Event time [start, end) in microseconds; `label` names a shift or day."""

    start: int
    end: int
    shift: str | None = None
    shift_date: str | None = None

    def label(self) -> dict[str, str]:
        """The members that say which window it is."""
        out = {"from": to_text(self.start), "to": to_text(self.end)}
        if self.shift is not None:
            out["shift"] = self.shift
        if self.shift_date is not None:
            out["date"] = self.shift_date
        return out


def parse_date(text: str, parameter: str) -> date:
    """A date as 2025-03-03; QueryError where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QueryError(parameter, text, f"{text!r} is no date", expected="a date such as 2025-03-03") from None


def named_shift(calendar: Calendar, text: str, now: int) -> Window:
    """`current`, `previous` or `<name>@<date>` of a site's calendar; QueryError where there is no such shift."""
    if text == "current":
        found = calendar.shift_at(now)
    elif text == "previous":
        current = calendar.shift_at(now)
        found = calendar.last_shift_before(current.start if current else now)
    else:
        name, at, day = text.partition("@")
        if not at:
            raise QueryError("shift", text, f"{text!r} names no shift", expected="current, previous or <name>@<date>")
        found = calendar.shift_window(name, parse_date(day, "shift"))
    if found is None:
        raise QueryError("shift", text, f"there is no shift {text!r} in this site's calendar", 404)
    return Window(found.start, found.end, found.name, found.date.isoformat())


def running_window(calendar: Calendar, now: int) -> Window:
    """What a supervisor means by "now": the current shift, else the last one, else today."""
    found = calendar.shift_at(now) or calendar.last_shift_before(now)
    if found is not None:
        return Window(found.start, found.end, found.name, found.date.isoformat())
    start, end = calendar.local_day(calendar.local_date(now))
    return Window(start, end)


def steps(calendar: Calendar, window: Window, step: str) -> list[Window]:
    """The windows of a step (`5m`, `1h`, `shift`, `day`) inside `window`, the first and last cut to it."""
    if step == "shift":
        shifts = calendar.shifts_between(window.start, window.end)
        found = [Window(s.start, s.end, s.name, s.date.isoformat()) for s in shifts]
    elif step in ("day", "business_day"):
        found = _days(calendar, window, business=step == "business_day")
    else:
        length = _length(step)
        first = window.start - window.start % length
        if (window.end - first) // length > MAX_WINDOWS:
            raise QueryError("step", step, f"more than {MAX_WINDOWS} windows", expected="a longer step")
        found = [Window(at, at + length) for at in range(first, window.end, length)]
    if len(found) > MAX_WINDOWS:
        raise QueryError("step", step, f"more than {MAX_WINDOWS} windows", expected="a longer step")
    cut = (Window(max(w.start, window.start), min(w.end, window.end), w.shift, w.shift_date) for w in found)
    return [w for w in cut if w.start < w.end]


def _length(step: str) -> int:
    number, unit = step[:-1], step[-1:]
    if not number.isdigit() or not int(number) or unit not in UNITS:
        raise QueryError("step", step, f"{step!r} is no step", expected="5m, 1h, shift, day or business_day")
    return int(number) * UNITS[unit]


def _days(calendar: Calendar, window: Window, *, business: bool) -> list[Window]:
    day = calendar.local_date(window.start) - timedelta(days=1)
    found: list[Window] = []
    while True:
        start, end = calendar.business_day(day) if business else calendar.local_day(day)
        if start >= window.end or len(found) > MAX_WINDOWS:
            return found
        if end > window.start:
            found.append(Window(start, end, None, day.isoformat()))
        day += timedelta(days=1)
