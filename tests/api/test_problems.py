"""Every wrong question is answered by a problem that names the parameter and what would be right."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from edge.api.app import create_app
from edge.api.context import ApiSettings
from edge.api.hub import Hub
from tests.api.fakes import MACHINE, NOW, FakeAnswers, FakeService
from tests.patience import WAIT_S

KPI = "kpis/oee?asset=demo"
FROM = "from=2025-03-03T05:00:00Z"

WRONG = [
    (f"{KPI}&form=2025-03-03T05:00:00Z", "form", "from"),
    (f"{KPI}&xyzzy=1", "xyzzy", "one of from, to, shift, asset, as_of, step"),
    ("assets?from=2025-03-03T05:00:00Z", "from", "no parameters"),
    ("kpis/oee", "asset", "site/area/line/machine"),
    (f"{KPI}&from=yesterday", "from", "RFC 3339"),
    (f"{KPI}&from=2025-03-03T05:00:00", "from", "with offset"),
    (f"{KPI}&from=2025-02-30T05:00:00Z", "from", "RFC 3339"),
    (f"{KPI}&from=2025-03-03T05:00:00%2B99:00", "from", "RFC 3339"),
    (f"{KPI}&from=", "from", "RFC 3339"),
    (f"{KPI}&from=0001-01-01T00:00:00Z", "from", "2000-01-01T00:00:00Z to 2026-03-04"),
    (f"{KPI}&{FROM}&to=9999-12-31T23:59:59Z", "to", "2026-03-04"),
    (f"{KPI}&{FROM}&to=2025-03-03T05:00:00Z", "from", "before 2025-03-03T05:00:00Z"),
    (f"{KPI}&from=2025-03-03T10:00:00Z", "from", "before 2025-03-03T09:00:00Z"),
    (f"{KPI}&to=2025-03-03T05:00:00Z", "from", "RFC 3339"),
    (f"{KPI}&{FROM}&{FROM}", "from", "once"),
    (f"{KPI}&{FROM}&shift=current", "shift", "either"),
    (f"{KPI}&from=2001-01-01T00:00:00Z", "from", None),
    (f"{KPI}&shift=today", "shift", "name@date"),
    (f"{KPI}&shift=early@2025-13-01", "shift", "name@date"),
    (f"{KPI}&shift=early@9999-12-31", "shift", "name@date"),
    (f"{KPI}&step=7m", "step", "minutes that divide an hour"),
    (f"{KPI}&step=0h", "step", "hours that divide a day"),
    (f"{KPI}&step=2d", "step", "day"),
    (f"{KPI}&from=2025-01-01T00:00:00Z&step=1m", "step", "at most 10000 windows"),
    (f"{KPI}&as_of=now", "as_of", "RFC 3339"),
    ("kpis/oee?asset=demo//l1", "asset", "site/area"),
    ("kpis/oee?asset=a/b/c/d/e", "asset", "site/area"),
    ("kpis/oee?asset=demo%00", "asset", "site/area"),
    ("kpis/OEE?asset=demo", "name", "[a-z]"),
    ("assets/de%20mo/status", "asset", "site/area"),
    (f"assets/{MACHINE}/timeline?from=2025-01-01T00:00:00Z", "from", None),
    (f"assets/{MACHINE}/readings?{FROM}&points=0", "points", "greater than or equal to 1"),
    (f"assets/{MACHINE}/readings?{FROM}&points=many", "points", "integer"),
    (f"assets/{MACHINE}/readings?{FROM}&signal=", "signal", "at least 1 character"),
    ("rejections?limit=1001", "limit", "less than or equal to 1000"),
    ("rejections?before=x", "before", "`next`"),
    ("rejections?reason=Not%20JSON", "reason", "[a-z0-9_]"),
    ("events?kind=stat", "kind", "state"),
    ("events?from=2025-03-03T08:00:00Z&to=2025-03-03T07:00:00Z", "from", "before"),
    ("messages/0", "offset", "greater than or equal to 1"),
    ("messages/99999999999999999999", "offset", "less than or equal to"),
    ("stream?kinds=event,statuses", "kinds", "some of event,rejection,status"),
    ("stream?asset=a%20b", "asset", "site/area"),
]  # fmt: skip


@pytest.mark.parametrize(("route", "parameter", "expected"), WRONG, ids=[route for route, *_ in WRONG])
async def test_wrong_parameter_is_named(
    client: httpx.AsyncClient, answers: FakeAnswers, route: str, parameter: str, expected: str | None
) -> None:
    problem = await problem_at(client, f"/api/v1/{route}", 400)
    assert problem["parameter"] == parameter
    assert expected is None or expected in problem["expected"]
    assert not [asked for asked in answers.asked if asked[0] != "window"]


async def problem_at(client: httpx.AsyncClient, address: str, status: int, method: str = "GET") -> dict[str, Any]:
    answer = await client.request(method, address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "detail"} <= set(problem)
    return problem


async def test_wrong_value_is_given_back_shortened(client: httpx.AsyncClient) -> None:
    problem = await problem_at(client, f"/api/v1/{KPI}&from=" + "x" * 5000, 400)
    assert problem["value"] == "x" * 200 + "…"


async def test_unknown_asset_is_404_with_what_the_query_expects(client: httpx.AsyncClient) -> None:
    problem = await problem_at(client, "/api/v1/assets/demo/packing/l1/nowhere/status", 404)
    assert (problem["parameter"], problem["expected"]) == ("asset", MACHINE)


async def test_message_that_is_gone_is_404(client: httpx.AsyncClient) -> None:
    assert (await problem_at(client, "/api/v1/messages/1", 404))["parameter"] == "offset"


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/kpi", "/api/v1/assets/", "/api/v1/kpis/oee/x", "/docs/../x"])
async def test_unknown_route_is_404(client: httpx.AsyncClient, path: str) -> None:
    assert "/docs" in (await problem_at(client, path, 404))["expected"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_wrong_method_is_405_with_the_right_one(client: httpx.AsyncClient, method: str) -> None:
    assert (await problem_at(client, "/api/v1/assets", 405, method))["expected"] == "GET"


async def test_fault_is_500_that_tells_nothing_but_a_number_of_the_log(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "edge.api"):
        problem = await problem_at(client, "/api/v1/assets/demo/packing/l1/broken/status", 500)
    assert "secret" not in str(problem)
    number = problem["detail"].split()[-1]
    assert any(number in line and "secret" in line for line in caplog.messages)


@pytest.mark.parametrize("path", ["/api/v1/assets", "/nothing", "/docs", "/health/live", "/metrics", "/openapi.json"])
async def test_every_answer_keeps_foreign_content_out(client: httpx.AsyncClient, path: str) -> None:
    assert_safe((await client.get(path)).headers)


async def test_answer_to_a_fault_keeps_foreign_content_out(client: httpx.AsyncClient) -> None:
    assert_safe((await client.get("/api/v1/assets/demo/packing/l1/broken/status")).headers)


def assert_safe(headers: httpx.Headers) -> None:
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


class SlowAnswers(FakeAnswers):
    """Answers only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()

    def assets(self) -> dict[str, Any]:
        assert self.told.wait(WAIT_S)
        return super().assets()


async def test_too_many_questions_are_refused_and_health_still_answers(service: FakeService) -> None:
    answers = SlowAnswers()
    app: FastAPI = create_app(answers, Hub(), service, service, settings=ApiSettings(threads=1, waiting=2))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
        asked = [asyncio.create_task(client.get("/api/v1/assets")) for _ in range(2)]
        while app.state.context.queries.pending < 2:  # noqa: ASYNC110  # a number of the product, which rings no bell
            await asyncio.sleep(0)
        refused = await client.get("/api/v1/kpis")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await client.get("/health/ready")).status_code == 200
        answers.told.set()
        assert [(await task).status_code for task in asked] == [200, 200]
    app.state.context.queries.close()


async def test_question_at_the_stop_is_refused(client: httpx.AsyncClient, app: FastAPI) -> None:
    app.state.context.queries.close()
    await problem_at(client, "/api/v1/assets", 503)


async def test_two_applications_share_nothing(service: FakeService) -> None:
    first, second = FakeAnswers(), FakeAnswers()
    apps = [create_app(answers, Hub(), service, service, now=lambda: NOW) for answers in (first, second)]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(apps[1]), base_url="http://edge.test") as client:
        await client.get("/api/v1/assets")
    assert (first.asked, second.asked) == ([], [("assets",)])
    for app in apps:
        app.state.context.queries.close()


async def test_each_question_is_told_of_and_health_is_none(service: FakeService) -> None:
    asked: list[str] = []
    app = create_app(FakeAnswers(), Hub(), service, service, now=lambda: NOW, asked=lambda: asked.append("asked"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge.test") as client:
        await client.get("/health/ready")
        assert asked == []
        await client.get("/api/v1/assets")
        assert asked == ["asked"]
    app.state.context.queries.close()
