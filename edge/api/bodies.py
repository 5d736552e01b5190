"""Requests that write: their JSON read with care, and what they say appended to the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from fastapi import Request
from starlette.responses import Response

from edge.api.context import NO_STORE, Context
from edge.api.parameters import check_recorded
from edge.api.problems import Refusal
from edge.changes import PlantChange
from edge.clock import MINUTE, from_text
from edge.corrections import TOPIC, Correction, problem
from edge.errors import QueryError

MAX_BODY = 16_384
AHEAD = MINUTE  # clocks of those who ask may be ahead of ours
T = TypeVar("T")


class Revocation(msgspec.Struct, forbid_unknown_fields=True):
    """Who takes back what was said, and why."""

    by: str
    why: str


async def append_correction(ctx: Context, correction: Correction) -> Response:
    """Write a correction into the journal; the answer has its id and offset, and `warnings` where it is strange.

    QueryError for one that cannot be used."""
    wrong = problem(correction)
    if wrong is not None:
        member, expected = wrong
        value = getattr(correction, "from_" if member == "from" else member)
        raise QueryError(member, value, f"{member} does not fit a correction of this kind", expected=expected)
    _check_times(ctx, correction)
    if correction.asset is not None:
        await ctx.queries.run(lambda: ctx.answers.check_machine(correction.asset or ""))
    warnings = await _warnings(ctx, correction)
    return await append(ctx, TOPIC, correction, {"warnings": warnings} if warnings else {})


async def append(ctx: Context, topic: str, said: Correction | PlantChange, more: Mapping[str, Any]) -> Response:
    """Write what somebody said into the journal; the answer has its id, its offset, and `more`."""
    if ctx.journal is None:
        raise Refusal(503, "nothing can be written here")
    offset = await ctx.journal.append(topic, msgspec.json.encode(said))
    body = msgspec.json.encode({"id": said.id, "offset": offset, **more})
    return Response(body, status_code=201, media_type="application/json", headers=NO_STORE)


async def _warnings(ctx: Context, correction: Correction) -> list[str]:
    """What holds, and will surprise: a product that plant data did not have at that time."""
    plant, product = ctx.plant, correction.product
    if plant is None or product is None:
        return []
    moment = correction.from_ or correction.at
    at = from_text(moment) if moment else None
    known = msgspec.json.decode(await ctx.queries.run(lambda: plant.data(at, None)))["products"]
    if product in known:
        return []
    return [f"no product {product} in the plant data: without its ideal cycle the performance is not known"]


def _check_times(ctx: Context, correction: Correction) -> None:
    """QueryError for a time outside of all records. What is corrected has begun, and may go on."""
    now = ctx.now()
    for name, text, latest in (
        ("from", correction.from_, now + AHEAD),
        ("to", correction.to, now + ctx.settings.ahead_us),
        ("at", correction.at, now + AHEAD),
    ):
        if text is not None:
            check_recorded(name, text, from_text(text), ctx.settings, latest)


async def read_body(request: Request, kind: type[T], *, most: int = MAX_BODY) -> T:
    """The request's JSON; refused where it comes from another site's page, is too large, or is no such object."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refusal(403, "a page of another site may not change anything here")
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refusal(415, "the body is JSON: send Content-Type: application/json")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise Refusal(413, f"the body takes at most {most} bytes")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        members = getattr(kind, "__struct_encode_fields__", ("an object",))
        raise QueryError("body", None, str(error), expected=", ".join(members)) from error
