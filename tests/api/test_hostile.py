"""Whatever the address says, the answer is an answer or a problem, never a fault of the service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.api.app import create_app
from edge.api.hub import Hub
from edge.api.server import Listening
from tests.api.fakes import FakeAnswers, FakeService

ROUTES = [
    "assets", "assets/{}/status", "assets/{}/timeline", "assets/{}/readings", "assets/{}/losses", "kpis", "kpis/{}",
    "rejections", "events", "messages/{}",
]  # fmt: skip
NAMES = [
    "asset", "from", "to", "shift", "step", "as_of", "signal", "points", "limit", "reason", "kind", "before", "after",
]  # fmt: skip
TIMES = [
    "2025-03-03T05:00:00Z", "2025-03-03T05:00:00+01:00", "2025-03-03T05:00:00.123456789Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59", "2025-02-29T00:00:00Z", "2016-12-31T23:59:60Z", "٢٠٢٥-03-03T05:00:00Z",
]  # fmt: skip
ODD = [
    "", " ", "\x00", "../../etc/passwd", "' or 1=1 --", "<script>", "{message}", "{0.__class__}", "%s%n", "𝟙m", "-1",
    "1e9", "NaN", "null", "[]", "9" * 5000, "current", "previous", "early@2025-03-03", "@", "x@0000-00-00", "1-1", "5m",
    "🏭",
]  # fmt: skip
RAW = ["%", "%ff%fe", "=", "&&&", "from", "from=%C3%28", "a" * 8000, "from=a;b", "[]=1", "%00=%00"]

names = st.one_of(st.sampled_from(NAMES), st.text(max_size=10))
texts = st.one_of(
    st.sampled_from(TIMES + ODD), st.text(max_size=50), st.from_regex(r"[a-z/.0-9-]{1,40}", fullmatch=True)
)
queries = st.lists(st.tuples(names, texts), max_size=6)


@pytest.fixture(scope="module")
def hostile_app() -> Iterator[FastAPI]:
    service = FakeService()
    app = create_app(FakeAnswers(), Hub(), service, service)
    yield app
    app.state.context.queries.close()


async def asked(app: FastAPI, address: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
        return await client.get(address)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(route=st.sampled_from(ROUTES), path=texts, query=queries)
def test_no_address_is_a_fault(hostile_app: FastAPI, route: str, path: str, query: list[tuple[str, str]]) -> None:
    encoded = urlencode(query, errors="replace")
    address = f"/api/v1/{route.format(quote(path, errors='replace'))}?{encoded}"
    answer = asyncio.run(asked(hostile_app, address))
    assert answer.status_code in (200, 400, 404), f"{address}: {answer.status_code} {answer.text}"
    if answer.status_code != 200:
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["detail"]


@pytest.mark.parametrize("query", RAW)
async def test_raw_query_is_no_fault(server: Listening, query: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET /api/v1/kpis/oee?{query} HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\n\r\n".encode())
    status = (await reader.readline()).split()[1]
    writer.close()
    await writer.wait_closed()
    assert status == b"400"
