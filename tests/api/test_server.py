"""The embedded server: where it listens, how it stops, and that it leaves the service's signals alone."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket

import httpx
import pytest
from fastapi import FastAPI

from edge.api.app import create_app
from edge.api.hub import Hub
from edge.api.server import MOST, ListenError, Listening, serve
from tests.api.fakes import FakeAnswers, FakeService
from tests.brokers import free_port
from tests.patience import WAIT_S


async def live(server: Listening) -> int:
    async with httpx.AsyncClient(base_url=server.url, timeout=WAIT_S) as client:
        return (await client.get("/health/live")).status_code


async def test_free_port_is_taken_and_told(server: Listening) -> None:
    assert server.port > 0
    assert await live(server) == 200


async def test_taken_port_is_a_clear_error(app: FastAPI, server: Listening) -> None:
    with pytest.raises(ListenError, match=rf"cannot listen on 127\.0\.0\.1:{server.port}: Address already in use"):
        async with serve(app, "127.0.0.1", server.port):
            pass


async def test_unknown_host_is_a_clear_error(app: FastAPI) -> None:
    with pytest.raises(ListenError, match=r"cannot listen on no\.such\.host\.invalid:0"):
        async with serve(app, "no.such.host.invalid", 0):
            pass


async def test_port_is_free_again_after_the_stop(app: FastAPI) -> None:
    port = free_port()
    async with serve(app, "127.0.0.1", port):
        pass
    with socket.create_server(("127.0.0.1", port)):
        pass


async def test_stop_ends_idle_connections_at_once(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.api.server.STOP_S", 100 * round(WAIT_S))
    async with asyncio.timeout(WAIT_S):
        async with serve(app, "127.0.0.1", 0) as server:
            client = httpx.AsyncClient(base_url=server.url, timeout=WAIT_S)
            assert (await client.get("/health/live")).status_code == 200
        await client.aclose()


async def test_signals_stay_with_the_service(app: FastAPI) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with serve(app, "127.0.0.1", 0):
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


async def test_failure_of_the_service_stops_the_server(app: FastAPI) -> None:
    with pytest.raises(RuntimeError, match="elsewhere"):
        async with serve(app, "127.0.0.1", 0) as server:
            raise RuntimeError("elsewhere")
    assert server.done.done()


async def test_two_servers_in_one_process(app: FastAPI, server: Listening) -> None:
    service = FakeService()
    async with serve(create_app(FakeAnswers(), Hub(), service, service), "127.0.0.1", 0) as second:
        assert second.port != server.port
        assert [await live(server), await live(second)] == [200, 200]
    assert await live(server) == 200


async def test_pages_are_added_by_whoever_starts_the_application(service: FakeService) -> None:
    app = create_app(FakeAnswers(), Hub(), service, service, pages=lambda app: app.add_api_route("/page", live_page))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge.test") as client:
        assert (await client.get("/page")).json() == "a page"
    app.state.context.queries.close()


async def live_page() -> str:
    return "a page"


def half_open(server: Listening, said: bytes) -> socket.socket:
    link = socket.create_connection((server.host, server.port), timeout=WAIT_S)
    link.sendall(said)
    return link


HEAD = b"POST /api/v1/corrections HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"


@pytest.mark.parametrize("said", [b"", b"GET / HT", HEAD, HEAD + b"\r\n{"], ids=["nothing", "line", "head", "body"])
async def test_a_client_that_never_ends_its_request_is_cut_off(
    server: Listening, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.api.server.OWING_S", 0.2)
    with half_open(server, said) as link:
        link.setblocking(False)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(WAIT_S):
            try:
                while await loop.sock_recv(link, 4096):
                    pass
            except ConnectionError:
                pass  # cut off is what it should be
    assert await live(server) == 200


async def test_clients_that_never_end_their_requests_take_no_place_from_others(server: Listening) -> None:
    with contextlib.ExitStack() as links:
        for _ in range(MOST + 50):
            links.enter_context(half_open(server, HEAD))
            await asyncio.sleep(0)
        assert await live(server) == 200
