"""What mappings make of topics and payloads that are not ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.decode import Decoded, DecodeSettings, decode
from edge.decode.dialect import Dialect
from edge.decode.payload import PAYLOADS
from edge.events import CounterLevel, Heartbeat, MachineState, PartCount, Reading
from edge.ingest_settings import filters
from edge.journal.record import RETAIN, Record
from edge.mapping import MEMBERS, Mapping, place_of, subscription
from edge.settings.service import ServiceSettings

NOW_MS = 1_741_000_000_000
NOW = NOW_MS * 1000
L1 = "demo/packing/l1"
M1 = f"{L1}/m1"


def said(topic: str, payload: Any, *mappings: Mapping, flags: int = 0) -> Decoded:
    document = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return decode(Record(7, topic, document, NOW + 5_000, 1 | flags, 1), DecodeSettings(others=Dialect(mappings)))


def mapping(kind: str = "state", *, topic: str = "plc/{m}", asset: str = f"{L1}/{{m}}", **rest: Any) -> Mapping:
    return Mapping(topic=topic, asset=asset, kind=kind, **rest)


STATE = mapping(members={"ts": "t", "state": "s"}, values={"state": {"1": "running", "2": "stopped"}})


def test_one_payload_says_as_many_things_as_there_are_mappings_of_its_topic() -> None:
    count = mapping("count", members={"ts": "t", "counter": "=total", "value": 'plc."Total parts"'})
    reading = mapping("reading", members={"ts": "t"}, signals={"temp": "axes[1].t * 0.1", "*": "tags"})
    payload = {"t": NOW_MS, "s": 1, "plc": {"Total parts": 12.0}, "axes": [0, {"t": 615}], "tags": {"a": 1, "b": "x"}}
    events = said("plc/m1", payload, STATE, count, reading).events
    head = [(M1, NOW, NOW + 5_000, 7, index, 0, None, None, None) for index in range(3)]
    assert events == [
        MachineState(*head[0], "running"),
        CounterLevel(*head[1], "total", 12),
        Reading(*head[2], {"temp": 61.5, "a": 1.0}),
    ]


def test_a_mapping_of_which_nothing_is_in_the_payload_is_passed_over() -> None:
    count = mapping("count", members={"ts": "t", "counter": "=total", "value": "n"})
    decoded = said("plc/m1", {"t": NOW_MS, "s": 2}, STATE, count)
    assert [type(event) for event in decoded.events] == [MachineState]
    assert decoded.rejections == []


@pytest.mark.parametrize(("payload", "value"), [(b"61.5", 61.5), (b" 7\n", 7.0), (b"true", 1.0), (b"-1e3", -1000.0)])
def test_a_plain_number_is_a_reading_of_the_time_it_was_received(payload: bytes, value: float) -> None:
    plain = mapping("reading", topic="plc/{m}/{tag}", signals={"{tag}": "."})
    (event,) = said("plc/m1/temp", payload, plain).events
    assert isinstance(event, Reading)
    assert (event.signals, event.ts) == ({"temp": value}, NOW + 5_000)


def test_a_plain_text_is_a_state_by_what_it_means() -> None:
    lamp = mapping(members={"state": "."}, values={"state": {"ON": "running", "*": "unknown"}})
    states = [event.state for word in (b"ON", b"?") for event in said("plc/m1", word, lamp).events]  # type: ignore[union-attr]
    assert states == ["running", "unknown"]


def test_machines_of_one_message_are_told_apart_by_a_name_in_it() -> None:
    line = mapping(topic="line", each="machines", where={"type": "status"}, names={"m": "id"},
                   members={"ts": "$.t", "state": "s", "mode": "mode"}, states="packml", time="s")  # fmt: skip
    rows = [{"id": 1, "type": "status", "s": 6}, {"id": "b c", "type": "status", "s": 6, "mode": 2}, {"type": "x"}]
    events = said("line", {"t": NOW_MS / 1000 + 0.25, "machines": rows}, line).events
    assert [(event.asset, event.ts, event.state) for event in events] == [  # type: ignore[union-attr]
        (f"{L1}/1", NOW + 250_000, "packml:6"),
        (f"{L1}/b-c", NOW + 250_000, "maintenance"),
    ]


@pytest.mark.parametrize(
    ("code", "state"),
    [(10_000, "running"), (19_999, "running"), (40_100, "idle"), (40_300, "stopped"), (180_000, "fault"), (7, None)],
)
def test_codes_of_the_hub_have_a_state(code: int, state: str | None) -> None:
    decoded = said("plc/m1", code, mapping(members={"state": "."}, states="umh"))
    assert [event.state for event in decoded.events] == ([state] if state else [])  # type: ignore[union-attr]
    assert [rejection.reason for rejection in decoded.rejections] == ([] if state else ["unknown_state"])


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("s", NOW_MS // 1000), ("s", NOW_MS / 1000), ("ms", NOW_MS), ("us", NOW), ("ns", NOW * 1000),
        ("ms", "2025-03-03T11:06:40Z"), ("local", "2025-03-03 12:06:40"), ("local", "2025-03-03T12:06:40+01:00"),
    ],
)  # fmt: skip
def test_times_are_read_in_the_unit_of_the_mapping(unit: Any, value: Any) -> None:
    beat = mapping("heartbeat", members={"ts": "t"}, time=unit, timezone="Europe/Berlin")
    assert said("plc/m1", {"t": value}, beat).events == [Heartbeat(M1, NOW, NOW + 5_000, 7, 0, 0, None, None, None)]


WRONG: list[tuple[Any, str, str]] = [
    ({"t": NOW_MS, "s": 3}, "invalid_value", "`state` is '3', and `values.state` has no such key"),
    ({"t": NOW_MS // 1000, "s": 1}, "time_too_old", "it looks like seconds"),
    ({"t": "yesterday", "s": 1}, "time_invalid", "`ts` is 'yesterday'"),
    ({"t": NOW_MS}, "unmapped", "`s`"),
    (b'{"t": 1', "not_json", "truncated"),
    (b"\xff\xfe", "not_utf8", "UTF-8"),
    (b"[" * 100_000, "too_deep", "nested"),
    (b"", "empty", "empty"),
    ([], "unmapped", "`s`"),
]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "local"])
def test_a_number_of_hundreds_of_digits_is_rejected(unit: Any) -> None:
    reading = mapping("reading", members={"ts": "t"}, signals={"a": "a"}, time=unit)
    for payload in ({"t": 10**400, "a": 1}, {"a": -(10**400)}, {"t": 10**400}):
        decoded = said("plc/m1", payload, reading)
        assert (len(decoded.events), len(decoded.rejections)) == (0, 1)


def test_a_topic_too_long_to_be_kept_is_read_by_no_mapping() -> None:
    heartbeat = mapping("heartbeat", topic="plc/{a}_{b}/x", asset=f"{L1}/{{a}}-{{b}}")
    (rejection,) = said("plc/" + "_" * 60_000 + "/x", {}, heartbeat).rejections
    assert (rejection.reason, rejection.detail) == ("bad_topic", "the topic has 60006 characters; at most 300")


@pytest.mark.parametrize(("payload", "reason", "part"), WRONG)
def test_what_cannot_be_read_is_rejected_and_says_why(payload: Any, reason: str, part: str) -> None:
    (rejection,) = said("plc/m1", payload, STATE).rejections
    assert rejection.reason == reason
    assert part in rejection.detail


def test_a_rejection_names_its_mapping_and_machine() -> None:
    (rejection,) = said("plc/m1", {"s": 9}, STATE).rejections
    assert rejection.asset == M1
    assert rejection.detail.startswith("mapping of `plc/{m}` to state: ")


def test_too_many_elements_are_no_event_at_all() -> None:
    each = mapping("heartbeat", each="a")
    decoded = said("plc/m1", {"a": [0] * 10_001}, each)
    assert decoded.events == []
    assert [rejection.reason for rejection in decoded.rejections] == ["array_too_long"]


def test_our_own_topics_and_retained_copies_are_no_matter_of_mappings() -> None:
    everything = mapping("heartbeat", topic="#", asset=f"{L1}/x")
    own = said(f"shopfloor/v1/{M1}/count", {"ts": NOW_MS, "total": 1}, everything).events
    assert [type(event) for event in own] == [PartCount]
    (rejection,) = said("plc/m1", b"1", everything, flags=RETAIN).rejections
    assert rejection.reason == "retained"
    assert said("$edge/gap", b"{}", everything) == Decoded([], [])


@pytest.mark.parametrize(
    ("topic", "seen", "filter_"),
    [
        ("a/{x}/b", {"a/1/b": {"x": "1"}, "a/1/2/b": None, "a//b": None}, "a/+/b"),
        ("a/{x}-{y}", {"a/l-m-1": {"x": "l", "y": "m-1"}, "a/l": None}, "a/+"),
        ("a/+/{x}/#", {"a/b/c": {"x": "c"}, "a/b/c/d/e": {"x": "c"}, "a/b": None}, "a/+/+/#"),
        ("a.b", {"a.b": {}, "axb": None}, "a.b"),
    ],
)
def test_topics_match_as_their_filter_does(topic: str, seen: dict[str, Any], filter_: str) -> None:
    dialect = Dialect((mapping("heartbeat", topic=topic, asset=f"{L1}/m"),))
    assert {one: (found[0][1] if (found := dialect.readers_of(one)) else None) for one in seen} == seen
    assert subscription(topic) == filter_


@pytest.mark.parametrize(
    ("topics", "subscribed"),
    [
        (["acme/{m}/data", "acme/{m}/data"], ["shopfloor/v1/#", "acme/+/data"]),
        (["acme/{m}/data", "acme/#", "acme"], ["shopfloor/v1/#", "acme/#"]),
        (["a/{m}", "a/b", "a/b/c", "a/{m}/#"], ["shopfloor/v1/#", "a/+/#"]),
        (["a/{m}", "a/{m}/{n}"], ["shopfloor/v1/#", "a/+", "a/+/+"]),
        (["shopfloor/v1/x/{m}"], ["shopfloor/v1/#"]),
        (["{m}/#"], ["+/#"]),
        (["#", "{m}/load", "$SYS/load"], ["#", "$SYS/load"]),
    ],
)
def test_what_is_subscribed_to_brings_no_message_twice(topics: list[str], subscribed: list[str]) -> None:
    tables = [{"topic": topic, "asset": "a/b/c/d", "kind": "heartbeat"} for topic in topics]
    assert list(filters(ServiceSettings.model_validate({"mappings": tables}))) == subscribed


@pytest.mark.parametrize("text", ["", "a..b", "a[x]", "a[", '"a', "a=b", "{a}"])
def test_a_place_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be read|names no place"):
        place_of(text)


def test_the_members_of_a_mapping_are_those_of_our_own_messages() -> None:
    fields = {kind: set(decoder.type.__struct_fields__) - {"signals"} for kind, decoder in PAYLOADS.items()}
    assert {kind: set(members) for kind, members in MEMBERS.items()} == fields


NUMBERS = st.integers() | st.integers(-(10**400), 10**400) | st.floats(allow_nan=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("tsmaxid"), inner, max_size=5),
)


@given(st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=40)))
def test_whatever_comes_is_events_or_rejections_and_never_an_error(payload: bytes) -> None:
    mappings = [
        mapping(kind, members={"ts": "t", **dict.fromkeys(MEMBERS[kind][4:], "s")}, time=unit, states=states,
                signals={"a": "a * 1e300", "*": "m"} if kind == "reading" else {})
        for kind, unit, states in zip(MEMBERS, ("s", "ms", "us", "ns", "local") * 3, ("own", "packml", "umh") * 4,
                                      strict=False)
    ]  # fmt: skip
    nested = mapping(each="m", names={"m": "id"}, members={"state": "a[0].s", "ts": "$.t"})
    decoded = said("plc/m1", payload, *mappings, nested)
    assert decoded.events or decoded.rejections
