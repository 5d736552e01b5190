"""For any topic and any bytes: an answer, never an exception; and what is written rightly comes back unchanged."""

import json
import math
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.decode import REASONS, Decoded, DecodeSettings, decode
from edge.decode.payload import PAYLOADS, STATE_NAMES
from edge.decode.rescan import depth
from edge.events import MachineState, PartCount, Reading
from edge.journal.record import Record

NOW_MS = 1_741_000_000_000
SETTINGS = DecodeSettings()
MEMBERS = (
    "ts", "id", "boot", "seq", "state", "reason", "product", "total", "bad", "counter", "value", "serial", "result",
    "station", "signals", "order", "action", "quantity", "qty", "produced_ts", "code", "active", "component", "x",
)  # fmt: skip

patient = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # also on a busy box

kinds = st.sampled_from(sorted(PAYLOADS))
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    | st.sampled_from([NOW_MS, "2025-03-03T06:00:00+01:00", "running", "pass", "total", "start", "unit"])
)  # fmt: skip
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner))
objects = st.dictionaries(st.sampled_from(MEMBERS), trees, max_size=8)


def decode_payload(kind: str, payload: bytes, flags: int = 1) -> Decoded:
    topic = f"shopfloor/v1/demo/packing/l1/m001/{kind}"
    decoded = decode(Record(3, topic, payload, NOW_MS * 1000, flags, 1), SETTINGS)
    check(decoded)
    return decoded


def check(decoded: Decoded) -> None:
    assert decoded.events or decoded.rejections
    for event in decoded.events:
        assert SETTINGS.oldest_us <= event.ts <= NOW_MS * 1000 + SETTINGS.clock_ahead_tolerance_us
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=type(event)) == event
        if isinstance(event, Reading):
            assert event.signals
            assert all(math.isfinite(value) for value in event.signals.values())
    for rejection in decoded.rejections:
        assert rejection.reason in REASONS
        assert rejection.detail.isprintable()
        msgspec.msgpack.encode(rejection)


@patient
@given(kinds, st.binary(max_size=300), st.integers(0, 31))
def test_any_bytes_give_an_answer(kind: str, payload: bytes, flags: int) -> None:
    decode_payload(kind, payload, flags)


@patient
@given(st.text(max_size=80) | st.from_regex(r"shopfloor/v1(/[a-z.$#+]{0,3}){3,7}", fullmatch=True))
def test_any_topic_gives_an_answer(topic: str) -> None:
    decoded = decode(Record(3, topic, b'{"ts":1741000000000}', NOW_MS * 1000, 1, 1), SETTINGS)
    assert topic.startswith("$edge/") or decoded.events or decoded.rejections


@patient
@given(kinds, objects | st.lists(objects, max_size=4) | trees)
def test_any_json_gives_an_answer(kind: str, tree: Any) -> None:
    decode_payload(kind, json.dumps(tree).encode("utf-8", "surrogatepass"))


@patient
@given(kinds, objects, st.data())
def test_any_damage_gives_an_answer(kind: str, tree: Any, data: st.DataObject) -> None:
    document = bytearray(json.dumps({"ts": NOW_MS, **tree}), "utf-8", "surrogatepass")
    for _ in range(data.draw(st.integers(1, 4))):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    decode_payload(kind, bytes(document))


@patient
@given(st.dictionaries(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=64),
                       st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))  # fmt: skip
def test_signals_come_back_as_they_were_sent(signals: dict[str, float]) -> None:
    document = json.dumps({"ts": NOW_MS, "signals": signals}, ensure_ascii=False).encode()
    [event] = decode_payload("reading", document).events
    assert isinstance(event, Reading)
    assert event.signals == signals


@patient
@given(st.sampled_from(sorted(STATE_NAMES)), st.integers(946_684_800_000, NOW_MS))
def test_states_and_times_come_back_as_they_were_sent(state: str, ts: int) -> None:
    [event] = decode_payload("state", json.dumps({"state": state, "ts": ts}).encode()).events
    assert isinstance(event, MachineState)
    assert (event.state, event.ts) == (state, ts * 1000)


@patient
@given(st.lists(st.integers(0, 2**53), min_size=1, max_size=30))
def test_an_array_says_the_same_as_its_elements_one_by_one(totals: list[int]) -> None:
    elements = [{"ts": NOW_MS, "total": total} for total in totals]
    together = decode_payload("count", json.dumps(elements).encode()).events
    singly = [decode_payload("count", json.dumps(element).encode()).events[0] for element in elements]
    assert [event.total for event in together if isinstance(event, PartCount)] == totals
    assert [event.total for event in singly if isinstance(event, PartCount)] == totals
    assert [event.index for event in together] == list(range(len(totals)))


@patient
@given(objects, st.sampled_from(MEMBERS))
def test_a_key_that_stands_twice_never_goes_through(tree: dict[str, Any], key: str) -> None:
    document = json.dumps({**tree, "ts": NOW_MS, "total": 1, key: 1})
    doubled = f'{{"{key}":1,{document[1:]}'.encode("utf-8", "surrogatepass")
    assert decode_payload("count", doubled).events == []


def levels(tree: Any) -> int:
    if isinstance(tree, dict):
        return 1 + max(map(levels, tree.values()), default=0)
    return 1 + max(map(levels, tree), default=0) if isinstance(tree, list) else 0


@patient
@given(trees)
def test_depth_counts_levels_and_not_brackets_in_texts(tree: Any) -> None:
    assert depth(json.dumps(tree).encode()) == levels(tree)
