"""Routes that hand out whole tables as files: events, spans, units and KPI windows, as CSV or Parquet.

A file is made in steps on the threads of the questions and sent as it is made: memory holds one piece of it, a slow
client holds up nobody, and one that takes nothing at all is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BeforeValidator, Field
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from edge.api import tabular
from edge.api.answers import Exported, Window
from edge.api.context import NO_STORE, Context, Ctx
from edge.api.parameters import Asset as AssetName
from edge.api.parameters import KpiParameters, WindowParameters, one_of, text_schema
from edge.api.queries import Queries
from edge.clock import to_datetime
from edge.errors import QueryError

router = APIRouter(prefix="/export", tags=["export"])

TABLES = ("events", "spans", "units", "kpis")
STALL_S = 60.0  # a client that takes nothing for so long is gone
BY_EXTRA = "csv; parquet after `pip install pyarrow` (the extra shopfloor-edge[parquet]) and a restart"

Encode = Callable[[Exported], Iterator[bytes]]
Format = Literal["csv", "parquet"]
TableName = Annotated[
    str,
    BeforeValidator(one_of(TABLES)),
    text_schema("spans", enum=list(TABLES[:-1])),
    Path(description="What to list."),
]


class ExportParameters(WindowParameters):
    longest: ClassVar[str] = "export_us"
    asset: AssetName = Field(description="The machine, or a prefix: then all its machines, one after the other.")
    format: Format = Field("csv", description="`csv`, or `parquet` where the service has pyarrow.")


class KpiExportParameters(KpiParameters):
    kpi: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="A KPI's name, as `/api/v1/kpis` lists it.")
    format: Format = Field("csv", description="`csv`, or `parquet` where the service has pyarrow.")


@router.get("/kpis")
async def export_kpis(ctx: Ctx, parameters: Annotated[KpiExportParameters, Query()]) -> Response:
    """A KPI as a table: a row for each step of the window (one row without `step`), a column for each value and fact.

    The numbers are those that `/kpis/{name}` answers; `more` has, as JSON, what one row has and the whole has not."""
    now = ctx.now()
    bounds = parameters.bounds(ctx.settings, now)
    parameters.check_windows(ctx.settings, now)

    def question() -> tuple[Window, Exported]:
        window = ctx.answers.window(parameters.asset, *bounds, parameters.as_of)
        return window, ctx.answers.export("kpis", window, parameters.kpi, parameters.step, parameters.as_of)

    return await _download(ctx, f"kpis-{parameters.kpi}", parameters.asset, parameters.format, question)


@router.get("/{table}")
async def export(ctx: Ctx, table: TableName, parameters: Annotated[ExportParameters, Query()]) -> Response:
    """Production events (without readings), spans of state, or units by their first verdict, as a table.

    By machine and in order of time. Spans fill the window up to the present."""
    bounds = parameters.bounds(ctx.settings, ctx.now())

    def question() -> tuple[Window, Exported]:
        window = ctx.answers.window(parameters.asset, *bounds)
        return window, ctx.answers.export(table, window, None, None, None)

    return await _download(ctx, table, parameters.asset, parameters.format, question)


async def _download(
    ctx: Context, title: str, asset: str, form: Format, question: Callable[[], tuple[Window, Exported]]
) -> Response:
    """The file; what is wrong with the question is answered before its first byte."""
    media_type, encode = _encoding(form)
    ctx.queries.begin()
    try:
        window, table = await ctx.queries.step(question)
        blocks = encode(table)
        first = await ctx.queries.step(lambda: next(blocks))
    except BaseException:
        ctx.queries.end()
        raise
    name = f"{title}_{asset.replace('/', '-')}_{_compact(window.start)}_{_compact(window.end)}.{form}"
    return Download(ctx.queries, first, blocks, media_type, name)


def _encoding(form: Format) -> tuple[str, Encode]:
    if form == "csv":
        return tabular.MEDIA_TYPE, tabular.blocks
    try:
        from edge.api import parquet
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("pyarrow"):
            raise
        raise QueryError("format", form, "this service writes no Parquet", 501, expected=BY_EXTRA) from error
    return parquet.MEDIA_TYPE, parquet.blocks


def _compact(us: int) -> str:
    return f"{to_datetime(us):%Y%m%dT%H%M%SZ}"


class Download(StreamingResponse):
    """A file that is made while it is sent; its place among the long answers is given back whatever happens."""

    def __init__(self, queries: Queries, first: bytes, blocks: Iterator[bytes], media_type: str, name: str) -> None:
        headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(self._parts(first, blocks), media_type=media_type, headers=headers)
        self._queries = queries

    async def _parts(self, part: bytes | None, blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
        while part is not None:
            if part:
                yield part
            part = await self._queries.step(lambda: next(blocks, None))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_time(message: Message) -> None:
            async with asyncio.timeout(STALL_S):
                await send(message)

        try:
            await super().__call__(scope, receive, in_time)
        except TimeoutError:
            if abort := scope.get("extensions", {}).get("edge.abort"):
                abort()
        finally:
            self._queries.end()
