"""What the service tells a process of monitors, and what that answers: batches of plain data.

A frame is four bytes of length and MessagePack; a batch is a list of orders, answered as a whole.
"""

from __future__ import annotations

import socket
from typing import Any

import msgspec

from edge.monitor import Assessment, Observation, Watched
from edge.monitoring.post import Post, PostState
from edge.store.assessments import Acknowledgement


class Order(msgspec.Struct, array_like=True, tag=True):
    """Something to be done at one post. `turn` is its place in the order of everything that is shown to monitors."""

    turn: int
    post: int

    def give(self, post: Post) -> None:
        """Have the post do it."""
        raise NotImplementedError


class Begin(Order):
    """A post, the first time or again after the process has died."""

    monitor: str
    asset: str
    settings: dict[str, Any]
    signals: dict[str, Any]
    history_us: int
    kept: PostState


class Settings(Order):
    """Settings of signals that were not seen before."""

    signals: dict[str, Any]


class Rule(Order):
    """Other settings of the machine and its signals, from now on."""

    settings: dict[str, Any]
    signals: dict[str, Any]

    def give(self, post: Post) -> None:
        post.rule(Watched(post.watched.asset, self.settings, self.signals))


class Take(Order):
    seen: Observation

    def give(self, post: Post) -> None:
        post.take(self.seen)


class StartAnew(Order):
    ts: int
    why: str

    def give(self, post: Post) -> None:
        post.start_anew(self.ts, self.why)


class Acknowledge(Order):
    said: Acknowledgement

    def give(self, post: Post) -> None:
        post.acknowledge(self.said)


class TakeBack(Order):
    number: str

    def give(self, post: Post) -> None:
        post.take_back(self.number)


class Remember(Order):
    def give(self, post: Post) -> None:
        post.remember()


class EndSilence(Order):
    undone: bool

    def give(self, post: Post) -> None:
        post.end_silence(undone=self.undone)


class Checkpoint(Order):
    """Where the post stands is in the answer."""


Known = Begin | Settings | Rule | Take | StartAnew | Acknowledge | TakeBack | Remember | EndSilence | Checkpoint


class Figures(msgspec.Struct, array_like=True):
    """Of one monitor, see `edge.host.LoadedMonitor`."""

    failures: int = 0
    last_error: str | None = None
    calls: int = 0
    seconds: float = 0.0
    paused: int = 0
    slow: bool = False


class Batch(msgspec.Struct, array_like=True):
    """`fatal` are turns that ended the process twice, and how: they are not done again. `figures` go on from there."""

    orders: list[Known] = []
    fatal: dict[int, str] = {}
    figures: dict[str, Figures] = {}


class Answer(msgspec.Struct, array_like=True):
    """Rows of the history as (turn, post, assessment), where posts stand, and reports as (doing, text)."""

    rows: list[tuple[int, int, Assessment]] = []
    posts: dict[int, PostState] = {}
    figures: dict[str, Figures] = {}
    reports: list[tuple[str, str]] = []


encode = msgspec.msgpack.Encoder().encode
decode_batch = msgspec.msgpack.Decoder(Batch).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
LENGTH_BYTES = 4
OUT_OF_MEMORY = 112
"""Exit status of a process that got no more memory."""


def send(line: socket.socket, content: bytes) -> None:
    """Send a frame; OSError."""
    line.sendall(len(content).to_bytes(LENGTH_BYTES, "big"))
    line.sendall(content)


def receive(line: socket.socket) -> bytes:
    """The next frame; OSError, EOFError where the other end is gone."""
    return _exactly(line, int.from_bytes(_exactly(line, LENGTH_BYTES), "big"))


def _exactly(line: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = line.recv(min(length - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
