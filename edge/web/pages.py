"""The pages: thin templates around custom elements, static files, and the headers that keep foreign script out.

The templates carry no data beside the asset path; everything shown comes from the API and is put in as text.
"""

from __future__ import annotations

from inspect import isawaitable
from pathlib import Path
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

HERE = Path(__file__).parent

HEADERS = {
    # No inline script or style, nothing from elsewhere, no frame around the page (reliability: XSS, clickjacking).
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # Files keep their names over an upgrade: the browser asks each time and gets a 304 while nothing has changed.
    "Cache-Control": "no-cache",
}

templates = Jinja2Templates(directory=HERE / "templates")
router = APIRouter(include_in_schema=False)


class Static(StaticFiles):
    """Static files with the same headers as the pages."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


@router.get("/")
def board(request: Request, wall: str = "") -> Response:
    """The line board, or with `?wall=1` the same for a screen on the wall."""
    return _page(request, "wall.html" if wall == "1" else "board.html")


@router.get("/assets/{path:path}")
def machine(request: Request, path: str) -> Response:
    """One machine; the element itself moves on to the board where the path names a line, area or site."""
    return _page(request, "machine.html", path=path)


@router.get("/lines/{path:path}")
def line(path: str) -> Response:
    """A line is the board with a filter."""
    return RedirectResponse("/?" + urlencode({"asset": path}))


@router.get("/rejections")
def rejections(request: Request) -> Response:
    """Messages that became no event."""
    return _page(request, "rejections.html")


@router.get("/maintenance")
def maintenance(request: Request) -> Response:
    """The machines by urgency, as monitors see them."""
    return _page(request, "maintenance.html")


@router.get("/plant")
def plant(request: Request) -> Response:
    """Plant data with its changes."""
    return _page(request, "plant.html")


def add_pages(app: FastAPI) -> None:
    """Add the pages under `/` and their files under `/static`."""
    app.include_router(router)
    app.mount("/static", Static(directory=HERE / "static"), name="static")
    _answer_browsers(app)


def _answer_browsers(app: FastAPI) -> None:
    """A browser that is lost gets a page; whoever asks for something else, the answer that the application has."""
    otherwise = app.exception_handlers[HTTPException]

    async def missing(request: Request, error: Exception) -> Response:
        if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/"):
            return _page(request, "missing.html", status=404)
        found = otherwise(request, error)
        answer: Response = await found if isawaitable(found) else found
        return answer

    app.add_exception_handler(404, missing)


def _page(request: Request, template: str, *, status: int = 200, **context: str) -> Response:
    return templates.TemplateResponse(request, template, context, status_code=status, headers=HEADERS)
