"""What the main process and the ingest process say to each other: msgpack maps, each behind its length in 4 bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

EXIT_STORAGE = 74
"""Exit status (EX_IOERR) of an ingest process whose storage failed."""


class IngestStatus(msgspec.Struct, tag="status", tag_field="t"):
    """Where ingest stands. Counters count MQTT messages, `acknowledged` those of QoS 1, and never go back."""

    connected: bool = False
    subscribed: bool = False
    broker: str = ""
    error: str | None = None
    received: int = 0
    committed: int = 0
    acknowledged: int = 0
    last_offset: int = 0
    session_lost: int = 0
    takeovers: int = 0
    paused: bool = False
    disk_full: bool = False
    journal_bytes: int = 0
    epoch: int = 0


class Appended(msgspec.Struct, tag="appended", tag_field="t"):
    id: int
    offset: int


class Append(msgspec.Struct, tag="append", tag_field="t"):
    """Write an entry of the service's own; answered with `Appended` once it is durable."""

    id: int
    topic: str
    payload: bytes


class Cursor(msgspec.Struct, tag="cursor", tag_field="t"):
    """Everything below `offset` has been dealt with and may be retired."""

    offset: int


class Stop(msgspec.Struct, tag="stop", tag_field="t"):
    pass


Up = IngestStatus | Appended
Down = Append | Cursor | Stop
M = TypeVar("M")


def frame(message: Up | Down) -> bytes:
    text = msgspec.msgpack.encode(message)
    return len(text).to_bytes(4, "big") + text


class Frames(Generic[M]):
    """Cuts a stream of bytes into messages."""

    def __init__(self, decode: Callable[[bytes], M]) -> None:
        self._decode = decode
        self._rest = b""

    def feed(self, data: bytes) -> list[M]:
        """The messages that are complete now; msgspec.DecodeError where one is none."""
        data = self._rest + data
        found, at = [], 0
        while len(data) - at >= 4:
            end = at + 4 + int.from_bytes(data[at : at + 4], "big")
            if end > len(data):
                break
            found.append(self._decode(data[at + 4 : end]))
            at = end
        self._rest = data[at:]
        return found


def frames_up() -> Frames[Up]:
    return Frames(msgspec.msgpack.Decoder(Up).decode)


def frames_down() -> Frames[Down]:
    return Frames(msgspec.msgpack.Decoder(Down).decode)
