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


@router.get("/{asset:path}/status")
async def status(ctx: Ctx, asset: AssetPath, parameters: Annotated[Parameters, Query()]) -> Response:
    """What a machine is doing now; of a line, area or site all its machines, worst first, and the pooled numbers."""
    return await ctx.answer(lambda: ctx.answers.status(asset))


@router.get("/{asset:path}/timeline")
async def timeline(ctx: Ctx, asset: AssetPath, parameters: Annotated[TimelineParameters, Query()]) -> Response:
    """The machine's spans of state in event time, as the calendar and all rulings classify them."""

    def question() -> object:
        window = _window(ctx, asset, parameters)
        return ctx.answers.timeline(asset, window.start, window.end)

    return await ctx.answer(question)


@router.get("/{asset:path}/readings")
async def readings(ctx: Ctx, asset: AssetPath, parameters: Annotated[ReadingParameters, Query()]) -> Response:
    """Signals over time, downsampled to about `points` points of `[ms since 1970, mean, min, max, count]`."""

    def question() -> object:
        window = _window(ctx, asset, parameters)
        return ctx.answers.readings(asset, tuple(parameters.signal), window.start, window.end, parameters.points)

    return await ctx.answer(question)


@router.get("/{asset:path}/losses")
async def losses(ctx: Ctx, asset: AssetPath, parameters: Annotated[WindowParameters, Query()]) -> Response:
    """Where the time went: a waterfall from calendar time to good parts, and the reasons of the stops."""
    return await ctx.answer(lambda: ctx.answers.losses(asset, _window(ctx, asset, parameters)))


def _window(ctx: Context, asset: str, parameters: WindowParameters) -> Window:
    return ctx.answers.window(asset, *parameters.bounds(ctx.settings, ctx.now()))
