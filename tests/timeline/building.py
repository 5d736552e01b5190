"""Short words for tests of the timeline: instants as "6:00", events of one machine, rules, scheduled at any hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from edge.calendar import Calendar
from edge.clock import HOUR, MINUTE, SECOND
from edge.events import AnyEvent, CounterLevel, Heartbeat, MachineState, Offline, OrderEvent, PartCount, ProductChange
from edge.settings.plant import SiteSettings
from edge.timeline.hour import HourEvents, hour_of
from edge.timeline.rules import Rules

DAY0 = 20_000 * 24 * HOUR  # a midnight in UTC


def at(text: str) -> int:
    """Microseconds of a time of day such as 6:00, 6:00:30 or 6:00:30.5."""
    hours, minutes, *seconds = text.split(":")
    return DAY0 + int(hours) * HOUR + int(minutes) * MINUTE + round(float(seconds[0]) * SECOND if seconds else 0)


def rules(*, site: dict[str, Any] | None = None, **given: Any) -> Rules:
    """Rules of a machine that makes P (10 s) unless told otherwise, scheduled around the clock."""
    schedule = Calendar(SiteSettings.model_validate(site or {}))
    for name in ("threshold", "debounce", "stale"):
        if f"{name}_s" in given:
            given[f"{name}_us"] = round(given.pop(f"{name}_s") * SECOND)
    return Rules(schedule=schedule, **{"product": "P", "ideal_s": {"P": 10.0, "Q": 30.0}, **given})


def _head(ts: str | int, offset: int) -> tuple[str, int, int, int, int, int, None, None, None]:
    instant = at(ts) if isinstance(ts, str) else ts
    return "s/a/l/m", instant, instant, offset, 0, 0, None, None, None


_MAKERS: dict[str, Callable[..., AnyEvent]] = {
    "state": lambda head, state, reason=None: MachineState(*head, state, reason),
    "count": lambda head, total, bad=None, product=None: PartCount(*head, total, bad, product),
    "level": lambda head, value, counter="total": CounterLevel(*head, counter, value),
    "product": lambda head, product: ProductChange(*head, product),
    "order": lambda head, order, action, product=None: OrderEvent(*head, order, action, product),
    "offline": lambda head: Offline(*head),
    "alive": lambda head: Heartbeat(*head),
}


def events(*said: tuple[Any, ...]) -> list[AnyEvent]:
    """Events of ("6:00", kind, what it says); offsets go up as they are written."""
    return [_MAKERS[kind](_head(ts, offset), *rest) for offset, (ts, kind, *rest) in enumerate(said, 1)]


def hours(found: Iterable[AnyEvent]) -> dict[int, HourEvents]:
    """Events by the hour in which they take effect, with the instants at which the machine was heard."""
    out: dict[int, HourEvents] = {}

    def hour(ts: int) -> HourEvents:
        return out.setdefault(ts - ts % HOUR, HourEvents(ts - ts % HOUR))

    for event in found:
        if not isinstance(event, Heartbeat):
            hour(hour_of(event)).add([event])
        if not isinstance(event, Offline):
            hour(event.ts).alive.add(event.ts, event.ts)
    return out


def one_hour(*said: tuple[Any, ...]) -> HourEvents:
    """Events that all lie in one hour."""
    (only,) = hours(events(*said)).values()
    return only
