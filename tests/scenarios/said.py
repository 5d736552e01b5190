"""What the events of a scenario say, as messages: MQTT topics and payloads, manual records as corrections."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from edge.clock import SECOND, from_text, to_text
from edge.corrections import TOPIC, Correction, problem
from edge.decode import DecodeSettings, decode
from edge.journal.record import Record
from tests.scenarios.layout import LINE, as_level

KINDS = {"counter": "count"}
OURS = {"type", "machine", "received", "name", "from", "to", "every_s"}  # members that are not of a payload


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes
    received: int


def instant(ts: str | int) -> int:
    """Microseconds of a time as a scenario writes it: RFC 3339, or milliseconds."""
    return ts * 1000 if isinstance(ts, int) else from_text(ts)


def messages(scenario: Mapping[str, Any], site: str, root: str) -> Iterator[Message]:
    """All that is said, in the order of the file."""
    for number, event in enumerate(scenario.get("events", ())):
        try:
            for one in _expanded(event):
                yield _message(one, site, root)
        except KeyError as error:
            raise ValueError(f"events[{number}] has no {error}") from error
        except ValueError as error:
            raise ValueError(f"events[{number}]: {error}") from error


def refusal(message: Message, root: str) -> str | None:
    """Why the service does not take a message; None where it does."""
    if message.topic == TOPIC:
        wrong = problem(msgspec.json.decode(message.payload, type=Correction))
        why = f"{wrong[0]}: {wrong[1]}" if wrong else None
    else:
        record = Record(1, message.topic, message.payload, message.received, 1, 1)
        why = next((one.detail for one in decode(record, DecodeSettings(root=root)).rejections), None)
    return f"{why}: {message.payload.decode()}" if why else None


def _message(event: Mapping[str, Any], site: str, root: str) -> Message:
    kind = KINDS.get(event["type"], event["type"])
    path = f"{site}/{LINE}/{as_level(event.get('machine') or 'M1')}"
    if kind == "interval":
        return Message(TOPIC, _manual_record(event, path), _record_made(event))
    received = instant(event.get("received") or event["ts"])
    return Message(f"{root}/{path}/{kind}", json.dumps(_payload(event, site)).encode(), received)


def _expanded(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if event["type"] != "heartbeat_series":
        yield event
        return
    at, end = instant(event["from"]), instant(event["to"])
    while at <= end:
        yield {"type": "heartbeat", "ts": to_text(at), "machine": event.get("machine")}
        at += round(event["every_s"] * SECOND)


def _record_made(event: Mapping[str, Any]) -> int:
    """When a manual record arrived: where that is not said, when its time was over."""
    if event.get("received"):
        return instant(event["received"])
    return max(instant(event[name]) for name in ("ts", "to") if event.get(name))


def _manual_record(event: Mapping[str, Any], path: str) -> bytes:
    """A manual record of a scenario: an operator's correction of the state."""
    said = {
        "id": f"{path} {event.get('id') or [event['from'], event['to'], event['value']]}",
        "kind": "state",
        "asset": path,
        "from": to_text(instant(event["from"])),
        "to": to_text(instant(event["to"])),
        "state": event["value"],
        "reason": event.get("reason"),
        "by": "scenario",
        "why": "a manual record",
    }
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()


def _payload(event: Mapping[str, Any], site: str) -> dict[str, Any]:
    out = {name: value for name, value in event.items() if name not in OURS and value is not None}
    if event["type"] == "state":
        out["state"] = out.pop("value")
    elif event["type"] == "counter":
        out["counter"] = event["name"]
    elif event["type"] == "product":
        out["product"] = out.pop("value", None) or out["product"]
    elif event["type"] == "unit":
        out.setdefault("station", event.get("machine") or "M1")
    if "product" in out:
        out["product"] = f"{site}.{out['product']}"
    return out
