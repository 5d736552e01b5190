"""The source of messages: one broker session over any number of connections, each an epoch of its own.

Nothing outside `edge.mqtt` knows a client library; each protocol version is one `Connection` in one file.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

import msgspec

from edge.journal.notice import GAP_TOPIC, Gap
from edge.mqtt.backoff import Backoff
from edge.mqtt.inbox import Batch, Inbox
from edge.mqtt.options import MqttOptions

HANDSHAKE_S: Final = 10.0
STABLE_S: Final = 10.0
"""A connection that lasted so long was a good one: the next failure begins with quick attempts again."""
REFUSED_S: Final = 5.0
"""Keep away for this long after a refusal or a take-over: neither heals by trying at once."""
_SHORT: Final = 2


class MqttError(Exception):
    """A connection could not be made or has ended.

    `wait_s` is how long to keep away at least, `takeover` that another client came with our client id, `unexplained`
    that the broker closed the connection without a word."""

    def __init__(self, message: str, *, wait_s: float = 0.0, takeover: bool = False, unexplained: bool = False) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.takeover = takeover
        self.unexplained = unexplained


class Connection(ABC):
    """One connection to the broker; used once. Everything happens on the running event loop."""

    def __init__(self, options: MqttOptions, epoch: int, inbox: Inbox) -> None:
        self.options = options
        self.epoch = epoch
        self.inbox = inbox

    @abstractmethod
    async def open(self) -> bool:
        """Connect; whether the broker still had our session. MqttError, OSError or TimeoutError where it fails."""

    @abstractmethod
    async def subscribe(self) -> None:
        """Subscribe to all filters at QoS 1; errors as `open`."""

    @abstractmethod
    async def ended(self) -> MqttError:
        """Wait for the end of the connection and say why."""

    @abstractmethod
    def acknowledge(self, tokens: list[int]) -> None:
        """Acknowledge messages, in this order; nothing happens after the end."""

    @abstractmethod
    def pause(self) -> None:
        """Read no more from the socket, for now."""

    @abstractmethod
    def resume(self) -> None: ...

    @abstractmethod
    def drop(self) -> None:
        """From now on throw away what arrives; unacknowledged, it will come again on the next connection."""

    @abstractmethod
    async def close(self) -> None:
        """Say good-bye and close; may be called at any time, and twice."""


class SourceStatus(msgspec.Struct):
    connected: bool = False
    subscribed: bool = False
    error: str | None = None
    epoch: int = 0
    session_lost: int = 0
    takeovers: int = 0


class Source:
    """Keeps a session with the broker: `run` connects again and again until `close`.

    `arrived` is called when messages came, `changed` when `status` changed. `epoch` is the last one used before,
    `session_known` says that the broker should know us, `heard` (microseconds) when it was last heard of."""

    def __init__(
        self,
        options: MqttOptions,
        connection: Callable[[MqttOptions, int, Inbox], Connection],
        *,
        arrived: Callable[[], None],
        changed: Callable[[], None] = lambda: None,
        epoch: int = 0,
        session_known: bool = False,
        heard: int = 0,
        backoff: Backoff | None = None,
    ) -> None:
        self.options = options
        self.status = SourceStatus(epoch=epoch)
        self.inbox = Inbox(arrived)
        self.session_known = session_known
        self._new_connection = connection
        self._changed = changed
        self._heard = heard
        self._backoff = backoff or Backoff()
        self._short = 0  # connections in a row that the broker soon closed without a word
        self._connection: Connection | None = None
        self._handshake: asyncio.Timeout | None = None
        self._may_connect = asyncio.Event()
        self._may_connect.set()
        self._closing = asyncio.Event()

    async def run(self) -> None:
        """Until `close`; a failed attempt is an `error` in the status, never an exception."""
        while True:
            await self._may_connect.wait()  # while paused a new connection would only bring more
            if self._closing.is_set():
                return
            error = await self._connect()
            self._ended(error)
            if self._closing.is_set():
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._backoff.next_s(error.wait_s))

    async def _connect(self) -> MqttError:
        """One connection from its beginning to its end, and why it ended."""
        connection = self._connection = self._new_connection(self.options, self.status.epoch + 1, self.inbox)
        began = time.monotonic()
        try:
            async with asyncio.timeout(HANDSHAKE_S) as self._handshake:
                await self._establish(connection)
            self._handshake = None
            error = await connection.ended()
        except MqttError as failed:
            error = failed
        except TimeoutError:
            error = MqttError("the broker does not answer")
        except OSError as failed:
            error = MqttError(str(failed) or failed.__class__.__name__)
        finally:
            self._connection = self._handshake = None
            await connection.close()
        return self._judged(error, time.monotonic() - began)

    def _judged(self, error: MqttError, lasted_s: float) -> MqttError:
        """Many brokers do not say that another client took our name; but then it happens again and again."""
        if self.status.subscribed and lasted_s >= STABLE_S:
            self._backoff.reset()
            self._short = 0
        elif self.status.connected and error.unexplained:
            self._short += 1
        if self._short < _SHORT or not error.unexplained:
            return error
        text = f"{error}, again and at once: does another client use the client id {self.options.client_id}?"
        return MqttError(text, wait_s=REFUSED_S, takeover=True)

    async def _establish(self, connection: Connection) -> None:
        session_present = await connection.open()
        self.status.epoch = connection.epoch
        self.status.connected = True
        if self.session_known and not session_present:
            self._lost_session(connection.epoch)
        await connection.subscribe()
        self.session_known = True
        self.status.subscribed = True
        self.status.error = None
        if self.paused:
            connection.pause()
        self._changed()

    def _lost_session(self, epoch: int) -> None:
        now = time.time_ns() // 1000
        self.status.session_lost += 1
        gap = Gap("session_lost", self._heard, now, f"the broker {self.options.broker} no longer knew our session")
        batch = self.inbox.batch(epoch)
        batch.entries.append((GAP_TOPIC, gap.payload(), now, 0, epoch))
        self.inbox.added(batch, 0, 0)

    def _ended(self, error: MqttError) -> None:
        if self.status.subscribed:
            self._heard = time.time_ns() // 1000
        self.status.connected = self.status.subscribed = False
        self.status.takeovers += error.takeover
        self.status.error = None if self._closing.is_set() else str(error)
        self._changed()

    def take(self) -> list[Batch]:
        """Everything that has arrived, oldest first."""
        return self.inbox.take()

    def acknowledge(self, batch: Batch) -> int:
        """Acknowledge a batch that is durable; how many messages that were. Not where its connection has ended: packet
        ids begin anew on the next one, which delivers those messages again."""
        connection = self._connection
        if connection is None or connection.epoch != batch.epoch or not batch.tokens:
            return 0
        connection.acknowledge(batch.tokens)
        return len(batch.tokens)

    @property
    def paused(self) -> bool:
        return not self._may_connect.is_set()

    def pause(self) -> None:
        """Read no more from the broker until `resume`; the broker keeps the rest."""
        if not self.paused and not self._closing.is_set():
            self._may_connect.clear()
            if self._connection is not None and self.status.subscribed:
                self._connection.pause()

    def resume(self) -> None:
        if self.paused:
            self._may_connect.set()
            if self._connection is not None and self.status.subscribed:
                self._connection.resume()

    def drop(self) -> None:
        """Take nothing more: what was taken can still be acknowledged, then comes `close`."""
        self._closing.set()
        self._may_connect.set()
        if self._handshake is not None:
            self._handshake.reschedule(0.0)
            self._handshake = None
        if self._connection is not None:
            self._connection.drop()

    async def close(self) -> None:
        """Disconnect; `run` returns. Twice does no harm."""
        self.drop()
        if self._connection is not None:
            await self._connection.close()
