"""What a route has at hand: the parts that the application was made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.responses import Response

from edge.api.answers import Answers, Health, JournalWriting, Metrics, PlantAnswers
from edge.api.hub import Hub
from edge.api.queries import Queries
from edge.clock import DAY

NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What one request may ask for; a question beyond is refused with 400."""

    threads: int = 4  # how many questions are answered at once
    waiting: int = 64  # how many may be asked at once
    exports: int = 2  # how many files are made at once
    windows: int = 10_000  # of one answer with a step
    window_us: int = 3660 * DAY
    export_us: int = 366 * DAY  # of a table that is sent as it is made
    timeline_us: int = 31 * DAY  # spans are listed one by one
    ahead_us: int = 366 * DAY  # how far a window may reach into the future
    oldest_us: int = 946_684_800_000_000  # 2000-01-01


@dataclass(frozen=True, slots=True)
class Context:
    answers: Answers
    hub: Hub
    health: Health
    metrics: Metrics
    queries: Queries
    settings: ApiSettings
    journal: JournalWriting | None
    plant: PlantAnswers | None
    now: Callable[[], int]  # microseconds since 1970

    async def answer(self, question: Callable[[], object]) -> Response:
        """What `question` gives, asked in a thread, as a JSON answer."""
        return Response(await self.queries.run(question), media_type="application/json", headers=NO_STORE)


async def context_of(request: Request) -> Context:
    return cast(Context, request.app.state.context)


Ctx = Annotated[Context, Depends(context_of)]
