"""The pages against an invented plant: `python -m tests.web.fake_service --port 8090 --every-s 1`.

Beside the API it has a few levers under /fake that tests pull: change a status, drop the stream, refuse answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse

from edge.web.pages import add_pages
from tests.web import fake_history as history
from tests.web import fake_maintenance as maintenance
from tests.web import fake_plant as plant
from tests.web import fake_plantdata as plantdata
from tests.web import fake_trust as trust
from tests.web.fake_history import now_utc
from tests.web.fake_plant import Json, iso

every_s = {"status": 0.0}  # how often running machines are streamed; 0 = only when a test says so


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    task = asyncio.create_task(breathe())
    yield
    task.cancel()


app = FastAPI(lifespan=lifespan)
app.include_router(trust.router)
app.include_router(maintenance.router)
plantdata.add_to(app)
changed: dict[str, Json] = {}  # what a test has put over a machine's status
clients: set[asyncio.Queue[str | None]] = set()
refusing = {"api": False}


def status(path: str) -> Json:
    said = {"maintenance": maintenance.summary(path)}
    return plant.machine_status(path, now_utc()) | said | changed.get(path, {})


def publish(event: str, content: Json) -> None:
    for queue in clients:
        queue.put_nowait(f"id: 1\nevent: {event}\ndata: {json.dumps(content)}\n\n")


@app.middleware("http")
async def refuse(request: Request, call_next: Any) -> Response:
    """Every API answer is a 503 while a test says so."""
    if refusing["api"] and request.url.path.startswith("/api/"):
        return Response("{}", status_code=503, media_type="application/problem+json")
    answer: Response = await call_next(request)
    return answer


@app.get("/api/v1/assets")
def assets() -> Json:
    levels: list[Json] = [{"path": "demo", "kind": "site", "title": None, "machines": list(plant.MACHINES)}]
    for path, title in plant.LINES.items():
        machines = [m for m in plant.MACHINES if m.startswith(path + "/")]
        levels.append({"path": path, "kind": "line", "title": title, "machines": machines})
    return {"assets": levels + [machine(path) for path in plant.MACHINES]}


def machine(path: str) -> Json:
    now = now_utc()
    signals = [
        {"name": name, "unit": unit, "kind": kind, "last": {"ts": iso(now), "value": level}}
        for name, (unit, kind, level, _) in plant.SIGNALS.items()
    ]
    seen = status(path)
    return {
        "path": path,
        "kind": "machine",
        "title": seen["title"],
        "configured": seen["configured"],
        "first_seen": iso(now - timedelta(days=3)),
        "last_heard": seen["last_heard"],
        "product": seen["product"],
        "signals": signals if "packing" in path else [],
    }


@app.get("/api/v1/assets/{path:path}/status")
def asset_status(path: str) -> Json:
    if path in plant.MACHINES:
        return status(path)
    machines = [status(m) for m in plant.MACHINES if m.startswith(path + "/")]
    if not machines:
        raise HTTPException(404, "no such asset")
    parts = {key: sum(m["parts"][key] or 0 for m in machines) for key in machines[0]["parts"]}
    if path == "demo/packing/l1":  # a line with a route: what leaves it at the end
        parts = machines[-1]["parts"] | {"of": [machines[-1]["asset"]]}
    return {
        "asset": path,
        "kind": "line",
        "title": plant.LINES.get(path),
        "machines": machines,
        "kpis": plant.kpi_view((0.83, 0.9, 0.985)),
        "parts": parts,
        "window": machines[0]["window"],
        "shift": machines[0]["shift"],
        "timezone": plant.ZONE,
        "as_of": machines[0]["as_of"],
    }


@app.get("/api/v1/assets/{path:path}/timeline")
def asset_timeline(path: str, start: Annotated[str, Query(alias="from")], to: str) -> Json:
    return history.timeline(path, history.parse(start), history.parse(to), now_utc())


@app.get("/api/v1/assets/{path:path}/losses")
def asset_losses(
    path: str, start: Annotated[str | None, Query(alias="from")] = None, to: str | None = None, shift: str | None = None
) -> Json:
    machine = path if path in plant.MACHINES else next(m for m in plant.MACHINES if m.startswith(path))
    now = now_utc()
    if shift == "previous":
        return history.losses(machine, now - timedelta(hours=14), now - timedelta(hours=6), now)
    return history.losses(machine, history.parse(start or ""), history.parse(to or ""), now)


@app.get("/api/v1/assets/{path:path}/readings")
def asset_readings(
    path: str,
    signal: Annotated[list[str], Query()],
    start: Annotated[str, Query(alias="from")],
    to: str,
    points: int = 800,
) -> Json:
    return history.readings(path, signal, history.parse(start), history.parse(to), points)


@app.get("/api/v1/kpis")
def kpis() -> Json:
    return {"kpis": plant.KPIS}


@app.get("/api/v1/kpis/{name}")
def kpi(name: str, asset: str, start: Annotated[str, Query(alias="from")], to: str, step: str | None = None) -> Json:
    return history.kpi(name, asset, history.parse(start), history.parse(to), now_utc(), step)


@app.get("/api/v1/rejections")
def rejections(asset: str | None = None, reason: str | None = None, limit: int = 50, before: str | None = None) -> Json:
    return history.rejections(now_utc(), asset, reason, limit, before)


@app.get("/api/v1/events")
def events(asset: str, start: Annotated[str, Query(alias="from")], limit: int = 50) -> Json:
    return history.events(now_utc(), asset, history.parse(start), limit)


@app.get("/health/ready")
def ready() -> Json:
    return {"status": "ready", "components": {"mqtt": {"ok": True, "detail": "subscribed"}}}


@app.get("/api/v1/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(lines(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


async def lines() -> AsyncIterator[str]:
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    clients.add(queue)
    try:
        yield 'event: hello\ndata: {"version": 1}\n\n'
        while (line := await queue.get()) is not None:
            yield line
    finally:
        clients.discard(queue)


@app.post("/fake/status/{path:path}")
async def change(path: str, over: Annotated[Json, Body()]) -> Json:
    """Lay `over` on the machine's status and stream it, as the service does."""
    changed[path] = changed.get(path, {}) | over
    publish("status", status(path))
    return {"clients": len(clients)}


@app.post("/fake/rejection")
async def reject() -> Json:
    publish("rejection", {"reason": "not_json", "asset": "demo/packing/l1/m001"})
    return {"clients": len(clients)}


@app.post("/fake/drop")
async def drop(refuse_api: bool = False) -> Json:
    """End every stream; with `refuse_api` also answer nothing until the next call."""
    refusing["api"] = refuse_api
    for queue in list(clients):
        queue.put_nowait(None)
    return {}


@app.post("/fake/reset")
async def reset() -> Json:
    refusing["api"] = False
    changed.clear()
    trust.reset()
    maintenance.reset()
    plantdata.store.reset()
    return {}


@app.get("/fake/clients")
async def client_count() -> Json:
    return {"clients": len(clients)}


async def breathe() -> None:
    """Keep the demonstration moving: the status of the running machines again and again."""
    while every_s["status"]:
        await asyncio.sleep(every_s["status"])
        for path, row in plant.MACHINES.items():
            if row[2] == "run" and path not in changed:
                publish("status", status(path))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--every-s", type=float, default=0.0, help="stream a status of the running machines this often")
    options = parser.parse_args()
    every_s["status"] = options.every_s
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning")


add_pages(app)

if __name__ == "__main__":
    main()
