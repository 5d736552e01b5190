"""What each kind of message becomes, and how arrays, identities and the service's own entries are treated."""

import json
from typing import Any

import msgspec
import pytest

from edge.decode import Decoded, DecodeSettings, decode
from edge.events import (
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
from edge.journal.record import Record

NOW_MS = 1_741_000_000_000
NOW = NOW_MS * 1000
ASSET = "demo/packing/l1/m001"
HEAD = (ASSET, NOW, NOW + 5_000, 7, 0, False, None, None, None)


def decoded(kind: str, payload: Any, *, settings: DecodeSettings | None = None) -> Decoded:
    document = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    record = Record(7, f"shopfloor/v1/{ASSET}/{kind}", document, NOW + 5_000, 1, 1)
    return decode(record, settings or DecodeSettings())


CASES: list[tuple[str, dict[str, Any], AnyEvent]] = [
    ("state", {"state": "running"}, MachineState(*HEAD, "running")),
    ("state", {"state": "packml:17", "reason": "jam", "product": "P1"}, MachineState(*HEAD, "packml:17", "jam", "P1")),
    ("count", {"total": 3, "bad": 1, "product": "P1"}, PartCount(*HEAD, 3, 1, "P1")),
    ("count", {"total": 3}, PartCount(*HEAD, 3, None)),
    ("count", {"bad": 2}, PartCount(*HEAD, 0, 2)),
    ("count", {"counter": "bad", "value": 0}, CounterLevel(*HEAD, "bad", 0)),
    ("unit", {"serial": "S1", "result": "pass"}, UnitResult(*HEAD, "S1", "pass")),
    (
        "unit",
        {"serial": "S1", "result": "fail", "station": "eol", "defects": 2, "opportunities": 9, "product": "P"},
        UnitResult(*HEAD, "S1", "fail", "eol", 2, 9, "P"),
    ),
    ("reading", {"signals": {"a": 1, "b": 2.5}}, Reading(*HEAD, {"a": 1.0, "b": 2.5})),
    (
        "reading",
        {"signals": {"a": {"value": 1, "unit": "mm/s", "quality": "good"}, "b": None, "c": 3, "d": {"value": None}}},
        Reading(*HEAD, {"a": 1.0, "c": 3.0}, {"a": "mm/s"}, {"a": "good"}),
    ),
    ("reading", {"signals": {"a": {"value": 1, "quality": 192}}}, Reading(*HEAD, {"a": 1.0}, None, {"a": "192"})),
    ("order", {"order": "A7", "action": "create", "quantity": 50}, OrderEvent(*HEAD, "A7", "create", None, 50.0)),
    ("product", {"product": "P2"}, ProductChange(*HEAD, "P2")),
    ("scrap", {"qty": 2, "reason": "scratch", "product": "P"}, ScrapReport(*HEAD, 2, None, "scratch", "P")),
    ("scrap", {"qty": 2, "produced_ts": NOW_MS - 9000}, ScrapReport(*HEAD, 2, NOW - 9_000_000)),
    ("alarm", {"code": "E12"}, Alarm(*HEAD, "E12", True)),
    (
        "alarm",
        {"code": 12, "active": False, "severity": "high", "text": "a\nb"},
        Alarm(*HEAD, "12", False, "high", "a\nb"),
    ),
    (
        "maintenance",
        {"component": "bearing", "action": "replaced", "by": "kim"},
        WorkDone(*HEAD, "bearing", "replaced", "kim"),
    ),
    ("heartbeat", {}, Heartbeat(*HEAD)),
    ("offline", {}, Offline(*HEAD)),
]


@pytest.mark.parametrize(("kind", "members", "event"), CASES)
def test_each_kind_becomes_its_event(kind: str, members: dict[str, Any], event: AnyEvent) -> None:
    assert decoded(kind, {"ts": NOW_MS, **members}) == Decoded([event], [])


def test_the_last_will_takes_the_received_time() -> None:
    [event] = decoded("offline", {}).events
    assert (event.ts, event.clock_ahead) == (NOW + 5_000, 0)


def test_identities_are_text_whatever_the_device_counts_with() -> None:
    [event] = decoded("heartbeat", {"ts": NOW_MS, "id": 12, "boot": 3, "seq": 9}).events
    assert (event.id, event.boot, event.seq) == ("12", "3", 9)
    [event] = decoded("heartbeat", {"ts": NOW_MS, "id": "a-12", "boot": "b3"}).events
    assert (event.id, event.boot, event.seq) == ("a-12", "b3", None)


def test_good_elements_of_an_array_go_on_beside_bad_ones() -> None:
    result = decoded("count", [{"ts": NOW_MS, "total": 1}, {"ts": NOW_MS}, 5, {"ts": NOW_MS, "total": 4}])
    assert [(event.index, event.total) for event in result.events if isinstance(event, PartCount)] == [(0, 1), (3, 4)]
    assert [(r.index, r.reason) for r in result.rejections] == [(1, "missing_member"), (2, "not_an_object")]


def test_an_array_may_have_ten_thousand_elements_and_no_more() -> None:
    element = b'{"ts":1741000000000}'
    assert len(decoded("heartbeat", b"[" + b",".join([element] * 10_000) + b"]").events) == 10_000
    [rejection] = decoded("heartbeat", b"[" + b",".join([element] * 10_001) + b"]").rejections
    assert rejection.reason == "array_too_long"


def test_more_signals_than_allowed_are_refused() -> None:
    assert decoded("reading", {"ts": NOW_MS, "signals": {f"s{n}": n for n in range(512)}}).rejections == []
    [rejection] = decoded("reading", {"ts": NOW_MS, "signals": {f"s{n}": n for n in range(513)}}).rejections
    assert rejection.reason == "too_many_signals"


def test_a_payload_may_have_just_as_many_bytes_as_allowed() -> None:
    document = json.dumps({"ts": NOW_MS, "total": 1}).encode()
    allowed = DecodeSettings(max_payload_bytes=len(document))
    assert decoded("count", document, settings=allowed).rejections == []
    [rejection] = decoded("count", document + b" ", settings=allowed).rejections
    assert (rejection.reason, rejection.asset) == ("too_large", ASSET)


@pytest.mark.parametrize("flags", [1, 4])
def test_entries_of_the_service_itself_are_neither_event_nor_rejection(flags: int) -> None:
    record = Record(7, "$edge/gap", b'{"reason":"session_lost"}', NOW, flags, 1)
    assert decode(record, DecodeSettings()) == Decoded([], [])


def test_a_rejection_says_which_member_and_what_would_be_right() -> None:
    [rejection] = decoded("unit", {"ts": NOW_MS, "serial": "S1", "result": "PASS"}).rejections
    assert "`result` must be `pass`, `fail` or `abort`" in rejection.detail
    [rejection] = decoded("state", {"ts": NOW_MS, "state": "runing"}).rejections
    assert "did you mean `running`?" in rejection.detail
    [rejection] = decoded("reading", {"ts": NOW_MS, "signals": {"a": 1, "temp": "warm"}}).rejections
    assert "signal `temp`" in rejection.detail


def test_events_and_rejections_survive_msgpack() -> None:
    for kind, members, _ in CASES:
        [event] = decoded(kind, {"ts": NOW_MS, **members}).events
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=type(event)) == event
