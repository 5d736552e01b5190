"""The live stream through a real server: what arrives, what is resumed, who is cut off."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from edge.api.app import create_app
from edge.api.hub import Hub, HubSettings, StreamItem
from edge.api.server import Listening, serve
from tests.api.fakes import FakeAnswers, FakeService
from tests.patience import WAIT_S

M1, M2 = "demo/packing/l1/m001", "demo/packing/l2/m001"
QUICK = HubSettings(heartbeat_s=0.2, items_per_s=10**6)


def item(offset: int, kind: str = "event", asset: str | None = M1, data: Any = None) -> StreamItem:
    return StreamItem(offset, kind, asset, data or {"offset": offset})


@dataclass
class Sse:
    kind: str
    id: str | None
    data: Any


class Listener:
    """Reads events as a browser does: an id stays until the next one comes, comments say nothing."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.last_id: str | None = None

    async def next(self) -> Sse:
        """The next event, or the end of the stream as StopAsyncIteration."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(WAIT_S):
            while True:
                line = await anext(self._lines)
                name, _, value = line.partition(": ")
                if line:
                    fields[name] = value
                    self.last_id = fields.get("id", self.last_id)
                elif "event" in fields:
                    return Sse(fields["event"], fields.get("id"), json.loads(fields["data"]))
                else:
                    fields = {}

    async def take(self, count: int) -> list[Sse]:
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def listening(
    server: Listening, query: str = "", last: str | None = None, headers: Mapping[str, str] | None = None
) -> AsyncIterator[Listener]:
    sent = {**(headers or {}), **({} if last is None else {"Last-Event-ID": last})}
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=WAIT_S) as client,
        client.stream("GET", f"/api/v1/stream{query}", headers=sent) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Listener(aiter(answer.aiter_lines()))


@asynccontextmanager
async def serving(hub: Hub) -> AsyncIterator[Listening]:
    service = FakeService()
    async with serve(create_app(FakeAnswers(), hub, service, service), "127.0.0.1", 0) as server:
        yield server


async def test_client_is_greeted_and_hears_what_is_published(server: Listening, hub: Hub) -> None:
    async with listening(server) as client:
        hello = await client.next()
        hub.publish([item(5), item(5, "status"), item(6, "rejection", asset=None)])
        events = await client.take(3)
    assert hello.kind == "hello"
    assert [(e.kind, e.id, e.data) for e in events] == [
        ("event", "5-0", {"offset": 5}),
        ("status", "5-1", {"offset": 5}),
        ("rejection", "6-0", {"offset": 6}),
    ]


async def test_a_client_that_listens_owes_nothing(server: Listening, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.api.server.OWING_S", 0.05)
    async with listening(server) as client:
        await client.next()
        await asyncio.sleep(0.5)  # ten times as long as a request may take: here time must pass
        hub.publish([item(5)])
        assert (await client.next()).id == "5-0"


@pytest.mark.parametrize(
    ("query", "offsets"),
    [
        ("?asset=demo", [1, 2, 3, 4]),
        ("?asset=demo/packing/l1", [1, 3]),
        (f"?asset={M2}", [2, 4]),
        ("?asset=demo/packing/l", []),
        ("?kinds=status", [3, 4]),
        (f"?asset={M2}&kinds=event,rejection", [2]),
        ("", [1, 2, 3, 4, 5]),
    ],
)
async def test_client_hears_only_what_it_asked_for(server: Listening, hub: Hub, query: str, offsets: list[int]) -> None:
    async with listening(server, query) as client, listening(server) as all_of_it:
        await client.next()
        await all_of_it.next()
        hub.publish([item(1), item(2, asset=M2), item(3, "status"), item(4, "status", M2), item(5, asset=None)])
        await all_of_it.take(5)
        heard = [event.data["offset"] for event in await client.take(len(offsets))]
    assert heard == offsets


async def test_client_that_comes_back_gets_what_it_missed_once(server: Listening, hub: Hub) -> None:
    async with listening(server) as first:
        await first.next()
        hub.publish([item(1), item(2), item(2)])
        await first.take(2)
        seen = first.last_id
    hub.publish([item(3)])
    async with listening(server, last=seen) as second:
        hello = await second.next()
        missed = await second.take(2)
        hub.publish([item(4)])
        live = await second.next()
    assert (seen, hello.data["resumed"]) == ("2-0", True)
    assert [event.id for event in [*missed, live]] == ["2-1", "3-0", "4-0"]


async def test_client_that_heard_nothing_yet_resumes_from_its_greeting(server: Listening, hub: Hub) -> None:
    async with listening(server) as first:
        await first.next()
        seen = first.last_id
    hub.publish([item(1)])
    async with listening(server, last=seen) as second:
        assert (await second.next()).data["resumed"]
        assert (await second.next()).id == "1-0"


@pytest.mark.parametrize("last", ["1-0", "99-0", "nonsense", ""])
async def test_client_whose_place_is_lost_is_told_to_read_anew(last: str) -> None:
    hub = Hub(HubSettings(entries=3))
    async with serving(hub) as server, listening(server) as witness:
        await witness.next()
        hub.publish([item(offset) for offset in range(1, 7)])
        async with listening(server, last=last) as client:
            hello, reset = await client.take(2)
            hub.publish([item(7)])
            live = await client.next()
    assert not hello.data["resumed"]
    assert (reset.kind, reset.id, live.id) == ("reset", "6-0", "7-0")


async def test_quiet_stream_beats_and_moves_the_place_to_resume_from() -> None:
    hub = Hub(QUICK)
    async with serving(hub) as server, listening(server, "?kinds=status") as client:
        await client.next()
        hub.publish([item(1), item(2)])
        lines = client._lines
        async with asyncio.timeout(WAIT_S):
            while (line := await anext(lines)) != "id: 2-0":
                assert not line.startswith("event")


async def test_silent_client_is_cut_off_and_the_others_hear_everything(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub(HubSettings(heartbeat_s=0.2, stall_s=3.0, items_per_s=10**6, entries=20_000, kept_bytes=10**9))
    padding = "x" * 8000
    async with serving(hub) as server, listening(server) as reading:
        await reading.next()
        silent = await silent_client(server)
        for first in range(0, 4000, 100):
            hub.publish([item(n, data={"n": n, "padding": padding}) for n in range(first, first + 100)])
            assert [event.data["n"] for event in await reading.take(100)] == list(range(first, first + 100))
        async with asyncio.timeout(WAIT_S):
            while hub.clients > 1:  # noqa: ASYNC110  # a number of the product, which rings no bell
                await asyncio.sleep(0.05)
        assert hub.dropped == 1
        assert caplog.messages == []
        silent.close()


async def silent_client(server: Listening) -> socket.socket:
    """A client that asks for the stream and reads no byte of it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, (server.host, server.port))
    await loop.sock_sendall(sock, b"GET /api/v1/stream HTTP/1.1\r\nHost: edge.test\r\n\r\n")
    return sock


async def test_client_that_falls_behind_the_log_is_told_to_read_anew() -> None:
    hub = Hub(HubSettings(entries=10, items_per_s=10**6))
    async with serving(hub) as server, listening(server) as client:
        await client.next()
        hub.publish([item(n) for n in range(100)])
        reset = await client.next()
        hub.publish([item(200)])
        live = await client.next()
    assert (reset.kind, reset.id, live.id) == ("reset", "99-0", "200-0")


async def test_gone_client_is_forgotten() -> None:
    hub = Hub(QUICK)
    async with serving(hub) as server:
        async with listening(server) as client:
            await client.next()
            assert hub.clients == 1
        async with asyncio.timeout(WAIT_S):
            while hub.clients:  # noqa: ASYNC110  # a number of the product, which rings no bell
                await asyncio.sleep(0.01)
    assert hub.dropped == 0


async def test_streams_end_when_the_server_stops(answers: FakeAnswers) -> None:
    hub = Hub()
    async with asyncio.timeout(WAIT_S):
        async with serving(hub) as server:
            context = listening(server)
            client = await context.__aenter__()
            await client.next()
        with pytest.raises(StopAsyncIteration):
            await client.next()
        await context.__aexit__(None, None, None)


async def test_more_streams_than_allowed_are_refused() -> None:
    hub = Hub(HubSettings(clients=1))
    async with (
        serving(hub) as server,
        listening(server) as client,
        httpx.AsyncClient(base_url=server.url, timeout=WAIT_S) as other,
    ):
        await client.next()
        answer = await other.get("/api/v1/stream")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("name", "value"),
    [("Origin", "http://evil.test"), ("Origin", "null"), ("Origin", "http://["), ("Sec-Fetch-Site", "cross-site")],
)
async def test_stream_is_refused_to_foreign_pages(client: httpx.AsyncClient, name: str, value: str) -> None:
    answer = await client.get("/api/v1/stream", headers={name: value})
    assert answer.status_code == 403


async def test_stream_is_open_to_the_own_page(server: Listening) -> None:
    async with listening(server, headers={"Origin": server.url, "Sec-Fetch-Site": "same-origin"}) as client:
        assert (await client.next()).kind == "hello"
