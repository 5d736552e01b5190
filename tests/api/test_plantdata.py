"""Plant data over HTTP: asked at an instant, changed by messages in the journal, refused by what is wrong."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from edge.api.app import create_app
from edge.api.hub import Hub
from tests.api.fakes import EXAMPLES, NOW, FakeAnswers, FakeJournal, FakePlant, FakeService

PEOPLE = {"by": "eva", "why": "new nozzles"}
SINCE = {"valid_from": "2025-03-03T06:00:00Z", **PEOPLE}
CYCLE = {"ideal_cycle_s": 3.8}
SHIFT = {"name": "early", "start": "06:00", "end": "14:00"}
SLOT = {"kind": "planned", "from": "2025-03-03T06:00:00Z", "to": "2025-03-03T08:00:00Z"}


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
def plant() -> FakePlant:
    return FakePlant()


@pytest.fixture
async def client(journal: FakeJournal, plant: FakePlant) -> AsyncIterator[httpx.AsyncClient]:
    service = FakeService()
    app = create_app(FakeAnswers(), Hub(), service, service, journal=journal, plant=plant, now=lambda: NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge/api/v1/plant") as client:
        yield client
    app.state.context.queries.close()


@pytest.mark.parametrize(
    ("route", "asked"),
    [
        ("", ("plant", None, None)),
        ("?at=2025-03-03T09:00:00Z&as_of=2025-03-03T09:00:00Z", ("plant", NOW, NOW)),
        ("/settings/a/b/c/d", ("plant_settings", "a/b/c/d", None, None)),
        ("/changes?kind=product&name=P1", ("plant_changes", "product", "P1", None)),
    ],
)
async def test_questions(client: httpx.AsyncClient, plant: FakePlant, route: str, asked: tuple[Any, ...]) -> None:
    answer = await client.get(f"http://edge/api/v1/plant{route}")
    assert answer.status_code == 200, answer.text
    assert plant.asked == [asked]
    assert answer.json() in EXAMPLES[asked[0]].values()


@pytest.mark.parametrize(
    ("method", "route", "body", "kind", "name"),
    [
        ("PUT", "/products/P1", CYCLE | SINCE, "product", "P1"),
        ("PUT", "/products/a%20b", CYCLE | SINCE, "product", "a b"),
        ("PUT", "/sites/demo/shifts", {"shifts": [SHIFT]} | SINCE, "shifts", "demo"),
        ("POST", "/sites/demo/exceptions", SLOT | PEOPLE, "exception", "demo"),
        ("PUT", "/machines/demo/packing/*", {"target_oee": 0.8} | SINCE, "machine", "demo/packing/*"),
        ("PUT", "/reasons/a/b/c/d", {"stop_reasons": ["jam"]} | SINCE, "machine", "a/b/c/d"),
    ],
)
async def test_a_change_is_a_message_in_the_journal(
    client: httpx.AsyncClient, journal: FakeJournal, method: str, route: str, body: dict[str, Any], kind: str, name: str
) -> None:
    answer = await client.request(method, route, json=body)
    assert answer.status_code == 201, answer.text
    ((topic, said),) = journal.written
    assert topic == "$edge/plant"
    assert (said["kind"], said["name"], said["by"], said["why"]) == (kind, name, "eva", "new nozzles")
    assert {**said["value"], **PEOPLE, **({"valid_from": said["valid_from"]} if "valid_from" in said else {})} == body
    assert answer.json() == {"id": said["id"], "offset": 1}


@pytest.mark.parametrize(
    ("method", "route", "body", "parameter", "status"),
    [
        ("PUT", "/products/P1", CYCLE | PEOPLE, "valid_from", 400),
        ("PUT", "/products/P1", CYCLE | SINCE | {"valid_from": "yesterday"}, "valid_from", 400),
        ("PUT", "/products/P1", CYCLE | SINCE | {"valid_from": 17}, "valid_from", 400),
        ("PUT", "/products/P1", CYCLE | SINCE | {"valid_from": "1999-01-01T00:00:00Z"}, "valid_from", 400),
        ("PUT", "/products/P1", CYCLE | SINCE | {"by": " "}, "by", 400),
        ("PUT", "/products/P1", CYCLE | SINCE | {"why": None}, "why", 400),
        ("PUT", "/products/wrong", CYCLE | SINCE, "ideal_cycle_s", 400),
        ("PUT", "/sites/demo/shifts", {"breaks": []} | SINCE, "shifts", 400),
        ("PUT", "/sites/demo/shifts", {"shifts": [], "zone": "UTC"} | SINCE, "zone", 400),
        ("POST", "/sites/demo/exceptions", SLOT | PEOPLE | {"kind": "holiday"}, "kind", 400),
        ("POST", "/sites/demo/exceptions", SLOT | PEOPLE | {"to": "tomorrow"}, "to", 400),
        ("POST", "/sites/demo/exceptions", SLOT | SINCE, "valid_from", 400),
        ("PUT", "/reasons/a/b/c/d", {"reasons": []} | SINCE, "stop_reasons", 400),
        ("POST", "/changes/c2/revoke", PEOPLE, "id", 404),
        ("POST", "/changes/c1/revoke", {"by": "eva", "why": ""}, "why", 400),
    ],
)
async def test_a_change_that_cannot_hold_names_the_member(
    client: httpx.AsyncClient, journal: FakeJournal, method: str, route: str, body: dict[str, Any], parameter: str,
    status: int,
) -> None:  # fmt: skip
    answer = await client.request(method, route, json=body)
    assert (answer.status_code, answer.json()["parameter"]) == (status, parameter), answer.text
    assert not journal.written


async def test_a_change_can_be_revoked(client: httpx.AsyncClient, journal: FakeJournal) -> None:
    assert (await client.post("/changes/c1/revoke", json=PEOPLE)).status_code == 201
    assert (journal.written[0][1]["kind"], journal.written[0][1]["revokes"]) == ("revoke", "c1")


async def test_many_reasons_are_taken_with_a_warning(client: httpx.AsyncClient) -> None:
    answer = await client.put("/reasons/a/*", json={"stop_reasons": [str(n) for n in range(13)]} | SINCE)
    assert answer.json()["warnings"] == ["many reasons"]
