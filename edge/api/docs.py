"""Routes for API users: the OpenAPI description, and a page that shows it without anything from the network."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

router = APIRouter(include_in_schema=False)
HERE = Path(__file__).parent
VENDORED = HERE / "vendored" / "swagger-ui"
FILES = {
    "docs.js": (HERE / "static" / "docs.js", "text/javascript"),
    "swagger-ui-bundle.js": (VENDORED / "swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": (VENDORED / "swagger-ui.css", "text/css"),
}
CACHE = {"Cache-Control": "max-age=600"}  # files keep their names over an upgrade


@router.get("/docs")
async def page() -> Response:
    return FileResponse(HERE / "static" / "docs.html", media_type="text/html", headers=CACHE)


@router.get("/docs/{name}")
async def file(name: str) -> Response:
    if name not in FILES:
        raise HTTPException(404)
    path, media_type = FILES[name]
    return FileResponse(path, media_type=media_type, headers=CACHE)


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """Made at the first question and kept; two first questions at once do the work twice, and no harm."""
    state = request.app.state
    if state.openapi is None:
        state.openapi = await run_in_threadpool(_describe, request.app)
    return Response(state.openapi, media_type="application/json")


def _describe(app: FastAPI) -> bytes:
    from edge.api.openapi import describe  # not before somebody asks: it would take a megabyte of every start

    return describe(app)
