"""What a decoded message says: frozen facts about one machine, each with event time and received time.

`ts` and `received` are microseconds since 1970 (UTC), `offset` is the journal offset of the message and `index`
the place in its array, so (offset, index) orders and names every event. The structs are array-like and tagged: this
is also how the store keeps them.
"""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    asset: str
    ts: int
    received: int
    offset: int
    index: int
    clock_ahead: int  # by how much the device's time lay beyond the tolerance: then `ts` is the received time; else 0
    id: str | None
    boot: str | None
    seq: int | None


class MachineState(Event, frozen=True, array_like=True, gc=False, tag=1):
    """From `ts` on the machine is in `state` (a name of STATES, or `packml:<n>`)."""

    state: str
    reason: str | None = None
    product: str | None = None


class PartCount(Event, frozen=True, array_like=True, gc=False, tag=2):
    """Parts made since the last report; `bad` is None where the machine has said nothing of rejects."""

    total: int
    bad: int | None = None
    product: str | None = None


class CounterLevel(Event, frozen=True, array_like=True, gc=False, tag=3):
    """An absolute counter (`counter` is total or bad) showing `value`; it may reset or roll over."""

    counter: str
    value: int
    product: str | None = None


class UnitResult(Event, frozen=True, array_like=True, gc=False, tag=4):
    """One verdict (`pass`, `fail`, `abort`) on one serialised unit."""

    serial: str
    result: str
    station: str | None = None
    defects: int | None = None
    opportunities: int | None = None
    product: str | None = None


class Reading(Event, frozen=True, array_like=True, gc=False, tag=5):
    """Sensor values of one instant; `units` and `quality` name only the signals that carried one."""

    signals: dict[str, float]
    units: dict[str, str] | None = None
    quality: dict[str, str] | None = None


class OrderEvent(Event, frozen=True, array_like=True, gc=False, tag=6):
    """`action` is create, start, finish or deliver; `due` is in microseconds, `dwell_s` the wait that was asked for."""

    order: str
    action: str
    product: str | None = None
    quantity: float | None = None
    due: int | None = None
    dwell_s: float | None = None


class ProductChange(Event, frozen=True, array_like=True, gc=False, tag=7):
    product: str


class ScrapReport(Event, frozen=True, array_like=True, gc=False, tag=8):
    """Rejects reported apart from the count; `produced_ts` (microseconds) says when they were made."""

    qty: int
    produced_ts: int | None = None
    reason: str | None = None
    product: str | None = None


class Alarm(Event, frozen=True, array_like=True, gc=False, tag=9):
    code: str
    active: bool = True
    severity: str | None = None
    text: str | None = None


class WorkDone(Event, frozen=True, array_like=True, gc=False, tag=10):
    component: str
    action: str | None = None
    by: str | None = None


class Heartbeat(Event, frozen=True, array_like=True, gc=False, tag=11):
    pass


class Offline(Event, frozen=True, array_like=True, gc=False, tag=12):
    """The machine is gone, said by itself or by its last will."""


AnyEvent = (
    MachineState | PartCount | CounterLevel | UnitResult | Reading | OrderEvent | ProductChange | ScrapReport
    | Alarm | WorkDone | Heartbeat | Offline
)  # fmt: skip

STARTUP = frozenset({"startup", "start-up", "start up", "setup", "set-up"})
"""Reasons of rejects, in small letters, that say: made while the process was being set up."""

KINDS: dict[type[Event], str] = {
    MachineState: "state", PartCount: "count", CounterLevel: "count", UnitResult: "unit", Reading: "reading",
    OrderEvent: "order", ProductChange: "product", ScrapReport: "scrap", Alarm: "alarm", WorkDone: "maintenance",
    Heartbeat: "heartbeat", Offline: "offline",
}  # fmt: skip

STATES = frozenset(
    {"running", "slow", "setup", "changeover", "cleaning", "stopped", "fault", "idle", "starved", "blocked",
     "operator", "maintenance", "no_order", "unknown"}
)  # fmt: skip
