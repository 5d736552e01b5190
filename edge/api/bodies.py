"""Requests that write: their JSON read with care, and what they say appended to the journal."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from fastapi import Request
from starlette.responses import Response

from edge.api.context import NO_STORE, Context
from edge.api.problems import Refusal
from edge.corrections import TOPIC, Correction, problem
from edge.errors import QueryError

MAX_BODY = 16_384
T = TypeVar("T")


async def append_correction(ctx: Context, correction: Correction) -> Response:
    """Write a correction into the journal; the answer has its id and offset. QueryError for one that cannot be used."""
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
