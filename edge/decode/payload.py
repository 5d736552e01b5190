"""The payload of each kind of message as a typed struct, and how it becomes an event.

Members that are not named here are ignored, so that devices may say more than this version knows. Numbers are never
taken from text, and text never from numbers, except for `id`, `boot` and alarm codes, which many controllers count.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from edge.decode.instant import FIRST, LAST, event_time, microseconds
from edge.decode.rejection import Refusal, nearest, shorten
from edge.decode.settings import DecodeSettings
from edge.decode.vocabulary import MODE_NUMBERS, MODES, PRODUCTION
from edge.events import (
    STATES,
    Alarm,
    AnyEvent,
    CounterLevel,
    Heartbeat,
    MachineState,
    Offline,
    OrderEvent,
    PartCount,
    ProductChange,
    Reading,
    ScrapReport,
    UnitResult,
    WorkDone,
)

COUNT_MAX = 2**53  # beyond it a float, and so every JavaScript reader, loses single parts
SIGNALS_MAX = 512
STATE_NAMES = STATES | {f"packml:{n}" for n in range(1, 18)}

Time = Annotated[datetime, Meta(tz=True)] | int
Text = Annotated[str, Meta(max_length=128)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Long = Annotated[str, Meta(max_length=1024)]
Label = Name | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
Head = tuple[str, int, int, int, int, int, str | None, str | None, int | None]
"""The members every event begins with: asset, ts, received, offset, index, clock_ahead, id, boot, seq."""


class Payload(Struct, kw_only=True, gc=False):
    ts: Time | None = None
    id: Label | None = None
    boot: Label | None = None
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None

    names: ClassVar[tuple[str, ...]] = ()  # members that become keys and labels: no control characters
    timeless: ClassVar[bool] = False  # may leave out `ts`

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        raise NotImplementedError

    def quotes(self) -> int:
        """How many quotation marks the JSON had at least: two a key, two a text. More betray a repeated key."""
        marks = 0
        for value in msgspec.structs.astuple(self):
            if value is not None:
                marks += 4 if isinstance(value, str | datetime) else 2
        return marks

    def unprintable(self) -> Refusal | None:
        """The refusal of the first name that no page or file could show."""
        for member in self.names:
            name = getattr(self, member)
            if name and not str(name).isprintable():
                return Refusal("invalid_value", shorten(f"`{member}` has characters that cannot be printed: {name}"))
        return None


class StatePayload(Payload, kw_only=True, gc=False):
    state: str
    mode: Label | None = None
    reason: Long | None = None
    product: Text | None = None
    names = ("product",)

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        if self.state not in STATE_NAMES:
            hint = (
                "PackML states are packml:1 to packml:17" if self.state[:6] == "packml" else nearest(self.state, STATES)
            )
            return Refusal("unknown_state", shorten(f"no state `{self.state[:64]}`; {hint}"))
        state = self.state if self.mode is None else self._state_in_mode(self.mode)
        if isinstance(state, Refusal):
            return state
        return MachineState(*head, state, self.reason or None, self.product or None)

    def _state_in_mode(self, mode: str | int) -> str | Refusal:
        """A unit mode other than production decides before the state does."""
        name = MODE_NUMBERS.get(mode) if isinstance(mode, int) else mode.lower()
        if name == PRODUCTION:
            return self.state
        state = MODES.get(name or "")
        if state is None:
            numbered = "; beyond 3 they are the maker's own, so say them by name" if isinstance(mode, int) else ""
            known = ", ".join((PRODUCTION, *MODES))
            return Refusal("invalid_value", shorten(f"`mode` must be 1, 2, 3 or one of {known}{numbered}: got {mode}"))
        return state


class CountPayload(Payload, kw_only=True, gc=False):
    """Increments, or one absolute counter; `total` may be left out where only rejects are reported."""

    total: Count | None = None
    bad: Count | None = None
    counter: Literal["total", "bad"] | None = None
    value: Count | None = None
    product: Text | None = None
    names = ("product",)

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        product = self.product or None
        if self.counter is None and self.value is None:
            if self.total is None and self.bad is None:
                return Refusal("missing_member", "a count needs `total` and `bad`, or `counter` and `value`")
            return PartCount(*head, self.total or 0, self.bad, product)
        if self.total is not None or self.bad is not None:
            return Refusal("conflicting_members", "write `total` and `bad`, or `counter` and `value`, not both")
        if self.counter is None or self.value is None:
            return Refusal("missing_member", "an absolute count needs both `counter` (total or bad) and `value`")
        return CounterLevel(*head, self.counter, self.value, product)


class UnitPayload(Payload, kw_only=True, gc=False):
    serial: Name
    result: Literal["pass", "fail", "abort"]
    station: Text | None = None
    defects: Count | None = None
    opportunities: Count | None = None
    product: Text | None = None
    names = ("serial", "station", "product")

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        return UnitResult(
            *head,
            self.serial,
            self.result,
            self.station or None,
            self.defects,
            self.opportunities,
            self.product or None,
        )


class SignalValue(Struct, gc=False):
    value: float | None
    unit: Annotated[str, Meta(max_length=32)] | None = None
    quality: Annotated[str, Meta(max_length=64)] | int | None = None


class ReadingPayload(Payload, kw_only=True, gc=False):
    signals: dict[Annotated[str, Meta(min_length=1, max_length=64)], float | SignalValue | None]

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        signals = self.signals
        if not 0 < len(signals) <= SIGNALS_MAX:
            return self._refused_number()
        try:
            sum(signals.values())  # type: ignore[arg-type]
        except TypeError:  # the quickest way to see that not all are plain numbers
            return self._detailed(head)
        return Reading(*head, signals)  # type: ignore[arg-type]

    def unprintable(self) -> Refusal | None:
        for name in self.signals:
            if not name.isprintable():
                return Refusal("bad_signal_name", shorten(f"signal `{name}` has characters that cannot be printed"))
        return None

    def _refused_number(self) -> Refusal:
        if not self.signals:
            return Refusal("no_signals", "`signals` names no value")
        return Refusal("too_many_signals", f"{len(self.signals)} signals; at most {SIGNALS_MAX} in one reading")

    def _detailed(self, head: Head) -> AnyEvent | Refusal:
        values: dict[str, float] = {}
        units: dict[str, str] = {}
        quality: dict[str, str] = {}
        for name, signal in self.signals.items():
            if isinstance(signal, SignalValue):
                if signal.value is None:
                    continue
                values[name] = signal.value
                if signal.unit:
                    units[name] = signal.unit
                if signal.quality not in (None, ""):
                    quality[name] = str(signal.quality)
            elif signal is not None:
                values[name] = signal
        if not values:
            return Refusal("no_signals", "every value in `signals` is null")
        return Reading(*head, values, units or None, quality or None)

    def quotes(self) -> int:
        marks = 4 if type(self.ts) is int else 6  # a reading without a time is refused anyway
        if self.seq is not None:
            marks += 2
        for label in (self.boot, self.id):
            if label is not None:
                marks += 2 if type(label) is int else 4
        return marks + 2 * len(self.signals)


class OrderPayload(Payload, kw_only=True, gc=False):
    order: Name
    action: Literal["create", "start", "finish", "deliver"]
    product: Text | None = None
    quantity: Annotated[float, Meta(ge=0)] | None = None
    due: Time | None = None
    dwell_s: Annotated[float, Meta(ge=0)] | None = None
    names = ("order", "product")

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        due = None if self.due is None else microseconds(self.due)
        if due is not None and not FIRST <= due <= LAST:
            return Refusal("invalid_value", "`due` is no date of this calendar")
        return OrderEvent(*head, self.order, self.action, self.product or None, self.quantity, due, self.dwell_s)


class ProductPayload(Payload, kw_only=True, gc=False):
    product: Name
    names = ("product",)

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        return ProductChange(*head, self.product)


class ScrapPayload(Payload, kw_only=True, gc=False):
    qty: Count
    produced_ts: Time | None = None
    reason: Long | None = None
    product: Text | None = None
    names = ("product",)

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        produced = None
        if self.produced_ts is not None:
            moment = event_time(self.produced_ts, head[2], settings, "produced_ts")
            if isinstance(moment, Refusal):
                return moment
            produced = moment[0]
        return ScrapReport(*head, self.qty, produced, self.reason or None, self.product or None)


class AlarmPayload(Payload, kw_only=True, gc=False):
    code: Label
    active: bool | None = None
    severity: Label | None = None
    text: Long | None = None

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        severity = None if self.severity is None else str(self.severity)
        return Alarm(*head, str(self.code), self.active is not False, severity, self.text or None)


class MaintenancePayload(Payload, kw_only=True, gc=False):
    component: Name
    action: Long | None = None
    by: Text | None = None
    names = ("component", "by")

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        return WorkDone(*head, self.component, self.action or None, self.by or None)


class HeartbeatPayload(Payload, kw_only=True, gc=False):
    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        return Heartbeat(*head)


class OfflinePayload(Payload, kw_only=True, gc=False):
    timeless = True  # a last will is written before its hour is known

    def event(self, head: Head, settings: DecodeSettings) -> AnyEvent | Refusal:
        return Offline(*head)


PAYLOADS: dict[str, msgspec.json.Decoder[Payload]] = {
    kind: msgspec.json.Decoder(payload)
    for kind, payload in {
        "state": StatePayload, "count": CountPayload, "unit": UnitPayload, "reading": ReadingPayload,
        "order": OrderPayload, "product": ProductPayload, "scrap": ScrapPayload, "alarm": AlarmPayload,
        "maintenance": MaintenancePayload, "heartbeat": HeartbeatPayload, "offline": OfflinePayload,
    }.items()
}  # fmt: skip
