"""Routes about single messages: what was rejected, which events came of them, and one message as it came."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from edge.api.answers import EventFilter, RejectionFilter
from edge.api.context import Context, Ctx
from edge.api.parameters import EventParameters, ListParameters, Parameters, RejectionParameters, check_range
from edge.errors import QueryError

router = APIRouter(tags=["messages"])
Offset = Annotated[int, Path(ge=1, le=2**63 - 1, description="The offset of a message in the journal.")]


@router.get("/rejections")
async def rejections(ctx: Ctx, parameters: Annotated[RejectionParameters, Query()]) -> Response:
    """Messages that could not become events, newest first, with the reason and the payload."""
    _check(ctx, parameters)
    filters = RejectionFilter(
        asset=parameters.asset, reason=parameters.reason, start=parameters.start, end=parameters.end,
        limit=parameters.limit, before=parameters.before,
    )  # fmt: skip
    return await ctx.answer(lambda: ctx.answers.rejections(filters))


@router.get("/events")
async def events(ctx: Ctx, parameters: Annotated[EventParameters, Query()]) -> Response:
    """Production events as decoded, in the order in which they arrived."""
    _check(ctx, parameters)
    filters = EventFilter(
        asset=parameters.asset, kind=parameters.kind, start=parameters.start, end=parameters.end,
        limit=parameters.limit, after=parameters.after,
    )  # fmt: skip
    return await ctx.answer(lambda: ctx.answers.events(filters))


@router.get("/messages/{offset}")
async def message(ctx: Ctx, offset: Offset, parameters: Annotated[Parameters, Query()]) -> Response:
    """One message as the broker gave it, and what became of it."""

    def question() -> object:
        found = ctx.answers.message(offset)
        if found is None:
            raise QueryError("offset", offset, "the journal has no such message, or has it no more", 404)
        return found

    return await ctx.answer(question)


def _check(ctx: Context, parameters: ListParameters) -> None:
    check_range(parameters.start, parameters.end, ctx.settings, ctx.now())
