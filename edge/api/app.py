"""The HTTP application: its routes, error answers and headers put together."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI

from edge import __version__
from edge.api import assessments, assets, corrections, docs, exports, kpis, messages, plantdata, problems, stream
from edge.api.answers import Answers, Health, JournalWriting, Metrics, PlantAnswers
from edge.api.context import ApiSettings, Context
from edge.api.headers import SecurityHeaders
from edge.api.health import router as health_router
from edge.api.hub import Hub
from edge.api.parameters import refuse_repeated
from edge.api.queries import Queries


def create_app(
    answers: Answers,
    hub: Hub,
    health: Health,
    metrics: Metrics,
    *,
    settings: ApiSettings | None = None,
    pages: Callable[[FastAPI], None] | None = None,
    journal: JournalWriting | None = None,
    plant: PlantAnswers | None = None,
    now: Callable[[], int] = lambda: time.time_ns() // 1000,
    asked: Callable[[], None] = lambda: None,
) -> FastAPI:
    """An application of its own, sharing nothing with another; `pages` adds web pages, `journal` routes that write,
    `plant` those of plant data; `asked` is called at each question.

    Its lifespan ends the query threads; the streams end with `hub.close()`."""
    settings = settings or ApiSettings()
    queries = Queries(threads=settings.threads, waiting=settings.waiting, long=settings.exports, asked=asked)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        queries.close()

    app = FastAPI(
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        title="Shop-floor edge",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.openapi = None
    app.state.context = Context(answers, hub, health, metrics, queries, settings, journal, plant, now)
    problems.install(app)
    app.add_middleware(SecurityHeaders)
    app.include_router(_routes(writing=journal is not None, plant=plant is not None))
    app.include_router(health_router)
    app.include_router(docs.router)
    if pages is not None:
        pages(app)
    return app


def _routes(*, writing: bool, plant: bool) -> APIRouter:
    """What lies under `/api/v1`."""
    v1 = APIRouter(prefix="/api/v1", dependencies=[Depends(refuse_repeated)])
    for part in (assets, assessments, kpis, exports, messages, stream):
        v1.include_router(part.router)
    if writing:
        v1.include_router(corrections.router)
        v1.include_router(assessments.writing)
    if plant:
        v1.include_router(plantdata.router)
    return v1
