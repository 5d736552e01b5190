"""From raw messages to facts: what is valid, when it happened (ruling 40), and what was there before (ruling 20).

Corrections are facts of the kinds `interval`, `amended` and `amended scrap`; the machine is not heard by them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

SECOND = 1_000_000
TOLERANCE = 60 * SECOND
CORRECTIONS = {
    "state": "interval", "merge": "interval", "product": "amended product", "count": "amended",
    "scrap": "amended scrap",
}  # fmt: skip
NOT_HEARD = {"offline", *CORRECTIONS.values()}
STATES = {
    "running", "slow", "setup", "changeover", "cleaning", "stopped", "fault", "idle", "starved", "blocked",
    "operator", "maintenance", "no_order", "unknown", *(f"packml:{n}" for n in range(1, 18)),
}  # fmt: skip


class Message(Protocol):
    """As a broker handed it over; `received` in microseconds since 1970."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def received(self) -> int: ...


@dataclass(frozen=True)
class Fact:
    """One valid thing that a device said. `said` is the time by its own clock, `ts` the time that counts."""

    machine: str
    kind: str
    said: int
    ts: int
    received: int
    place: tuple[int, int]  # of the message, and inside its array
    body: Mapping[str, Any]

    @property
    def ahead(self) -> bool:
        return self.ts != self.said

    @property
    def order(self) -> tuple[int, int, tuple[int, int]]:
        """Event time decides; what a device said at one instant is in its own order."""
        return self.ts, self.body.get("seq") or 0, self.place


def microseconds(ts: str | int) -> int:
    if isinstance(ts, int):
        return ts * 1000
    return (datetime.fromisoformat(ts) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def correction(number: int, message: Message) -> Fact:
    """What a person said; `ts` is where its interval begins, or when its parts were made."""
    body = json.loads(message.payload)
    ts = microseconds(body.get("from") or body["at"])
    return Fact(body["asset"], CORRECTIONS[body["kind"]], ts, ts, message.received, (number, 0), body)


def facts_of(number: int, message: Message) -> Iterator[Fact]:
    """Valid facts of one message."""
    if message.topic.startswith("$edge/"):
        if message.topic == "$edge/correction" and json.loads(message.payload)["kind"] != "revoke":
            yield correction(number, message)
        return
    machine, _, kind = "/".join(message.topic.split("/")[2:]).rpartition("/")
    try:
        said = json.loads(message.payload)
    except ValueError:
        return
    for index, body in enumerate(said if isinstance(said, list) else [said]):
        if not isinstance(body, dict) or (kind == "state" and body.get("state") not in STATES):
            continue
        if "ts" not in body and kind != "offline":
            continue
        ts = microseconds(body["ts"]) if "ts" in body else message.received  # a last will does not know its hour
        counts = ts if ts <= message.received + TOLERANCE else message.received
        yield Fact(machine, kind, ts, counts, message.received, (number, index), body)


def identity(fact: Fact) -> object:
    """By message id, else by the device's numbering, else by (source, event time, type, value)."""
    body = fact.body
    if body.get("id") is not None:
        return fact.machine, "id", body["id"]
    if body.get("boot") is not None and body.get("seq") is not None:
        return fact.machine, "seq", body["boot"], body["seq"]
    if fact.kind == "heartbeat":
        return fact.place  # it says nothing that could count twice
    value = json.dumps({k: v for k, v in body.items() if k != "ts"}, sort_keys=True)
    return fact.machine, fact.kind, fact.said, value


def known(messages: Sequence[Message], received_until: int) -> list[Fact]:
    """Facts that had been received by an instant, each once."""
    seen: set[object] = set()
    out = []
    for number, message in enumerate(messages):
        if message.received > received_until:
            continue
        if message.topic == "$edge/correction":
            revoked = json.loads(message.payload).get("revokes")
            out = [fact for fact in out if fact.kind not in CORRECTIONS.values() or fact.body["id"] != revoked]
        for fact in facts_of(number, message):
            if identity(fact) not in seen:
                seen.add(identity(fact))
                out.append(fact)
    return out


def tally(messages: Sequence[Message]) -> dict[str, int]:
    """How many messages brought something new, nothing new, nothing valid."""
    seen: set[object] = set()
    out = {"accepted": 0, "duplicate": 0, "rejected": 0}
    for number, message in enumerate(messages):
        if message.topic.startswith("$edge/"):
            continue  # the service's own
        found = {identity(fact) for fact in facts_of(number, message)}
        out["rejected" if not found else "duplicate" if found <= seen else "accepted"] += 1
        seen |= found
    return out
