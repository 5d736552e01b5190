"""Each route hands its parameters to the right question and gives back the answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from edge.clock import HOUR, from_text
from tests.api.fakes import EXAMPLES, MACHINE, NOW, FakeAnswers, FakeWindow

FROM, TO = from_text("2025-03-03T05:00:00Z"), from_text("2025-03-03T08:00:00Z")
WINDOW = "from=2025-03-03T05:00:00Z&to=2025-03-03T08:00:00Z"
ANY = {"asset": None, "start": None, "end": None, "limit": 100}
SOME = {"asset": "demo/packing", "reason": "not_json", "start": FROM, "end": None, "limit": 5, "before": (17, 2)}

ROUTES: list[tuple[str, tuple[Any, ...]]] = [
    ("assets", ("assets",)),
    (f"assets/{MACHINE}/status", ("status", MACHINE)),
    ("assets/demo/status", ("status", "demo")),
    (f"assets/{MACHINE}/timeline?{WINDOW}", ("timeline", MACHINE, FROM, TO)),
    (f"assets/{MACHINE}/readings?{WINDOW}", ("readings", MACHINE, (), FROM, TO, 800)),
    (
        f"assets/{MACHINE}/readings?{WINDOW}&signal=a&signal=Volume%20Flow&points=50",
        ("readings", MACHINE, ("a", "Volume Flow"), FROM, TO, 50),
    ),
    (f"assets/{MACHINE}/losses?shift=current", ("losses", MACHINE, FakeWindow(MACHINE, NOW - 1, NOW, "current"))),
    ("kpis", ("kpis",)),
    (f"kpis/oee/explain?asset=demo&{WINDOW}", ("explain", "oee", FakeWindow("demo", FROM, TO, None), None)),
    (
        f"kpis/oee/revisions?asset=demo&{WINDOW}&limit=3",
        ("revisions", "oee", FakeWindow("demo", FROM, TO, None), None, 3),
    ),
    (f"kpis/oee?asset=demo&{WINDOW}", ("kpi", "oee", FakeWindow("demo", FROM, TO, None), None, None)),
    (
        f"kpis/oee?asset=demo&{WINDOW}&step=5m&as_of=2025-03-03T09:00:00%2B01:00",
        ("kpi", "oee", FakeWindow("demo", FROM, TO, None), "5m", TO),
    ),
    ("rejections", ("rejections", ANY | {"reason": None, "before": None})),
    (
        "rejections?asset=demo/packing&reason=not_json&from=2025-03-03T05:00:00Z&limit=5&before=17-2",
        ("rejections", SOME),
    ),
    ("events", ("events", ANY | {"kind": None, "after": None})),
    (
        "events?kind=state&to=2025-03-03T08:00:00Z&after=17",
        ("events", ANY | {"kind": "state", "end": TO, "after": (17, 2**31 - 1)}),
    ),
    ("messages/4712", ("message", 4712)),
]  # fmt: skip


@pytest.mark.parametrize(("route", "asked"), ROUTES, ids=[route for route, _ in ROUTES])
async def test_route_asks_and_answers(
    client: httpx.AsyncClient, answers: FakeAnswers, route: str, asked: tuple[Any, ...]
) -> None:
    answer = await client.get(f"/api/v1/{route}")
    assert answer.status_code == 200, answer.text
    assert answers.asked[-1] == asked
    assert answer.json() in EXAMPLES[asked[0]].values()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ("", (None, None, None)),
        ("from=2025-03-03T05:00:00Z", (FROM, None, None)),
        ("from=2025-03-03T06:00:00%2B01:00&to=2025-03-03t08:00:00z", (FROM, TO, None)),
        ("from=2025-03-03T06:00:00+01:00", (FROM, None, None)),
        ("from=2025-03-03T05:00:00.000001Z", (FROM + 1, None, None)),
        ("from=2025-03-03T05:00:00Z&to=2025-03-03T17:00:00Z", (FROM, FROM + 12 * HOUR, None)),
        ("shift=previous", (None, None, "previous")),
        ("shift=Früh%20A@2025-03-03", (None, None, "Früh A@2025-03-03")),
    ],
)
async def test_window_is_understood(
    client: httpx.AsyncClient, answers: FakeAnswers, query: str, window: tuple[Any, ...]
) -> None:
    answer = await client.get(f"/api/v1/assets/{MACHINE}/losses?{query}")
    assert answer.status_code == 200, answer.text
    assert answers.asked[0] == ("window", MACHINE, *window)


@pytest.mark.parametrize("step", ["1m", "5m", "60m", "1h", "8h", "24h", "shift", "day", "business_day"])
async def test_step_is_understood(client: httpx.AsyncClient, answers: FakeAnswers, step: str) -> None:
    answer = await client.get(f"/api/v1/kpis/oee?asset=demo&{WINDOW}&step={step}")
    assert answer.status_code == 200
    assert answers.asked[-1][3] == step


async def test_path_with_encoded_slashes_is_the_same_path(client: httpx.AsyncClient, answers: FakeAnswers) -> None:
    await client.get("/api/v1/assets/demo%2Fpacking%2Fl1%2Fm001/status")
    assert answers.asked == [("status", MACHINE)]


async def test_machine_may_be_called_like_a_route(client: httpx.AsyncClient, answers: FakeAnswers) -> None:
    await client.get("/api/v1/assets/a/b/c/status/status")
    assert answers.asked == [("status", "a/b/c/status")]
