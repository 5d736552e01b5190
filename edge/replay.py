"""`edge replay FILE`: publishes a recording, one JSON object a line, at its own pace or flat out."""

from __future__ import annotations

import base64
import binascii
import gzip
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from edge.publisher import Publisher, PublishError, topic_fault
from edge.settings.load import Settings

GZIP = b"\x1f\x8b"
SHOWN = 20  # bad lines named one by one; the rest are counted


class Line(msgspec.Struct, frozen=True):
    """One message of a recording. `payload` is a text, or JSON that is published as it stands; `t_ms` is when."""

    topic: str
    payload: msgspec.Raw = msgspec.Raw()
    payload_b64: str | None = None
    t_ms: float | None = None
    qos: Literal[0, 1, 2] = 1
    retain: bool = False


class BadLineError(ValueError):
    """A line that cannot be published; the text says why."""


LINES = msgspec.json.Decoder(Line)


def parse_line(text: bytes) -> Line:
    """One line; BadLineError where it is no message."""
    try:
        line = LINES.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadLineError(str(error)) from error
    if (fault := topic_fault(line.topic)) is not None:
        raise BadLineError(fault)
    if bool(bytes(line.payload)) == (line.payload_b64 is not None):
        raise BadLineError("exactly one of `payload` and `payload_b64` is needed")
    return line


def payload_of(line: Line) -> bytes:
    """The bytes to publish; BadLineError where they cannot be told."""
    try:
        if line.payload_b64 is not None:
            return base64.b64decode(line.payload_b64, validate=True)
        document = bytes(line.payload)
        return msgspec.json.decode(document, type=str).encode() if document.startswith(b'"') else document
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadLineError(str(error)) from error


class Pace:
    """Turns the times of a recording into waiting: its first one is now, `speed` times as fast, 0 without waiting."""

    def __init__(self, speed: float, clock: Callable[[], float], wait: Callable[[float], object]) -> None:
        self._speed, self._clock, self._wait = speed, clock, wait
        self._began: tuple[float, float] | None = None  # (clock in seconds, t_ms)

    def keep(self, t_ms: float | None) -> None:
        if t_ms is None or self._speed == 0:
            return
        if self._began is None:
            self._began = self._clock(), t_ms
        due = self._began[0] + (t_ms - self._began[1]) / 1000 / self._speed
        if (left := due - self._clock()) > 0:
            self._wait(left)


def read_lines(file: Path) -> Iterator[bytes]:
    """The lines of a file, gzipped or not."""
    with file.open("rb") as opened:
        if opened.peek(2)[:2] != GZIP:
            yield from opened
            return
        with gzip.open(opened) as unpacked:
            yield from unpacked


def replay(settings: Settings, file: Path, *, speed: float = 1.0) -> int:
    """Publish `file`; the exit status: 1 where lines were skipped or the broker cannot be reached."""
    pace = Pace(speed, time.monotonic, threading.Event().wait)
    sent, bad = 0, 0
    try:
        with Publisher(settings.service.mqtt, "replay") as publisher:
            for number, text in enumerate(read_lines(file), 1):
                if not text.strip():
                    continue
                try:
                    line = parse_line(text)
                    payload = payload_of(line)
                except BadLineError as error:
                    bad += 1
                    if bad <= SHOWN:
                        _say(f"{file}:{number}: skipped: {error}")
                    continue
                pace.keep(line.t_ms)
                publisher.publish(line.topic, payload, qos=line.qos, retain=line.retain)
                sent += 1
    except (PublishError, OSError, EOFError, zlib.error) as error:
        _say(f"stopped after {sent} messages: {error}")
        return 1
    _say(f"{sent} messages published, {bad} lines skipped")
    return 1 if bad else 0


def _say(text: str) -> None:
    sys.stderr.write(f"edge replay: {text}\n")
