"""What a topic says: the machine's asset path and the kind of message."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from edge.decode.payload import PAYLOADS, Payload
from edge.decode.rejection import MAX_TOPIC, Refusal, nearest, shorten

LEVEL = re.compile(r"(?=.*[^.])[A-Za-z0-9_.-]{1,64}", re.ASCII)  # dots alone would climb in a URL path
LEVELS = 5


class Address(msgspec.Struct, frozen=True):
    """`asset` is site/area/line/machine; `decoder` reads one payload object of the topic's kind."""

    asset: str
    kind: str
    decoder: msgspec.json.Decoder[Payload]


@lru_cache(maxsize=16_384)
def _parse(topic: str, root: str) -> Address | Refusal:
    prefix = root + "/"
    levels = topic[len(prefix) :].split("/", LEVELS) if topic.startswith(prefix) else []
    if len(levels) != LEVELS:
        return Refusal("bad_topic", f"the topic must be {prefix}<site>/<area>/<line>/<machine>/<kind>")
    wrong = next((level for level in levels if not LEVEL.fullmatch(level)), None)
    if wrong is not None:
        return Refusal("bad_topic", shorten(f"level `{wrong}` must be 1 to 64 of A-Z a-z 0-9 _ . - (not dots alone)"))
    *path, kind = levels
    decoder = PAYLOADS.get(kind)
    if decoder is None:
        return Refusal("unknown_kind", f"no kind `{kind}`; {nearest(kind, frozenset(PAYLOADS))}")
    return Address("/".join(path), kind, decoder)


def parse_topic(topic: str, root: str) -> Address | Refusal:
    """The address of `topic` under `root`; remembered for the last few thousand topics."""
    if len(topic) > MAX_TOPIC:
        return Refusal("bad_topic", f"the topic has {len(topic)} characters; at most {MAX_TOPIC}")
    return _parse(topic, root)


def asset_of(topic: str, root: str) -> str | None:
    """The asset path of `topic`, also where its kind is unknown; None where it names no machine."""
    address = parse_topic(topic, root)
    if isinstance(address, Address):
        return address.asset
    if address.reason != "unknown_kind":
        return None
    return topic[len(root) + 1 :].rpartition("/")[0]
