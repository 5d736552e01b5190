"""What monitors say of the invented plant: one machine in each state, and a history of health over time."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from tests.web import fake_history as history
from tests.web.fake_history import now_utc
from tests.web.fake_plant import HOSTILE, Json, iso

router = APIRouter()
taken: dict[str, Json] = {}  # acknowledgements by asset
works: list[Json] = []  # what was said to be done
STEP = timedelta(minutes=5)
STATES = {
    "demo/packing/l1/m002": ("act", 0.21, 2.6, "vibration"),
    "demo/packing/l1/m001": ("plan", 0.48, 1.6, "temperature"),
    "demo/packing/l1/m003": ("watch", 0.71, 1.1, "current"),
    "demo/packing/l2/m005": ("ok", 0.97, 0.2, None),
    "demo/packing/l2/m006": ("learning", None, None, None),
    "demo/packing/l2/m007": ("unknown", None, None, None),
}
MONITOR = {
    "name": "maintenance", "title": "Maintenance", "plugin": "maintenance", "version": "1", "failures": 4,
    "last_error": f"update: ValueError: {HOSTILE}", "paused": 1,
    "apart": False, "deaths": 0, "off": None,
}  # fmt: skip


def reset() -> None:
    taken.clear()
    works.clear()


def reason(signal: str, value: float, expected: float, hours: float) -> Json:
    return {
        "signal": signal, "value": value, "expected": expected, "change_pct": 100 * (value / expected - 1),
        "sigma": 12.46, "since": iso(now_utc() - timedelta(hours=hours)), "text": "",
    }  # fmt: skip


def assessment(asset: str) -> Json:
    state, health, score, signal = STATES[asset]
    alarm = state in ("watch", "plan", "act")
    reasons = [reason(signal, 4.1, 2.2, 3.5), reason("motor_current", 11.1, 11.5, 1.0)] if signal else []
    life = {
        "value": 93_600.0, "low": 39_600.0, "high": 201_600.0, "coverage": 0.8, "unit": "s", "basis": "trend",
        "text": "until vibration reaches 7.1",
    }  # fmt: skip
    finding = {"signal": HOSTILE, "kind": "stale", "since": iso(now_utc() - timedelta(minutes=20)), "text": "20 min"}
    return {
        "asset": asset, "monitor": "maintenance", "title": "Maintenance", "ts": iso(now_utc()), "state": state,
        "health": health, "score": score, "life": life if state in ("act", "plan") else None, "reasons": reasons,
        "findings": [finding] if state == "act" else [], "edge": None,
        "work": "Check the bearings and the lubrication." if alarm else "", "version": "1",
        "since": iso(now_utc() - timedelta(hours=3.5)) if alarm else None, "acknowledged": taken.get(asset),
    }  # fmt: skip


def summary(asset: str) -> Json | None:
    """What the status of a machine says of it."""
    if asset not in STATES:
        return None
    state, health, _, signal = STATES[asset]
    since = iso(now_utc() - timedelta(hours=3.5)) if signal else None
    return {
        "state": state, "monitor": "maintenance", "health": health, "since": since, "signal": signal,
        "acknowledged": asset in taken,
    }  # fmt: skip


@router.get("/api/v1/assessments")
def assessments(
    asset: str = "", monitor: str | None = None, start: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None, limit: int = 100, state: str = "",
) -> Json:  # fmt: skip
    paths = [path for path in STATES if path == asset or path.startswith(asset + "/") or not asset]
    if start is not None:
        rows = [row for path in paths for row in past(path, start, to or iso(now_utc()))]
    else:
        rows = [assessment(path) for path in paths]
    counts = Counter(row["state"] for row in rows)
    rows = [row for row in rows if not state or row["state"] in state.split(",")]
    return {"assessments": rows[:limit], "counts": dict(counts), "monitors": [MONITOR], "next": None}


def past(asset: str, start: str, to: str) -> list[Json]:
    """Health that falls in the end; every row is as the present one but for its time and health."""
    now = assessment(asset)
    for member in ("since", "acknowledged"):
        del now[member]
    at, end, rows = history.parse(start), min(history.parse(to), now_utc()), []
    while at < end:
        left = (now_utc() - at).total_seconds() / 3600
        health = (
            None if now["health"] is None else min(1.0, now["health"] + (1 - now["health"]) * (1 - math.exp(-left)))
        )
        rows.append({**now, "id": len(rows) + 1, "ts": iso(at), "health": health})
        at += STEP
    return rows


@router.post("/api/v1/assessments/{asset:path}/acknowledge", status_code=201)
def acknowledge(asset: str, said: Annotated[dict[str, Any], Body()]) -> Json:
    taken[asset] = {"id": f"ack-{len(taken)}", "by": said["by"], "why": said["why"], "at": iso(now_utc())}
    return {"id": taken[asset]["id"], "offset": 90_000}


@router.post("/api/v1/assessments/{asset:path}/work-done", status_code=201)
def work_done(asset: str, said: Annotated[dict[str, Any], Body()]) -> Json:
    works.append({"asset": asset, **said})
    return {"id": f"work-{len(works)}", "offset": 90_001}


@router.get("/fake/works")
def said_to_be_done() -> list[Json]:
    return works
