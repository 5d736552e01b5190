"""The HTTP server inside the service: uvicorn without signal handlers, ending its streams when it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

STOP_S = 2  # how long an answer under way may take at stop
SEND_BUFFER_BYTES = 128 * 1024  # of the kernel, per connection
MANY = 400  # connections: beyond, each new one costs the client its place that has been owing a request the longest
MOST = 600
OWING_S = 20.0  # for a request to arrive in, head and body
OWED = {"IDLE", "SEND_BODY"}  # what h11 calls the states in which the client has not said everything
SILENT_PEER_MS = 30_000  # a peer that acknowledges nothing for so long is gone


class ListenError(Exception):
    """The address cannot be listened on."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {reason}")
        self.host = host
        self.port = port
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Listening:
    """A running server; `done` ends with it."""

    host: str
    port: int
    done: asyncio.Task[None]

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


class _Connection(H11Protocol):
    """A connection that lets the application cut it off, under the extension `edge.abort`, and that is cut off where
    its client does not come to the end of a request: there are only so many, and others wait for one."""

    _owing: tuple[object, str] | None = None  # the request before, and the part of this one that is to come
    _since = 0.0
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._cut_if_owing()
        if len(self.connections) > MANY:
            self._make_room()
        app = self.app

        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), "edge.abort": transport.abort}
            await app(scope, receive, send)

        self.app = with_abort

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def _make_room(self) -> None:
        known = [one for one in self.connections if isinstance(one, _Connection) and not one.transport.is_closing()]
        owing = [one for one in known if one is not self and one.owing_s() is not None]
        if len(known) > MANY and owing:
            max(owing, key=lambda one: one.owing_s() or 0.0).transport.abort()

    def owing_s(self) -> float | None:
        """For how long the client has been on the way to the end of a request; None where it owes nothing."""
        part, now = self.conn.their_state.__name__, self.loop.time()
        if self._owing != (self.cycle, part):
            self._owing, self._since = (self.cycle, part), now
        return now - self._since if part in OWED else None

    def _cut_if_owing(self) -> None:
        if (self.owing_s() or 0.0) > OWING_S:
            self.transport.abort()
            return
        self._look = self.loop.call_later(OWING_S / 4, self._cut_if_owing)


class _Server(uvicorn.Server):
    """Leaves signals to the service, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


@contextlib.asynccontextmanager
async def serve(app: FastAPI, host: str, port: int) -> AsyncIterator[Listening]:
    """Serve `app` until the block is left; port 0 takes a free one. ListenError where the address cannot be had."""
    sock = listen(host, port)
    server = _Server(_config(app))
    done = asyncio.create_task(server.serve(sockets=[sock]), name="http server")
    ready = asyncio.create_task(server.ready.wait(), name="http server starts")
    try:
        await asyncio.wait([done, ready], return_when=asyncio.FIRST_COMPLETED)
        if done.done():
            await done
        yield Listening(host, sock.getsockname()[1], done)
    finally:
        ready.cancel()
        app.state.context.hub.close()
        server.should_exit = True
        await done
        sock.close()


def listen(host: str, port: int) -> socket.socket:
    """A bound, non-blocking socket of the host's address family."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(host, port, error.strerror or str(error)) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_PEER_MS)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise ListenError(host, port, error.strerror or str(error)) from error
    sock.setblocking(False)
    return sock


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app, http=_Connection, ws="none", lifespan="on", log_config=None, access_log=False, proxy_headers=False,
        server_header=False, limit_concurrency=MOST, timeout_graceful_shutdown=STOP_S,
    )  # fmt: skip
