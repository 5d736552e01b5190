"""A broker that says what the test tells it to: for what a good broker never does."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import mqtt5


class ScriptedBroker:
    """Takes one MQTT 5 client at a time, answers CONNECT and SUBSCRIBE, and keeps every packet that it got."""

    def __init__(self, connack: mqtt5.ConnAckPacket | None = None, first: bytes = b"") -> None:
        self.packets: list[Any] = []
        self._connack = connack or mqtt5.ConnAckPacket()
        self._first = first
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def of(self, kind: type[Any]) -> list[Any]:
        return [packet for packet in self.packets if isinstance(packet, kind)]

    def send(self, data: bytes) -> None:
        """Bytes to the client that is connected now."""
        assert self._writer is not None
        self._writer.write(data)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writer = writer
        rest = b""
        try:
            while data := await reader.read(1 << 16):
                rest += data
                while rest:
                    try:
                        packet, size = mqtt5.read(memoryview(rest))
                    except IndexError:
                        break
                    rest = rest[size:]
                    self.packets.append(packet)
                    self._answer(packet, writer)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    def _answer(self, packet: Any, writer: asyncio.StreamWriter) -> None:
        if isinstance(packet, mqtt5.ConnectPacket):
            writer.write(self._connack.write())
        elif isinstance(packet, mqtt5.SubscribePacket):
            codes = [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE] * len(packet.topic_filters)
            writer.write(mqtt5.SubAckPacket(packet.packet_id, codes).write() + self._first)
        elif isinstance(packet, mqtt5.PingReqPacket):
            writer.write(mqtt5.PingRespPacket().write())
