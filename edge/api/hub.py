"""The live stream's hub: a processing thread publishes, clients on the event loop read one shared log.

A client holds a position and no queue, so a slow one costs nothing and delays nobody. Nothing is kept or encoded until
the first client comes; a while after the last one has gone, the log is forgotten.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from edge.api.replay import ReplayLog

KINDS = ("event", "rejection", "status", "assessment")


class StreamItem(msgspec.Struct, frozen=True, gc=False):
    """Something that came of the message at journal `offset`.

    `kind` is one of KINDS. `data` is whatever the hub's `render` makes a JSON-ready value of. Clients that filter by
    asset do not hear of an item without one."""

    offset: int
    kind: str
    asset: str | None
    data: Any


@dataclass(frozen=True, slots=True)
class HubSettings:
    entries: int = 2048  # how many items are kept for clients that come back,
    kept_bytes: int = 4 * 1024 * 1024  # and how much of them
    items_per_s: int = 2000  # what is beyond is left out and counted; status items always go in
    wake_s: float = 0.04  # clients wake at most this often: a few larger writes instead of many small ones
    heartbeat_s: float = 3.0
    linger_s: float = 60.0  # how long the log goes on after the last client has gone
    stall_s: float = 10.0  # a client that takes no byte for so long is cut off
    clients: int = 256


class Allowance:
    """Lets through so many items a second, the newest of a batch first; not thread-safe."""

    def __init__(self, per_s: int) -> None:
        self._per_s = per_s
        self._left = float(per_s)
        self._at = time.monotonic()

    def admit(self, batch: Sequence[StreamItem]) -> Sequence[StreamItem]:
        now = time.monotonic()
        self._left = min(self._per_s, self._left + (now - self._at) * self._per_s)
        self._at = now
        if len(batch) <= self._left:
            self._left -= len(batch)
            return batch
        surplus = sum(item.kind != "status" for item in batch) - int(self._left)
        self._left = max(0.0, self._left - len(batch))
        admitted = []
        for item in batch:
            if surplus > 0 and item.kind != "status":
                surplus -= 1
            else:
                admitted.append(item)
        return admitted


class Hub:
    """`publish` and `wanted` are for any thread, everything else for the event loop of the clients."""

    def __init__(
        self, settings: HubSettings | None = None, *, render: Callable[[StreamItem], Any] = lambda item: item.data
    ) -> None:
        self.settings = settings or HubSettings()
        self.skipped = 0  # items left out, because too many or too large
        self.dropped = 0  # clients cut off, because they did not read
        self.closed = False
        self.log = ReplayLog(entries=self.settings.entries, kept_bytes=self.settings.kept_bytes)
        self._render = render
        self._bells: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._recording = False
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._rang = 0.0
        self._lock = threading.Lock()  # guards what follows, which both sides touch
        self._allowance = Allowance(self.settings.items_per_s)
        self._pending: list[StreamItem] = []
        self._left_out = 0
        self._called = False

    @property
    def clients(self) -> int:
        return len(self._bells)

    @property
    def wanted(self) -> bool:
        """Whether anybody listens, or did a moment ago; if not, items need not even be made."""
        return self._recording

    def publish(self, batch: Sequence[StreamItem]) -> None:
        """Take what came of one processed batch; returns at once, whatever the clients do."""
        loop = self._loop
        if loop is None or not self._recording or not batch:
            return
        with self._lock:
            admitted = self._allowance.admit(batch)
            self._pending += admitted
            self._left_out += len(batch) - len(admitted)
            if self._called:
                return
            self._called = True
        try:
            loop.call_soon_threadsafe(self._accept)
        except RuntimeError:  # the loop has ended, and every client with it
            self._recording = False

    def join(self) -> asyncio.Event:
        """A new client's bell: it rings when there may be something to read. Give it back with `leave`."""
        if not self._recording:
            self._loop = asyncio.get_running_loop()
            self.log.begin(int(time.time() * 1000))
            self._recording = True
        self._cancel("rest")
        bell = asyncio.Event()
        self._bells.add(bell)
        if "beat" not in self._timers:
            self._after("beat", self.settings.heartbeat_s, self._heartbeat)
        return bell

    def leave(self, bell: asyncio.Event) -> None:
        self._bells.discard(bell)
        if not self._bells:
            self._cancel("beat")
            if not self.closed:
                self._after("rest", self.settings.linger_s, self._forget)

    def close(self) -> None:
        """End every stream, for good; twice does no harm."""
        self.closed = True
        self._recording = False
        for name in list(self._timers):
            self._cancel(name)
        self._ring()

    def _accept(self) -> None:
        with self._lock:
            items, self._pending, self._called = self._pending, [], False
            left_out, self._left_out = self._left_out, 0
        if self.closed:
            return
        for item in items:
            left_out += not self.log.append(item.offset, item.kind, item.asset, self._render(item))
        if left_out:
            self.skipped += left_out
            self.log.append(self.log.last[0], "skipped", None, {"items": left_out})
        wait = self._rang + self.settings.wake_s - time.monotonic()
        if wait <= 0:
            self._ring()
        elif "ring" not in self._timers:
            self._after("ring", wait, self._ring)

    def _ring(self) -> None:
        self._cancel("ring")
        self._rang = time.monotonic()
        for bell in self._bells:
            bell.set()

    def _heartbeat(self) -> None:
        self._after("beat", self.settings.heartbeat_s, self._heartbeat)
        self._ring()

    def _forget(self) -> None:
        self._cancel("rest")
        self._recording = False
        self.log.begin(0)

    def _after(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        self._timers[name] = asyncio.get_running_loop().call_later(delay_s, call)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
