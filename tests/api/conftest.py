"""An application over the fake service, asked in memory or through a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from edge.api.app import create_app
from edge.api.hub import Hub
from edge.api.server import Listening, serve
from tests.api.fakes import NOW, FakeAnswers, FakeJournal, FakePlant, FakeService


@pytest.fixture
def answers() -> FakeAnswers:
    return FakeAnswers()


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.close()


@pytest.fixture
def app(answers: FakeAnswers, hub: Hub, service: FakeService) -> Iterator[FastAPI]:
    app = create_app(answers, hub, service, service, now=lambda: NOW, journal=FakeJournal(), plant=FakePlant())
    yield app
    app.state.context.queries.close()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the application itself; its faults come back as answers, as they would from a server."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
        yield client


@pytest.fixture
async def server(app: FastAPI) -> AsyncIterator[Listening]:
    async with serve(app, "127.0.0.1", 0) as listening:
        yield listening
