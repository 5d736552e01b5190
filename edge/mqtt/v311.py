"""MQTT 3.1.1 on aiomqtt, with paho's manual acknowledgement: for brokers that speak no other version.

aiomqtt by itself acknowledges a message when it enters a queue in memory. So the paho client under it, its private
`_client`, is asked directly for messages, acknowledgements and the session flag; a test fails when these move.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any, Final

import aiomqtt

from edge.journal.record import DUP, RETAIN
from edge.mqtt.inbox import Inbox
from edge.mqtt.options import MqttOptions
from edge.mqtt.source import REFUSED_S, Connection, MqttError

_READ_AT_ONCE: Final = 200
_REFUSED: Final = 0x80
_CONNECT_S: Final = 2.5
_CLOSE_S: Final = 1.0


class AiomqttConnection(Connection):
    """One MQTT 3.1.1 connection; a new aiomqtt client for each (one that is used again does not wait for CONNACK)."""

    def __init__(self, options: MqttOptions, epoch: int, inbox: Inbox) -> None:
        super().__init__(options, epoch, inbox)
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[MqttError] = self._loop.create_future()
        self._client: aiomqtt.Client | None = None
        self._paho: Any = None
        self._session_present = False
        self._refusal: MqttError | None = None
        self._open = self._paused = self._dropping = False

    async def open(self) -> bool:
        options = self.options
        secret = options.password()
        self._client = aiomqtt.Client(
            options.host,
            options.port,
            username=options.username,
            password=secret.decode() if secret is not None else None,
            identifier=options.client_id,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=False,
            keepalive=options.keep_alive_s,
            tls_context=options.tls(),
        )
        self._take_over(self._client)
        try:
            await self._enter(self._client)
        except aiomqtt.MqttError as error:
            raise self._refusal or MqttError(str(error)) from error
        self._open = True
        self._read_with(self._read)
        return self._session_present

    async def _enter(self, client: aiomqtt.Client) -> None:
        """Connect; aiomqtt does not notice a connection that ends before CONNACK."""
        entering = asyncio.ensure_future(client.__aenter__())
        either: list[asyncio.Future[Any]] = [entering, self._end]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not entering.done():
                raise self._refusal or self._end.result()
        finally:
            entering.cancel()
        await entering

    def _take_over(self, client: aiomqtt.Client) -> None:
        """Put our callbacks in front of aiomqtt's."""
        paho: Any = client._client
        self._paho = paho
        paho.connect_timeout = _CONNECT_S  # it blocks a thread, which the end of the process waits for
        paho.manual_ack_set(True)
        paho.on_message = self._on_message
        its_connect, its_disconnect = paho.on_connect, paho.on_disconnect

        def on_connect(paho_client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
            self._session_present = bool(flags.session_present)
            if code.is_failure:
                self._refusal = MqttError(f"the broker refuses the connection: {code}", wait_s=REFUSED_S)
            its_connect(paho_client, userdata, flags, code, properties)

        def on_disconnect(paho_client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
            its_disconnect(paho_client, userdata, flags, code, properties)
            self._finish(MqttError(f"the connection has ended: {code}", unexplained=True))

        its_socket_open = paho.on_socket_open

        def on_socket_open(paho_client: Any, userdata: Any, sock: Any) -> None:
            if self._client is None:  # given up meanwhile: a late connection would only push the next one out
                sock.close()
            else:
                its_socket_open(paho_client, userdata, sock)

        paho.on_socket_open = on_socket_open
        paho.on_connect = on_connect
        paho.on_disconnect = on_disconnect

    def _finish(self, error: MqttError) -> None:
        if not self._end.done():
            self._end.set_result(error)

    async def subscribe(self) -> None:
        if self._client is None:
            raise MqttError("closed")
        try:
            codes: Any = await self._client.subscribe([(pattern, 1) for pattern in self.options.filters])
            if self.options.former:
                await self._client.unsubscribe(list(self.options.former))
        except aiomqtt.MqttError as error:
            why = self._end.result() if self._end.done() else MqttError(f"could not subscribe: {error}")
            raise why from error
        for pattern, code in zip(self.options.filters, codes, strict=False):
            if getattr(code, "value", code) >= _REFUSED:
                raise MqttError(f"the broker refuses the subscription {pattern}", wait_s=REFUSED_S)

    async def ended(self) -> MqttError:
        return await asyncio.shield(self._end)

    def _on_message(self, _paho: Any, _userdata: Any, message: Any) -> None:
        if self._dropping:
            return
        batch = self.inbox.batch(self.epoch)
        flags = message.qos | (RETAIN if message.retain else 0) | (DUP if message.dup else 0)
        payload = bytes(message.payload)
        batch.entries.append((message.topic, payload, time.time_ns() // 1000, flags, self.epoch))
        if message.qos:
            batch.tokens.append(message.mid)
        self.inbox.added(batch, 1, len(payload) + len(message.topic))

    def _read(self) -> None:
        """In place of aiomqtt's reader, which takes one packet at a time and cannot be paused."""
        try:
            for _ in range(_READ_AT_ONCE):
                before = self.inbox.received
                self._paho.loop_read()
                sock = self._paho.socket()
                if sock is None or (self.inbox.received == before and not _has_more(sock)):
                    return
        except (OSError, ValueError) as error:  # ValueError: a topic that is no UTF-8
            self._break(MqttError(f"the connection broke: {error}", wait_s=REFUSED_S))

    def _read_with(self, callback: Any) -> None:
        sock = self._paho.socket()
        if sock is not None and sock.fileno() >= 0:
            if callback is None:
                self._loop.remove_reader(sock.fileno())
            else:
                self._loop.add_reader(sock.fileno(), callback)

    def _break(self, error: MqttError) -> None:
        self._finish(error)
        self._paho.disconnect()

    def acknowledge(self, tokens: list[int]) -> None:
        if not self._end.done():
            for mid in tokens:
                self._paho.ack(mid, 1)

    def pause(self) -> None:
        if self._open and not self._paused and not self._end.done():
            self._paused = True
            self._read_with(None)

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            if not self._end.done():
                self._read_with(self._read)

    def drop(self) -> None:
        self._dropping = True
        self.resume()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        self.drop()
        if self._open:
            await self._until_read()
            with contextlib.suppress(aiomqtt.MqttError):
                client.timeout = _CLOSE_S
                await client.__aexit__(None, None, None)
            if client._disconnected.done():
                client._disconnected.exception()  # it has been told already, through our own callback
        self._paho._sock_close()  # what is left where there was no good end
        self._finish(MqttError("closed"))

    async def _until_read(self) -> None:
        """Until the broker has read our acknowledgements, which an answer to a ping shows: a socket that is closed with
        something unread in it takes along what the broker has not read yet."""
        if not self._end.done():
            self._paho._send_pingreq()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    while self._paho._ping_t and not self._end.done():  # noqa: ASYNC110  # paho has no event for it
                        await asyncio.sleep(0.005)


def _has_more(sock: Any) -> bool:
    """TLS may have decrypted more than was asked for, which no selector shows."""
    return hasattr(sock, "pending") and sock.pending() > 0
