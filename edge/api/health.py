"""Routes for those who watch the service: alive, ready, and its figures."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from edge import __version__
from edge.api.context import NO_STORE, Ctx
from edge.api.metrics import CONTENT_TYPE, exposition

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> Response:
    """200 while the service answers at all."""
    return _json({"status": "live", "version": __version__})


@router.get("/health/ready")
async def ready(ctx: Ctx) -> Response:
    """200 while messages come in and are dealt with, else 503; each component says how it is."""
    state = ctx.health.readiness()
    body = {"status": "ready" if state.ready else "not_ready", "components": state.components}
    return _json(body, status=200 if state.ready else 503)


@router.get("/metrics")
async def metrics(ctx: Ctx) -> Response:
    """The service's figures for Prometheus."""
    return Response(exposition(ctx.metrics.figures(), ctx.hub), media_type=CONTENT_TYPE, headers=NO_STORE)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json", headers=NO_STORE)
