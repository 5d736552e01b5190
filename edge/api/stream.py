"""The route of the live stream: server-sent events with ids that resume."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from edge import __version__
from edge.api.context import Ctx
from edge.api.hub import Hub
from edge.api.parameters import StreamParameters
from edge.api.problems import Refusal
from edge.api.replay import Entry, Id, parse_id, wire_text
from edge.clock import to_text

router = APIRouter(tags=["live"])
CHUNK_BYTES = 16 * 1024
RETRY_MS = 2000


def wanted(asset: str | None, kinds: frozenset[str]) -> Callable[[Entry], bool]:
    """The filter of one client; what is about the stream itself (`skipped`) always passes."""
    prefix = None if asset is None else asset + "/"

    def wants(entry: Entry) -> bool:
        if entry.kind == "skipped":
            return True
        if kinds and entry.kind not in kinds:
            return False
        return prefix is None or (entry.asset is not None and (entry.asset == asset or entry.asset.startswith(prefix)))

    return wants


class Reader:
    """One client: its position in the hub's log and what it wants of it."""

    def __init__(self, hub: Hub, bell: asyncio.Event, wants: Callable[[Entry], bool], last: Id | None) -> None:
        self._hub = hub
        self._bell = bell
        self._wants = wants
        found = None if last is None else hub.log.find(last)
        self._resumed = found is not None
        self._reset = last is not None and found is None
        self._position = hub.log.end if found is None else found
        self._gone = False

    def gone(self) -> None:
        """The client has hung up."""
        self._gone = True
        self._bell.set()

    async def chunks(self) -> AsyncGenerator[bytes]:
        """What to write, until the client or the hub is gone."""
        yield self._greeting()
        wrote = time.monotonic()
        while not (self._gone or self._hub.closed):
            self._bell.clear()
            if chunk := self._next():
                yield chunk
                wrote = time.monotonic()
                if not self._at_end():
                    continue
            elif time.monotonic() - wrote >= self._hub.settings.heartbeat_s / 2:
                yield self._heartbeat()
                wrote = time.monotonic()
            await self._bell.wait()

    def _at_end(self) -> bool:
        return self._position == self._hub.log.end

    def _next(self) -> bytes:
        log = self._hub.log
        if self._position < log.first:
            self._position = log.end
            return wire_text("reset", {"reason": "this client read too slowly, some items were missed"}, log.last)
        texts, self._position = log.read(self._position, self._wants, CHUNK_BYTES)
        return b"".join(texts)

    def _greeting(self) -> bytes:
        hello = {"version": __version__, "now": to_text(time.time_ns() // 1000), "resumed": self._resumed}
        text = b"retry: %d\n\n" % RETRY_MS + wire_text("hello", hello, None if self._resumed else self._hub.log.last)
        if self._reset:
            text += wire_text("reset", {"reason": "items after this id are no longer kept"}, self._hub.log.last)
        return text

    def _heartbeat(self) -> bytes:
        """A comment, and an id alone: it moves on what the client resumes from, and is no event to it."""
        return b": heartbeat\nid: %d-%d\n\n" % self._hub.log.last if self._at_end() else b": heartbeat\n\n"


class EventStream(Response):
    """The endless answer; ends with the client, with the hub, or when the client takes nothing for `stall_s`."""

    def __init__(self, hub: Hub, wants: Callable[[Entry], bool], last: Id | None) -> None:
        super().__init__(media_type="text/event-stream")
        del self.headers["content-length"]
        self.headers["Cache-Control"] = "no-store"
        self.headers["X-Accel-Buffering"] = "no"
        self._hub = hub
        self._wants = wants
        self._last = last

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        bell = self._hub.join()
        reader = Reader(self._hub, bell, self._wants, self._last)
        watch = asyncio.create_task(_watch(receive, reader), name="stream client")
        try:
            await self._write(reader, send)
        except TimeoutError:
            self._hub.dropped += 1
            if abort := scope.get("extensions", {}).get("edge.abort"):
                abort()
                await asyncio.wait([watch], timeout=1)  # until the server has seen that the connection is gone
        finally:
            watch.cancel()
            self._hub.leave(bell)

    async def _write(self, reader: Reader, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(reader.chunks()) as chunks:
            async for chunk in chunks:
                async with asyncio.timeout(self._hub.settings.stall_s):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _watch(receive: Receive, reader: Reader) -> None:
    message: Message = {"type": ""}
    while message["type"] != "http.disconnect":
        message = await receive()
    reader.gone()


def _check_origin(request: Request) -> None:
    """Refuse a foreign page's script: it could not read the stream, but it would hold connections."""
    origin = request.headers.get("origin")
    foreign = origin is not None and origin.partition("://")[2] != request.headers.get("host")
    if foreign or request.headers.get("sec-fetch-site") == "cross-site":
        raise Refusal(403, "the stream is for pages of this service only")


@router.get("/stream")
async def stream(
    ctx: Ctx,
    request: Request,
    parameters: Annotated[StreamParameters, Query()],
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """What happens, as server-sent events: `event` (as `/events` lists it), `status` (of an asset that changed) and
    `rejection`. About the stream itself: `hello` at the start, `reset` when something was missed and everything should
    be read anew, `skipped` when there was too much to tell. Ids are `<journal offset>-<n>`; a client that comes back
    with `Last-Event-ID`, as browsers do by themselves, gets what it missed.
    """
    _check_origin(request)
    if ctx.hub.closed or ctx.hub.clients >= ctx.hub.settings.clients:
        raise Refusal(503, "too many streams are open" if not ctx.hub.closed else "the service is stopping")
    last = None if last_event_id is None else parse_id(last_event_id)
    return EventStream(ctx.hub, wanted(parameters.asset, parameters.kinds), last)
