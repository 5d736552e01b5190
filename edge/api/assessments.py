"""Routes about assessments: what monitors say of machines, and what people say to it.

An acknowledgement and the note that work is done are corrections: entries of the journal, with who and why.
"""

from __future__ import annotations

import secrets
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from edge.api.answers import AssessmentFilter
from edge.api.bodies import append_correction, read_body
from edge.api.context import Context, Ctx
from edge.api.parameters import AssessmentParameters, AssetPath, check_range
from edge.corrections import Correction
from edge.errors import QueryError

router = APIRouter(prefix="/assessments", tags=["assessments"])
writing = APIRouter(prefix="/assessments", tags=["assessments"])


class Note(msgspec.Struct, forbid_unknown_fields=True):
    """Who takes note of an alarm, and why; of one monitor, or of all."""

    by: str
    why: str
    monitor: str | None = None


class Work(msgspec.Struct, forbid_unknown_fields=True):
    """Who has done which work on which component, and why."""

    by: str
    why: str
    component: str
    action: str | None = None


@router.get("")
async def assessments(ctx: Ctx, parameters: Annotated[AssessmentParameters, Query()]) -> Response:
    """What monitors say of each machine now, the most urgent first; with `from`, `to` or an id as `after` what they
    said over time."""
    check_range(parameters.start, parameters.end, ctx.settings, ctx.now())
    filters = AssessmentFilter(
        asset=parameters.asset, states=parameters.state, monitor=parameters.monitor, start=parameters.start,
        end=parameters.end, limit=parameters.limit, after=parameters.after,
    )  # fmt: skip
    return await ctx.answer(lambda: ctx.answers.assessments(filters))


@writing.post("/{asset:path}/acknowledge", status_code=201)
async def acknowledge(ctx: Ctx, asset: AssetPath, request: Request) -> Response:
    """Take note of a machine's alarms, until they clear or grow."""
    note = await read_body(request, Note)
    await ctx.queries.run(lambda: _alarms(ctx, asset, note.monitor))
    return await append_correction(
        ctx, Correction(secrets.token_hex(8), "acknowledge", note.by, note.why, asset=asset, monitor=note.monitor)
    )


def _alarms(ctx: Context, asset: str, monitor: str | None) -> object:
    """The alarms of a machine; QueryError where there is none to take note of."""
    alarms = frozenset({"watch", "plan", "act"})
    filters = AssessmentFilter(
        asset=asset, states=alarms, monitor=monitor, start=None, end=None, limit=1, after=None
    )  # fmt: skip
    found = ctx.answers.assessments(filters)
    if not found["assessments"]:
        raise QueryError("asset", asset, "nothing is said of it that could be acknowledged", 409, expected="an alarm")
    return found


@writing.post("/{asset:path}/work-done", status_code=201)
async def work_done(ctx: Ctx, asset: AssetPath, request: Request) -> Response:
    """Say that a component has been repaired or replaced: its counters and its baseline start anew."""
    work = await read_body(request, Work)
    said = Correction(
        secrets.token_hex(8), "work_done", work.by, work.why, asset=asset, component=work.component, action=work.action
    )
    return await append_correction(ctx, said)
