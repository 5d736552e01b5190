"""Topics name one machine and one kind, and nothing else gets through."""

import pytest

from edge.decode.payload import PAYLOADS
from edge.decode.rejection import Refusal
from edge.decode.topic import Address, asset_of, parse_topic

ROOT = "shopfloor/v1"


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
def test_a_canonical_topic_gives_asset_and_kind(kind: str) -> None:
    address = parse_topic(f"{ROOT}/demo/packing/l1/m001/{kind}", ROOT)
    assert isinstance(address, Address)
    assert (address.asset, address.kind) == ("demo/packing/l1/m001", kind)


def test_the_root_may_have_any_number_of_levels() -> None:
    assert isinstance(parse_topic("plant/demo/packing/l1/m001/state", "plant"), Address)
    assert isinstance(parse_topic("a/b/c/demo/packing/l1/m001/state", "a/b/c"), Address)
    assert isinstance(parse_topic("plantx/demo/packing/l1/m001/state", "plant"), Refusal)


def test_a_misspelt_kind_is_refused_with_the_likeliest_one() -> None:
    refusal = parse_topic(f"{ROOT}/demo/packing/l1/m001/readings", ROOT)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "unknown_kind"
    assert "did you mean `reading`?" in refusal.detail


def test_a_rejection_knows_its_machine_where_only_the_kind_is_wrong() -> None:
    assert asset_of(f"{ROOT}/demo/packing/l1/m001/telemetry", ROOT) == "demo/packing/l1/m001"
    assert asset_of(f"{ROOT}/demo/packing/l1/m001/state", ROOT) == "demo/packing/l1/m001"
    assert asset_of(f"{ROOT}/demo/packing/m001", ROOT) is None
    assert asset_of("$SYS/broker/uptime", ROOT) is None


def test_a_topic_of_many_levels_is_refused() -> None:
    refusal = parse_topic("a" + "/" * 65_000, ROOT)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "bad_topic"
