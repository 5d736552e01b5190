"""The shapes of answers about messages: events, rejections, a message as it came."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from edge.api.shapes import Time


class Rejection(Struct):
    """A message, or an element of its array, that could not become an event; `payload_b64` where it is no text."""

    offset: int
    index: int
    received: Time
    topic: str
    asset: str | None
    reason: str
    detail: str | None
    size: int
    payload: str | None
    payload_b64: str | None


class Rejections(Struct):
    """Newest first. `counts` and `total` are of all that the filter lets through; `next` goes into `before`."""

    rejections: list[Rejection]
    counts: dict[str, int]
    total: int
    next: str | None


class Event(Struct):
    """A decoded event; the members of its kind stand beside these."""

    offset: int
    index: int
    kind: str
    asset: str
    ts: Time
    received: Time


class Events(Struct):
    """In the order of their arrival; `next` goes into `after`."""

    events: list[Event]
    next: str | None


class Message(Struct):
    """A message as the broker gave it; `payload_b64` where it is no text."""

    offset: int
    received: Time
    topic: str
    qos: int
    retain: bool
    dup: bool
    epoch: int  # which connection to the broker delivered it
    size: int
    payload: str | None
    payload_b64: str | None
    events: list[Event]
    rejections: list[dict[str, Any]]
