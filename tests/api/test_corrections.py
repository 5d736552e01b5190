"""Corrections over HTTP: taken into the journal, or refused with the member that is wrong."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from edge.api.app import create_app
from edge.api.hub import Hub
from tests.api.fakes import FakeAnswers, FakeJournal, FakePlant, FakeService

GOOD = {
    "kind": "reason", "by": "ann", "why": "asked", "asset": "demo/packing/l1/m001", "reason": "film torn",
    "from": "2025-03-03T08:30:00Z", "to": "2025-03-03T08:53:20Z",
}  # fmt: skip


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
async def client(journal: FakeJournal) -> AsyncIterator[httpx.AsyncClient]:
    service = FakeService()
    app = create_app(FakeAnswers(), Hub(), service, service, journal=journal)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge/api/v1") as client:
        yield client


async def test_a_correction_is_a_message_in_the_journal(client: httpx.AsyncClient, journal: FakeJournal) -> None:
    answer = await client.post("/corrections", json=GOOD)
    assert answer.status_code == 201
    ((topic, said),) = journal.written
    assert topic == "$edge/correction"
    assert {name: said[name] for name in GOOD} == GOOD
    assert answer.json() == {"id": said["id"], "offset": 1}


@pytest.mark.parametrize(("product", "warned"), [("P1", False), ("P9", True)])
async def test_a_product_that_plant_data_has_not_is_taken_and_warned_about(product: str, warned: bool) -> None:
    service = FakeService()
    app = create_app(FakeAnswers(), Hub(), service, service, journal=FakeJournal(), plant=FakePlant())
    said = {name: value for name, value in GOOD.items() if name != "reason"} | {"kind": "product", "product": product}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge/api/v1") as client:
        answer = await client.post("/corrections", json=said)
    assert answer.status_code == 201
    assert ("no product P9" in str(answer.json().get("warnings"))) is warned


@pytest.mark.parametrize(
    ("change", "parameter", "status"),
    [
        ({"kind": "wish"}, "kind", 400),
        ({"kind": "revoke"}, "kind", 400),
        ({"by": " "}, "by", 400),
        ({"why": ""}, "why", 400),
        ({"asset": "demo/packing"}, "asset", 400),
        ({"asset": "demo/packing/l1/nowhere"}, "asset", 404),
        ({"from": "yesterday"}, "from", 400),
        ({"to": "2025-03-03T08:00:00Z"}, "to", 400),
        ({"to": "2025-06-03T08:00:00Z"}, "to", 400),
        ({"reason": None}, "reason", 400),
        ({"kind": "state", "state": "dancing"}, "state", 400),
        ({"kind": "split", "at": "2025-03-03T09:30:00Z", "reason_after": "x"}, "at", 400),
        ({"kind": "count", "at": "2025-03-03T08:31:00Z"}, "total", 400),
        ({"kind": "scrap", "serial": "u1", "qty": 0}, "qty", 400),
        ({"kind": "scrap", "serial": "u1", "qty": 1, "at": "x"}, "at", 400),
        ({"kind": "acknowledge", "at": "x"}, "at", 400),
        ({"at": "x"}, "at", 400),
        ({"kind": "count", "at": "2025-03-03T08:31:00Z", "total": 10**30}, "total", 400),
        ({"kind": "count", "at": "2199-03-03T08:31:00Z", "total": 1}, "at", 400),
        ({"from": "1000-03-03T08:31:00Z", "to": "1000-03-04T08:31:00Z"}, "from", 400),
        ({"kind": "scrap", "lot": "4711", "qty": 0}, "qty", 400),
        ({"kind": "scrap", "lot": "4711", "at": "noon", "qty": 1}, "at", 400),
        ({"kind": "scrap", "qty": 1}, "at", 400),
        ({"colour": "red"}, "body", 400),
    ],
)
async def test_a_correction_that_cannot_hold_names_the_member(
    client: httpx.AsyncClient, journal: FakeJournal, change: dict[str, Any], parameter: str, status: int
) -> None:
    answer = await client.post("/corrections", json=GOOD | change)
    assert (answer.status_code, answer.json()["parameter"]) == (status, parameter)
    assert not journal.written


async def test_only_a_correction_that_holds_can_be_revoked(client: httpx.AsyncClient, journal: FakeJournal) -> None:
    said = {"by": "ben", "why": "wrong machine"}
    assert (await client.post("/corrections/c2/revoke", json=said)).status_code == 404
    assert (await client.post("/corrections/c1/revoke", json=said)).status_code == 201
    assert journal.written[0][1]["revokes"] == "c1"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, json.dumps(GOOD), 403),
        ({"content-type": "text/plain"}, json.dumps(GOOD), 415),
        ({}, "x" * 20_000, 413),
        ({}, "{", 400),
    ],
)
async def test_what_is_no_request_of_ours_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str], body: str, status: int
) -> None:
    answer = await client.post("/corrections", content=body, headers={"content-type": "application/json", **headers})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_corrections_are_listed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/corrections", params={"asset": "demo"})).json()["corrections"][0]["by"] == "ann"
