"""Routes about corrections: what people say over the record, listed, made and revoked.

A correction is a message of its own in the journal; this answers once it is durable there.
"""

from __future__ import annotations

import secrets
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from edge.api.bodies import Revocation, append_correction, read_body
from edge.api.context import Ctx
from edge.api.parameters import ListParameters, check_range
from edge.corrections import KINDS, Correction
from edge.errors import QueryError

router = APIRouter(prefix="/corrections", tags=["corrections"])
CorrectionId = Annotated[
    str, Path(alias="id", pattern=r"^[A-Za-z0-9_.:-]{1,64}$", description="The id of a correction.")
]


class Wanted(msgspec.Struct, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A correction as a client asks for it; the service gives it an id and a time."""

    kind: str
    by: str
    why: str
    asset: str | None = None
    from_: str | None = None
    to: str | None = None
    at: str | None = None
    state: str | None = None
    reason: str | None = None
    reason_after: str | None = None
    product: str | None = None
    order: str | None = None
    total: int = 0
    bad: int = 0
    qty: int = 0
    serial: str | None = None
    lot: str | None = None
    monitor: str | None = None
    component: str | None = None
    action: str | None = None


@router.get("")
async def corrections(ctx: Ctx, parameters: Annotated[ListParameters, Query()]) -> Response:
    """Corrections that touch a time, oldest first, revoked ones marked."""
    check_range(parameters.start, parameters.end, ctx.settings, ctx.now())
    return await ctx.answer(
        lambda: ctx.answers.corrections(parameters.asset, parameters.start, parameters.end, parameters.limit)
    )


@router.post("", status_code=201)
async def correct(ctx: Ctx, request: Request) -> Response:
    """Lay a correction over the record: reason, state, product, order, split, merge, count or scrap; acknowledge an
    alarm or say that work is done (acknowledge, work_done)."""
    wanted = await read_body(request, Wanted)
    if wanted.kind not in KINDS or wanted.kind == "revoke":
        raise QueryError("kind", wanted.kind, "there is no such kind of correction", expected=", ".join(KINDS[:-1]))
    members = msgspec.structs.asdict(wanted)
    return await append_correction(ctx, Correction(id=secrets.token_hex(8), **members))


@router.post("/{id}/revoke", status_code=201)
async def revoke(ctx: Ctx, number: CorrectionId, request: Request) -> Response:
    """Take a correction back; the record of both stays."""
    wanted = await read_body(request, Revocation)
    if not ctx.answers.can_revoke(number):
        told = "there is no correction of this id that holds and can be taken back"
        raise QueryError("id", number, told, 404, expected="one that /api/v1/corrections lists")
    return await append_correction(
        ctx, Correction(secrets.token_hex(8), "revoke", wanted.by, wanted.why, revokes=number)
    )
