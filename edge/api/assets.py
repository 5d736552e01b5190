"""Routes about assets: what there is, how it is now, what it did and what was lost."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from edge.api.answers import Window
from edge.api.context import Context, Ctx
from edge.api.parameters import AssetPath, Parameters, ReadingParameters, TimelineParameters, WindowParameters

router = APIRouter(prefix="/assets", tags=["assets"])


@router.get("")
async def assets(ctx: Ctx, parameters: Annotated[Parameters, Query()]) -> Response:
    """Every site, area, line and machine, with the signals that each machine publishes."""
    return await ctx.answer(ctx.answers.assets)


@router.get("/{path:path}/status")
async def status(ctx: Ctx, path: AssetPath, parameters: Annotated[Parameters, Query()]) -> Response:
    """What a machine is doing now; of a line, area or site all its machines, worst first, and the pooled numbers."""
    return await ctx.answer(lambda: ctx.answers.status(path))


@router.get("/{path:path}/timeline")
async def timeline(ctx: Ctx, path: AssetPath, parameters: Annotated[TimelineParameters, Query()]) -> Response:
    """The machine's spans of state in event time, as the calendar and all rulings classify them."""

    def question() -> object:
        window = _window(ctx, path, parameters)
        return ctx.answers.timeline(path, window.start, window.end)

    return await ctx.answer(question)


@router.get("/{path:path}/readings")
async def readings(ctx: Ctx, path: AssetPath, parameters: Annotated[ReadingParameters, Query()]) -> Response:
    """Signals over time, downsampled to about `points` points of `[ms since 1970, mean, min, max, count]`."""

    def question() -> object:
        window = _window(ctx, path, parameters)
        return ctx.answers.readings(path, tuple(parameters.signal), window.start, window.end, parameters.points)

    return await ctx.answer(question)


@router.get("/{path:path}/losses")
async def losses(ctx: Ctx, path: AssetPath, parameters: Annotated[WindowParameters, Query()]) -> Response:
    """Where the time went: a waterfall from calendar time to good parts, and the reasons of the stops."""
    return await ctx.answer(lambda: ctx.answers.losses(path, _window(ctx, path, parameters)))


def _window(ctx: Context, path: str, parameters: WindowParameters) -> Window:
    return ctx.answers.window(path, *parameters.bounds(ctx.settings, ctx.now()))
