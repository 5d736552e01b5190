"""Routes about corrections: what people say over the record, listed, made and revoked.

A correction is a message of its own in the journal; this answers once it is durable there.
"""

from __future__ import annotations

import secrets
from typing import Annotated, TypeVar

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from edge.api.context import NO_STORE, Context, Ctx
from edge.api.parameters import ListParameters, check_range
from edge.api.problems import Refusal
from edge.corrections import KINDS, TOPIC, Correction, problem
from edge.errors import QueryError

router = APIRouter(prefix="/corrections", tags=["corrections"])
CorrectionId = Annotated[
    str, Path(alias="id", pattern=r"^[A-Za-z0-9_.:-]{1,64}$", description="The id of a correction.")
]
MAX_BODY = 16_384


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


class Revocation(msgspec.Struct, forbid_unknown_fields=True):
    """Who revokes a correction, and why."""

    by: str
    why: str


T = TypeVar("T", Wanted, Revocation)


@router.get("")
async def corrections(ctx: Ctx, parameters: Annotated[ListParameters, Query()]) -> Response:
    """Corrections that touch a time, oldest first, revoked ones marked."""
    check_range(parameters.start, parameters.end, ctx.settings, ctx.now())
    return await ctx.answer(
        lambda: ctx.answers.corrections(parameters.asset, parameters.start, parameters.end, parameters.limit)
    )


@router.post("", status_code=201)
async def correct(ctx: Ctx, request: Request) -> Response:
    """Lay a correction over the record: reason, state, product, order, split, merge, count or scrap."""
    wanted = await _body(request, Wanted)
    if wanted.kind not in KINDS or wanted.kind == "revoke":
        raise QueryError("kind", wanted.kind, "there is no such kind of correction", expected=", ".join(KINDS[:-1]))
    members = msgspec.structs.asdict(wanted)
    return await _append(ctx, Correction(id=secrets.token_hex(8), **members))


@router.post("/{id}/revoke", status_code=201)
async def revoke(ctx: Ctx, number: CorrectionId, request: Request) -> Response:
    """Take a correction back; the record of both stays."""
    wanted = await _body(request, Revocation)
    if not ctx.answers.can_revoke(number):
        raise QueryError("id", number, "there is no correction of this id that holds", 404)
    return await _append(ctx, Correction(secrets.token_hex(8), "revoke", wanted.by, wanted.why, revokes=number))


async def _append(ctx: Context, correction: Correction) -> Response:
    wrong = problem(correction)
    if wrong is not None:
        member, expected = wrong
        value = getattr(correction, "from_" if member == "from" else member)
        raise QueryError(member, value, f"{member} does not fit a correction of this kind", expected=expected)
    if correction.asset is not None:
        await ctx.queries.run(lambda: ctx.answers.check_machine(correction.asset or ""))
    if ctx.journal is None:
        raise Refusal(503, "nothing can be written here")
    offset = await ctx.journal.append(TOPIC, msgspec.json.encode(correction))
    body = msgspec.json.encode({"id": correction.id, "offset": offset})
    return Response(body, status_code=201, media_type="application/json", headers=NO_STORE)


async def _body(request: Request, kind: type[T]) -> T:
    """The request's JSON; refused where it comes from another site's page, or is no such object."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refusal(403, "a page of another site may not change anything here")
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refusal(415, "the body is JSON: send Content-Type: application/json")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise Refusal(413, f"a correction takes at most {MAX_BODY} bytes")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise QueryError("body", None, str(error), expected=", ".join(kind.__struct_encode_fields__)) from error
