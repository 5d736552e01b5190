"""MQTT 5 on the sans-I/O codec mqtt5 inside an asyncio protocol: the fast way in."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any, Final, TypeVar, cast

import mqtt5

from edge.journal.record import DUP, RETAIN
from edge.mqtt.inbox import Inbox
from edge.mqtt.options import MqttOptions
from edge.mqtt.source import REFUSED_S, Connection, MqttError
from edge.mqtt.wire import packet_length, pubacks

RECEIVED_PROPERTY: Final = "edge-received"
_PUBLISH: Final = 3
_FLAGS: Final = tuple(
    (head >> 1 & 3) | (RETAIN if head & 1 else 0) | (DUP if head & 8 else 0) if head >> 4 == _PUBLISH else 0
    for head in range(256)
)
"""The flags of an entry by the first byte of its PUBLISH packet."""
_SUBSCRIBE_ID: Final = 1
_UNSUBSCRIBE_ID: Final = 2
_CLOSE_S: Final = 1.0

T = TypeVar("T")


class Mqtt5Connection(Connection, asyncio.Protocol):
    """One MQTT 5 connection. Keep-alive is ours: a broker that does not answer a PINGREQ is taken for gone."""

    def __init__(self, options: MqttOptions, epoch: int, inbox: Inbox) -> None:
        super().__init__(options, epoch, inbox)
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._connack: asyncio.Future[mqtt5.ConnAckPacket] = loop.create_future()
        self._suback: asyncio.Future[mqtt5.SubAckPacket] = loop.create_future()
        self._unsuback: asyncio.Future[mqtt5.UnsubAckPacket] = loop.create_future()
        self._end: asyncio.Future[MqttError] = loop.create_future()
        self._parts: list[bytes] = []  # of a packet that is not complete
        self._have = self._need = 0
        self._error: MqttError | None = None
        self._paused = self._dropping = self._closing = False
        self._keep_alive_s = float(options.keep_alive_s)
        self._heard_at = 0.0
        self._pinged_at: float | None = None
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------------------------------- Connection

    async def open(self) -> bool:
        options = self.options
        tls = options.tls()
        packet = mqtt5.ConnectPacket(
            options.client_id,
            username=options.username,
            password=options.password(),
            clean_start=False,
            keep_alive=options.keep_alive_s,
            session_expiry_interval=options.session_expiry_s,
            receive_max=options.receive_maximum,
            max_packet_size=options.max_packet_bytes,
        )
        await self._loop.create_connection(
            lambda: self, options.host, options.port, ssl=tls, server_hostname=options.host if tls else None
        )
        self._write(packet.write())
        connack = await self._answer(self._connack)
        if connack.reason_code != mqtt5.ConnAckReasonCode.SUCCESS:
            reason = connack.reason_code.name.lower().replace("_", " ")
            raise MqttError(f"the broker refuses the connection: {reason}", wait_s=REFUSED_S)
        if connack.server_keep_alive is not None:
            self._keep_alive_s = float(connack.server_keep_alive)
        self._watch()
        return connack.session_present

    async def subscribe(self) -> None:
        filters = [
            mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS.AT_LEAST_ONCE, retain_as_published=False)
            for pattern in self.options.filters
        ]
        self._write(mqtt5.SubscribePacket(_SUBSCRIBE_ID, filters).write())
        suback = await self._answer(self._suback)
        for pattern, code in zip(self.options.filters, suback.reason_codes, strict=False):
            if code.value >= mqtt5.SubAckReasonCode.UNSPECIFIED_ERROR.value:
                reason = code.name.lower().replace("_", " ")
                raise MqttError(f"the broker refuses the subscription {pattern}: {reason}", wait_s=REFUSED_S)

        if self.options.former:
            self._write(mqtt5.UnsubscribePacket(_UNSUBSCRIBE_ID, list(self.options.former)).write())
            await self._answer(self._unsuback)

    async def _answer(self, future: asyncio.Future[T]) -> T:
        either: list[asyncio.Future[Any]] = [future, self._end]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise self._end.result()
        return future.result()

    async def ended(self) -> MqttError:
        return await asyncio.shield(self._end)

    def acknowledge(self, tokens: list[int]) -> None:
        self._write(pubacks(tokens))

    def pause(self) -> None:
        if self._transport is not None and not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and self._paused:
            self._paused = False
            self._heard_at, self._pinged_at = self._loop.time(), None
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def drop(self) -> None:
        self._dropping = True
        self.resume()

    async def close(self) -> None:
        transport = self._transport
        if transport is None:
            return
        if not self._closing and not transport.is_closing():
            self.drop()  # bytes left unread would turn the end into a reset, and cost the last acknowledgements
            self._write(mqtt5.DisconnectPacket().write())
            self._closing = True
            if not self._connack.done():
                transport.abort()
            elif transport.can_write_eof():
                with contextlib.suppress(OSError):  # it broke just now
                    transport.write_eof()
            else:
                transport.close()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await asyncio.shield(self._end)
        except TimeoutError:
            transport.abort()
            await asyncio.shield(self._end)

    # --------------------------------------------------------------------------------- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._heard_at = self._loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._error is None:
            text = f"the connection broke: {exc}" if exc else "the broker closed the connection"
            self._error = MqttError(text, unexplained=exc is None)
        self._end.set_result(self._error)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        if self._dropping:
            return
        if self._parts:
            self._parts.append(data)
            self._have += len(data)
            if self._have < self._need:
                return
            data = b"".join(self._parts)
            self._parts = []
        try:
            at = self._read(data)
            if at < len(data):
                self._keep(data, at)
        except ValueError as error:
            self._fail(MqttError(f"the broker sent a malformed packet: {error}", wait_s=REFUSED_S))

    def _read(self, data: bytes) -> int:
        """Take every complete packet; where the first incomplete one begins. ValueError where one is malformed."""
        batch = self.inbox.batch(self.epoch)
        before = len(batch.entries)
        add, token, read, flags = batch.entries.append, batch.tokens.append, mqtt5.read, _FLAGS
        now, epoch, stamped = time.time_ns() // 1000, self.epoch, self.options.received_property
        view, at, end = memoryview(data), 0, len(data)
        try:
            while at < end:
                packet, size = read(view[at:])
                if packet.__class__ is mqtt5.PublishPacket:
                    head, topic = data[at], packet.topic
                    add((topic, packet.payload, _received(packet, now) if stamped else now, flags[head], epoch))
                    if head & 2:
                        token(packet.packet_id)  # type: ignore[arg-type]  # there always is one at QoS 1
                    if head & 4 or not topic:  # QoS 2, or an alias: we have asked for neither
                        raise ValueError("a PUBLISH that we have not agreed to")
                else:
                    self._control(packet)
                at += size
        except IndexError:  # not complete yet
            pass
        finally:
            if added := len(batch.entries) - before:
                self.inbox.added(batch, added, at)
        return at

    def _keep(self, data: bytes, at: int) -> None:
        """Keep the beginning of a packet until the rest is there; ValueError where it can never be."""
        length = packet_length(data, at)
        if length is not None and length <= len(data) - at:
            raise ValueError("its content is longer than the packet")
        if length is not None and length > self.options.max_packet_bytes:
            raise ValueError(f"{length} bytes, more than was agreed")
        self._parts = [data[at:]]
        self._have = len(data) - at
        self._need = length or self._have + 1

    def _control(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.ConnAckPacket() if not self._connack.done():
                self._connack.set_result(packet)
            case mqtt5.SubAckPacket() if not self._suback.done():
                self._suback.set_result(packet)
            case mqtt5.UnsubAckPacket() if not self._unsuback.done():
                self._unsuback.set_result(packet)
            case mqtt5.PingRespPacket():
                pass  # that something came is what counts
            case mqtt5.DisconnectPacket():
                self._fail(_why(packet, self.options.client_id))
            case _:
                raise ValueError(f"{packet.__class__.__name__} out of place")

    def _fail(self, error: MqttError) -> None:
        self._error = self._error or error
        self._dropping = True
        if self._transport is not None:
            self._transport.close()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._closing and not self._transport.is_closing():
            self._transport.write(data)

    def _watch(self) -> None:
        """Twice within the keep-alive: ping, and see that something has come since the last one."""
        if not self._keep_alive_s or self._end.done():
            return
        now, interval_s = self._loop.time(), self._keep_alive_s / 2
        late = self._due is not None and now - self._due > interval_s / 2  # we slept, not the broker
        if self._pinged_at is not None and self._heard_at < self._pinged_at and not self._paused and not late:
            self._error = MqttError("the broker does not answer any more")
            if self._transport is not None:
                self._transport.abort()
            return
        self._pinged_at = now
        self._write(mqtt5.PingReqPacket().write())
        self._due = now + interval_s
        self._timer = self._loop.call_at(self._due, self._watch)


def _received(packet: mqtt5.PublishPacket, now: int) -> int:
    """What the sender says when it received the message itself; else now."""
    for name, value in packet.user_properties:
        if name == RECEIVED_PROPERTY and value.isdecimal() and len(value) <= 18:
            return int(value)
    return now


def _why(packet: mqtt5.DisconnectPacket, client_id: str) -> MqttError:
    if packet.reason_code == mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER:
        text = f"another client has connected with our client id {client_id}"
        return MqttError(text, wait_s=REFUSED_S, takeover=True)
    return MqttError(f"the broker says good-bye: {packet.reason_code.name.lower().replace('_', ' ')}")
