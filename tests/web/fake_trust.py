"""Explanations, messages and corrections of the invented plant; what is posted is kept and can be asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import JSONResponse

from edge.query.rulings import RULINGS
from tests.web import fake_history as history
from tests.web.fake_history import now_utc
from tests.web.fake_plant import HOSTILE, HOSTILE_REASON, Json, iso

FIRST_OFFSET = 70_001
router = APIRouter()
said: list[Json] = []  # corrections, in the order in which they were said
refusing: Json = {}  # the problem that the next correction is answered with


def reset() -> None:
    said.clear()
    refusing.clear()


@router.get("/api/v1/kpis/{name}/explain")
def explain(name: str, asset: str, start: Annotated[str, Query(alias="from")], to: str) -> Json:
    now = now_utc()
    answer = history.kpi(name, asset, history.parse(start), history.parse(to), now)
    spans = history.timeline(asset, history.parse(start), history.parse(to), now)["spans"]
    if name == "oee":
        facts = answer["facts"]
        answer["values"]["availability"] = facts["run_time_s"] / facts["planned_busy_s"]
    machine = {
        "asset": asset,
        "intervals": [interval(span, i) for i, span in enumerate(spans)],
        "counts": [counted(start, to)],
        "units": [unit(start)],
        "flags": {"reset": 1},
        "corrections": said,
        "settings": {"microstop_threshold_s": 120},
    }
    rulings = {str(number): text for number, text in RULINGS.items()}
    return answer | {"flags": ["performance_gt_1"], "machines": [machine], "rulings": rulings}


@router.get("/api/v1/kpis/{name}/revisions")
def revisions(name: str, asset: str, start: Annotated[str, Query(alias="from")], to: str) -> Json:
    """The first result and, for OEE, what rejects found later made of it."""
    answer = history.kpi(name, asset, history.parse(start), history.parse(to), now_utc())
    head = {member: answer[member] for member in ("kpi", "asset", "from", "to", "timezone", "as_of")}
    first = {"revision": 1, "as_of": to, "values": answer["values"], "facts": answer["facts"], "left_out": 0}
    second = first | {
        "revision": 2,
        "changed": {"values": {"quality": [0.99, 0.98]}, "facts": {"good_count": [1300, 1287]}},
        "hours": [{"asset": asset, "from": start, "facts": {"good_count": [1300, 1287]}}],
        "causes": [
            {"asset": asset, "kind": "correction", "received": to, "messages": 1, "offsets": [[80_100, 80_100]],
             "correction": {"kind": "scrap", "qty": 13, "at": start, "by": HOSTILE, "why": "seen"}},
            {"asset": asset, "kind": "count", "received": to, "messages": 60, "offsets": [[80_001, 80_060]],
             "from": start, "to": to},
        ],
    }  # fmt: skip
    nothing = {"changed": {"values": {}, "facts": {}}, "hours": [], "causes": []}
    return head | {"revisions": [first | nothing, second] if name == "oee" else [first | nothing]}


def interval(span: Json, number: int) -> Json:
    members = ("from", "to", "state", "time_class", "reason", "product", "order", "shift")
    return {name: span[name] for name in members} | {
        "seconds": (history.parse(span["to"]) - history.parse(span["from"])).total_seconds(),
        "busy": span["time_class"] in ("run", "micro", "down", "setup"),
        "ruling": 34 if span["stop"] else None,
        "stop_length_s": span["stop"] and span["stop"]["length_s"],
        "offset": None if span["state"] == "unknown" else FIRST_OFFSET + number,
        "corrections": [],
    }


def counted(start: str, to: str) -> Json:
    numbers = {
        "total": 1300,
        "bad": 13,
        "good": 1287,
        "startup": 0,
        "ideal_s": 20.0,
        "ideal_total_s": 26000.0,
        "ideal_good_s": 25740.0,
    }
    return (
        {"from": start, "to": to, "product": HOSTILE, "booked": "scheduled"} | numbers | {"offsets": [[80_001, 80_060]]}
    )


def unit(ts: str) -> Json:
    return {
        "serial": HOSTILE,
        "station": "EOL<1>",
        "ts": ts,
        "first": "fail",
        "final": "pass",
        "product": None,
        "defects": 1,
        "route_clean": None,
        "offsets": [[80_100, 80_100]],
    }


@router.get("/api/v1/messages/{offset}", response_model=None)
def message(offset: int) -> Json | JSONResponse:
    if offset >= 90_000:
        return problem(404, {"detail": "the journal has no such message, or has it no more"})
    now = now_utc()
    text = f'{{"state": "running", "reason": "{HOSTILE}"}}'
    event = {"offset": offset, "index": 0, "kind": "state", "asset": "demo/packing/l1/m002", "ts": iso(now)}
    return {
        "offset": offset,
        "topic": "shopfloor/v1/demo/packing/l1/m002/state",
        "received": iso(now - timedelta(minutes=5)),
        "qos": 1,
        "retain": False,
        "dup": True,
        "epoch": 3,
        "size": len(text),
        "payload": text,
        "payload_b64": None,
        "events": [event | {"received": iso(now), "state": "running", "reason": HOSTILE}],
        "rejections": [{"reason": "unknown_kind", "detail": HOSTILE_REASON}] if offset == 80_100 else [],
    }


@router.get("/api/v1/corrections")
def corrections() -> Json:
    return {"corrections": said}


@router.post("/api/v1/corrections", status_code=201, response_model=None)
def correct(correction: Annotated[Json, Body()]) -> Json | JSONResponse:
    if refusing:
        return problem(400, refusing)
    number = f"c{len(said) + 1}"
    said.append({"id": number, "offset": 90_001 + len(said), "received": iso(now_utc())} | correction)
    strange = {"warnings": [f"no product {HOSTILE}"]} if correction.get("product") == "P9" else {}
    return {"id": number, "offset": said[-1]["offset"]} | strange


@router.post("/api/v1/corrections/{number}/revoke", status_code=201)
def revoke(number: str, revocation: Annotated[Json, Body()]) -> Json:
    row = next(row for row in said if row["id"] == number)
    row["revoked"] = {"at": iso(now_utc())} | revocation
    return {"id": "r1", "offset": 91_000}


@router.get("/fake/corrections")
def posted() -> Json:
    return {"corrections": said}


@router.post("/fake/refuse_corrections")
def refuse(wrong: Annotated[Json, Body()]) -> Json:
    """Answer corrections with this problem."""
    refusing.update(wrong)
    return {}


def problem(status: int, members: dict[str, Any]) -> JSONResponse:
    return JSONResponse(
        {"title": "refused", "status": status, **members}, status, media_type="application/problem+json"
    )
