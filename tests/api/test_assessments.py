"""Assessments over HTTP: filters as they reach the questions, and what people say as entries of the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from edge.api.app import create_app
from edge.api.hub import Hub
from edge.clock import from_text
from tests.api.fakes import FakeAnswers, FakeJournal, FakeService

MACHINE = "demo/packing/l1/m001"
PATH = f"/assessments/{MACHINE}"
SAID = {"by": "ann", "why": "ordered"}


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
def answers() -> FakeAnswers:
    return FakeAnswers()


@pytest.fixture
async def client(answers: FakeAnswers, journal: FakeJournal) -> AsyncIterator[httpx.AsyncClient]:
    service = FakeService()
    app = create_app(answers, Hub(), service, service, journal=journal)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge/api/v1") as client:
        yield client


async def test_filters_reach_the_question(client: httpx.AsyncClient, answers: FakeAnswers) -> None:
    query = "asset=demo&state=plan,act&monitor=maintenance&from=2025-03-03T06:00:00Z&after=7&limit=5"
    assert (await client.get(f"/assessments?{query}")).status_code == 200
    ((_, filters),) = answers.asked
    assert filters == {
        "asset": "demo", "states": {"plan", "act"}, "monitor": "maintenance", "after": 7, "limit": 5,
        "start": from_text("2025-03-03T06:00:00Z"), "end": None,
    }  # fmt: skip


async def test_a_place_in_the_list_of_what_holds_now_reaches_the_question(
    client: httpx.AsyncClient, answers: FakeAnswers
) -> None:
    assert (await client.get("/assessments?after=1,0,0.48,inf,demo/packing/l1/m001,maintenance")).status_code == 200
    ((_, filters),) = answers.asked
    assert filters["after"] == (1, False, 0.48, float("inf"), MACHINE, "maintenance")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("state=broken", "state"), ("monitor=A%20B", "monitor"), ("after=-1", "after"), ("limit=0", "limit"),
     ("after=0,0,1-1,inf,a/b/c/d,m", "after"),
     ("from=yesterday", "from"), ("asset=a//b", "asset"), ("states=plan", "states")],
)  # fmt: skip
async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient, query: str, parameter: str) -> None:
    answer = await client.get(f"/assessments?{query}")
    assert answer.status_code == 400
    assert answer.json()["parameter"] == parameter


@pytest.mark.parametrize(
    ("what", "body", "kind"),
    [
        ("acknowledge", {**SAID, "monitor": "maintenance"}, "acknowledge"),
        ("work-done", {**SAID, "component": "bearing", "action": "replaced"}, "work_done"),
    ],
)
async def test_what_people_say_is_an_entry_of_the_journal(
    client: httpx.AsyncClient, journal: FakeJournal, what: str, body: dict[str, Any], kind: str
) -> None:
    answer = await client.post(f"{PATH}/{what}", json=body)
    assert answer.status_code == 201
    ((topic, said),) = journal.written
    assert topic == "$edge/correction"
    assert answer.json() == {"id": said["id"], "offset": 1}
    assert {key: said[key] for key in (*body, "kind", "asset")} == {**body, "kind": kind, "asset": MACHINE}


@pytest.mark.parametrize(
    ("what", "body", "named"),
    [
        ("acknowledge", {"by": "ann"}, "why"),
        ("acknowledge", {"by": " ", "why": "x"}, "by"),
        ("work-done", SAID, "component"),
        ("work-done", {**SAID, "component": ""}, "component"),
        ("work-done", {**SAID, "component": "a", "monitor": "b"}, "monitor"),
    ],
)
async def test_what_is_missing_is_named(
    client: httpx.AsyncClient, journal: FakeJournal, what: str, body: dict[str, Any], named: str
) -> None:
    answer = await client.post(f"{PATH}/{what}", json=body)
    assert answer.status_code == 400
    assert named in str(answer.json())
    assert not journal.written


async def test_a_machine_that_does_not_exist_is_said(client: httpx.AsyncClient) -> None:
    body = {**SAID, "component": "bearing"}
    answer = await client.post("/assessments/demo/packing/l1/nowhere/work-done", json=body)
    assert answer.status_code == 404


async def test_nothing_is_acknowledged_where_there_is_no_alarm(
    client: httpx.AsyncClient, answers: FakeAnswers, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "assessments", lambda filters: {"assessments": []})
    answer = await client.post(f"{PATH}/acknowledge", json=SAID)
    assert answer.status_code == 409
    assert not journal.written
