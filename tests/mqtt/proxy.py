"""A link between client and broker that can go silent, as a pulled cable does, or be cut."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

PINGREQ = b"\xc0\0"


class Proxy:
    """Forwards TCP from a port of its own to `port`; while `silent` it swallows everything and closes nothing.

    `pings` counts the client's on an idle link, where each comes alone."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.silent = False
        self.connections = 0
        self.pings = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Close every connection at once."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._forward(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(1 << 16):
                    self.pings += data == PINGREQ
                    if not self.silent:
                        writer.write(data)
                        await writer.drain()
        finally:
            self._writers.discard(writer)
            writer.transport.abort()
