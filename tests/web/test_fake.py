"""The fake service speaks the shapes of the API, so that what the pages do with it they do with the real one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from edge.api import assessed, explained, messageshapes, revised, shapes
from tests.web import fake_service
from tests.web.fake_history import now_utc
from tests.web.fake_plant import iso

MACHINE = "demo/packing/l1/m002"
START = iso(now_utc() - timedelta(hours=2))
WINDOW = f"from={START}&to={iso(now_utc())}"
ANSWERS: dict[str, Any] = {
    "assets": shapes.Assets,
    f"assets/{MACHINE}/status": shapes.MachineStatus,
    "assets/demo/packing/l1/status": shapes.GroupStatus,
    f"assets/{MACHINE}/timeline?{WINDOW}": shapes.Timeline,
    f"assets/{MACHINE}/losses?{WINDOW}": shapes.Losses,
    f"assets/{MACHINE}/readings?signal=vibration&{WINDOW}": shapes.Readings,
    "kpis": shapes.Kpis,
    f"kpis/oee?asset={MACHINE}&{WINDOW}": shapes.KpiAnswer,
    f"kpis/oee/explain?asset={MACHINE}&{WINDOW}": explained.Explained,
    f"kpis/oee/revisions?asset={MACHINE}&{WINDOW}": revised.Revised,
    f"assets/{MACHINE}/losses?shift=previous": shapes.Losses,
    "messages/80100": messageshapes.Message,
    "assessments": assessed.Assessments,
    f"assessments?asset={MACHINE}&from={START}": assessed.Assessments,
    "corrections": shapes.Corrections,
    "rejections": messageshapes.Rejections,
    f"events?asset={MACHINE}&from={START}": messageshapes.Events,
}


@pytest.mark.parametrize("path", ANSWERS)
async def test_answer_has_the_shape_of_the_api(path: str) -> None:
    transport = httpx.ASGITransport(fake_service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get(f"/api/v1/{path}")
    assert answer.status_code == 200
    msgspec.convert(answer.json(), ANSWERS[path])
