"""Routes for API users: the OpenAPI description and a page that shows it, without anything from the network."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
def openapi(request: Request) -> Response:
    return Response(msgspec.json.encode(request.app.openapi()), media_type="application/json")
