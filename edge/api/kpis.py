"""Routes about KPIs: which there are, and one of them over a window."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from edge.api.context import Ctx
from edge.api.parameters import ExplainParameters, KpiParameters, Name, Parameters, RevisionParameters

router = APIRouter(prefix="/kpis", tags=["kpis"])


@router.get("")
async def kpis(ctx: Ctx, parameters: Annotated[Parameters, Query()]) -> Response:
    """Every KPI that a plugin has registered."""
    return await ctx.answer(ctx.answers.kpis)


@router.get("/{name}")
async def kpi(ctx: Ctx, name: Name, parameters: Annotated[KpiParameters, Query()]) -> Response:
    """One KPI of a machine, or of the pooled machines of a line, area or site, with everything that decided it."""
    now = ctx.now()
    bounds = parameters.bounds(ctx.settings, now)
    parameters.check_windows(ctx.settings, now)

    def question() -> object:
        window = ctx.answers.window(parameters.asset, *bounds, parameters.as_of)
        return ctx.answers.kpi(name, window, parameters.step, parameters.as_of)

    return await ctx.answer(question)


@router.get("/{name}/explain")
async def explain(ctx: Ctx, name: Name, parameters: Annotated[ExplainParameters, Query()]) -> Response:
    """Where the number comes from: intervals with class and ruling, counts, units, settings, and message offsets."""
    bounds = parameters.bounds(ctx.settings, ctx.now())

    def question() -> object:
        window = ctx.answers.window(parameters.asset, *bounds, parameters.as_of)
        return ctx.answers.explain(name, window, parameters.as_of)

    return await ctx.answer(question)


@router.get("/{name}/revisions")
async def revisions(ctx: Ctx, name: Name, parameters: Annotated[RevisionParameters, Query()]) -> Response:
    """How the number came to change after its window was over: what was known when, what changed, and why."""
    bounds = parameters.bounds(ctx.settings, ctx.now())

    def question() -> object:
        window = ctx.answers.window(parameters.asset, *bounds, parameters.as_of)
        return ctx.answers.revisions(name, window, parameters.as_of, parameters.limit)

    return await ctx.answer(question)
