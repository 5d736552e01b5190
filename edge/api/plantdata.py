"""Routes about plant data: products, calendars and settings of machines, at any instant; changed from an instant on.

A change is a message of its own in the journal; this answers once it is durable there.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from edge.api.answers import PlantAnswers
from edge.api.bodies import Revocation, append, read_body
from edge.api.context import Context, Ctx
from edge.api.parameters import AN_INSTANT, AssetPath, Instant, Parameters, check_recorded, instant
from edge.changes import EXCEPTIONS, SHIFT_TABLES, TOPIC, Kind, PlantChange
from edge.errors import QueryError

router = APIRouter(prefix="/plant", tags=["plant data"])
ChangeId = Annotated[str, Path(alias="id", pattern=r"^[A-Za-z0-9_.:-]{1,64}$", description="The id of a change.")]
ProductName = Annotated[str, Path(min_length=1, max_length=128, description="The name of a product.")]
Site = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="A site of the plant file.")]
Machines = Annotated[
    str, Path(min_length=1, max_length=300, description="The path of a machine, or a pattern such as demo/packing/*.")
]
MAX_BODY = 65_536


class PlantParameters(Parameters):
    at: Instant | None = Field(None, description="What held then; now, where missing.")
    as_of: Instant | None = Field(None, description="As it was known then: only what had been said counts.")


class ChangeParameters(Parameters):
    kind: str | None = Field(None, pattern="^(product|shifts|exception|machine)$", description="Only of this kind.")
    name: str | None = Field(None, max_length=300, description="Only of this product, site, or path or pattern.")
    as_of: Instant | None = Field(None, description="As it was known then: only what had been said counts.")


@router.get("")
async def plant(ctx: Ctx, parameters: Annotated[PlantParameters, Query()]) -> Response:
    """Products, calendars and machine settings as they hold at an instant: the plant file with all changes over it."""
    return await ctx.answer(lambda: _plant(ctx).data(parameters.at, parameters.as_of))


@router.get("/changes")
async def plant_changes(ctx: Ctx, parameters: Annotated[ChangeParameters, Query()]) -> Response:
    """Every change of plant data, in the order in which they were said, revoked ones marked."""
    return await ctx.answer(lambda: _plant(ctx).changes(parameters.kind, parameters.name, parameters.as_of))


@router.get("/settings/{asset:path}")
async def plant_settings(ctx: Ctx, asset: AssetPath, parameters: Annotated[PlantParameters, Query()]) -> Response:
    """The settings of one machine at an instant, with those of all patterns that match it; also its stop reasons."""
    return await ctx.answer(lambda: _plant(ctx).settings(asset, parameters.at, parameters.as_of))


@router.put("/products/{name}", status_code=201)
async def change_product(ctx: Ctx, name: ProductName, request: Request) -> Response:
    """A product from an instant on: `ideal_cycle_s`, `parts_per_cycle`, `title`, and `valid_from`, `by`, `why`."""
    return await _change(ctx, "product", name, await _body(request))


@router.put("/sites/{site}/shifts", status_code=201)
async def change_shifts(ctx: Ctx, site: Site, request: Request) -> Response:
    """The shifts of a site from an instant on: `shifts`, `breaks` beside them, `valid_from`, `by` and `why`."""
    said = await _body(request)
    if "shifts" not in said:
        raise QueryError("shifts", None, "shifts is missing", expected="an array of shifts; empty: around the clock")
    _refuse_others(said, SHIFT_TABLES)
    return await _change(ctx, "shifts", site, said)


@router.post("/sites/{site}/exceptions", status_code=201)
async def add_exception(ctx: Ctx, site: Site, request: Request) -> Response:
    """A planned stop or unscheduled time of a site: `kind`, `from`, `to`, `reason`, beside `by` and `why`."""
    said = await _body(request)
    if said.get("kind") not in EXCEPTIONS:
        raise QueryError("kind", said.get("kind"), "not a kind of exception", expected=" or ".join(EXCEPTIONS))
    for name in ("from", "to"):
        _check_instant(ctx, name, said.get(name))
    return await _change(ctx, "exception", site, said)


@router.put("/machines/{pattern:path}", status_code=201)
async def change_machines(ctx: Ctx, pattern: Machines, request: Request) -> Response:
    """Settings of a machine, or of all that a pattern matches, from an instant on: targets, thresholds, and others.

    Settings that are not named stay as they are; null gives one back to the plant file."""
    return await _change(ctx, "machine", pattern, await _body(request))


@router.put("/reasons/{pattern:path}", status_code=201)
async def change_reasons(ctx: Ctx, pattern: Machines, request: Request) -> Response:
    """The reasons that operators choose from, from an instant on: `stop_reasons`, beside `valid_from`, `by`, `why`."""
    said = await _body(request)
    if "stop_reasons" not in said:
        raise QueryError("stop_reasons", None, "stop_reasons is missing", expected="an array of texts, 6 to 12 of them")
    _refuse_others(said, ("stop_reasons",))
    return await _change(ctx, "machine", pattern, said)


@router.post("/changes/{id}/revoke", status_code=201)
async def revoke_change(ctx: Ctx, number: ChangeId, request: Request) -> Response:
    """Take a change back; the record of both stays."""
    wanted = await read_body(request, Revocation)
    revocation = PlantChange(secrets.token_hex(8), "revoke", wanted.by, wanted.why, revokes=number)
    return await _append(ctx, revocation)


def _plant(ctx: Context) -> PlantAnswers:
    assert ctx.plant is not None, "without it these routes are not there"
    return ctx.plant


async def _body(request: Request) -> dict[str, Any]:
    return await read_body(request, dict[str, Any], most=MAX_BODY)


def _refuse_others(said: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in said:
        if name not in (*known, "valid_from", "by", "why"):
            raise QueryError(name[:64], None, "there is no such member here", expected=", ".join(known))


async def _change(ctx: Context, kind: Kind, name: str, said: dict[str, Any]) -> Response:
    """Take the members of every change out of a body; what is left is what is changed."""
    people = {member: said.pop(member, None) for member in ("by", "why")}
    valid_from = said.pop("valid_from", None)
    if kind != "exception":
        _check_instant(ctx, "valid_from", valid_from)
    elif valid_from is not None:
        raise QueryError("valid_from", valid_from, "an exception holds for its own time", expected="from and to alone")
    change = PlantChange(secrets.token_hex(8), kind, name=name, valid_from=valid_from, value=said, **people)
    return await _append(ctx, change)


def _check_instant(ctx: Context, name: str, text: object) -> None:
    try:
        moment = instant(text)
    except PydanticCustomError as error:
        raise QueryError(name, text, f"{name} is not a time with offset", expected=AN_INSTANT) from error
    check_recorded(name, text, moment, ctx.settings, ctx.now() + ctx.settings.ahead_us)


async def _append(ctx: Context, change: PlantChange) -> Response:
    for member in ("by", "why"):
        text = getattr(change, member)
        if not isinstance(text, str) or not text.strip():
            raise QueryError(member, text, f"{member} is missing", expected="a change says who made it and why")
    warnings = msgspec.json.decode(await ctx.queries.run(lambda: _plant(ctx).check(change)))
    return await append(ctx, TOPIC, change, warnings)
