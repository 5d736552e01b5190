"""Tables over HTTP: sent as they are made, readable as CSV, and nothing in them that a spreadsheet would run."""

from __future__ import annotations

import asyncio
import csv
import io
import sys
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI

import edge.api
from edge.api import parquet
from edge.api.server import Listening
from edge.api.tabular import blocks, text_cell
from edge.clock import from_text, to_datetime
from tests.api.fakes import NOW, FakeAnswers, FakeTable, FakeWindow
from tests.patience import WAIT_S

FROM, TO = from_text("2025-03-03T05:00:00Z"), from_text("2025-03-03T08:00:00Z")
WINDOW = "asset=demo/packing/l1&from=2025-03-03T05:00:00Z&to=2025-03-03T08:00:00Z"
LINE = FakeWindow("demo/packing/l1", FROM, TO, None)
ROUTES: list[tuple[str, tuple[Any, ...], str]] = [
    (f"events?{WINDOW}", ("events", LINE, None, None, None), "events_demo-packing-l1"),
    (f"spans?{WINDOW}&format=csv", ("spans", LINE, None, None, None), "spans_demo-packing-l1"),
    (f"units?{WINDOW}", ("units", LINE, None, None, None), "units_demo-packing-l1"),
    (f"kpis?{WINDOW}&kpi=oee", ("kpis", LINE, "oee", None, None), "kpis-oee_demo-packing-l1"),
    (
        f"kpis?{WINDOW}&kpi=oee&step=1h&as_of=2025-03-03T08:00:00Z",
        ("kpis", LINE, "oee", "1h", TO),
        "kpis-oee_demo-packing-l1",
    ),
]


@pytest.mark.parametrize(("route", "asked", "name"), ROUTES, ids=[route for route, _, _ in ROUTES])
async def test_table_comes_as_a_file_named_by_the_server(
    client: httpx.AsyncClient, answers: FakeAnswers, route: str, asked: tuple[Any, ...], name: str
) -> None:
    answer = await client.get(f"/api/v1/export/{route}")
    assert answer.status_code == 200, answer.text
    assert answers.asked[-1] == ("export", *asked)
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    file = f"{name}_20250303T050000Z_20250303T080000Z.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{file}"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    line = '1,"\'=1+1",-2.5,true,2025-03-03T09:00:00Z\r\n'
    assert answer.content.decode() == "a,b,c,d,e\r\n" + 3 * line


@pytest.mark.parametrize(
    ("question", "status", "parameter", "expected"),
    [
        (f"spans?{WINDOW}&kpi=oee", 400, "kpi", "one of"),
        (f"spans?{WINDOW}&stepp=1h", 400, "stepp", "one of"),
        (f"kpis?{WINDOW}", 400, "kpi", "KPI's name"),
        (f"kpis?{WINDOW}&kpi=oee&step=7m", 400, "step", "minutes"),
        (f"kpis?{WINDOW}&kpi=OEE", 400, "kpi", "[a-z]"),
        ("spans", 400, "asset", "machine"),
        (f"span?{WINDOW}", 400, "table", "spans"),
        (f"spans?{WINDOW}&format=xlsx", 400, "format", "csv"),
        (f"spans?{WINDOW}&{WINDOW}", 400, "asset", "once"),
        ("spans?asset=demo&from=2023-03-03T05:00:00Z", 400, "from", ""),
        ("spans?asset=nowhere", 404, "asset", ""),
        ("kpis?asset=demo&from=2025-01-01T00:00:00Z&kpi=oee&step=1m", 400, "step", "10000"),
    ],
)
async def test_wrong_question_is_a_problem_and_no_file(
    client: httpx.AsyncClient, app: FastAPI, question: str, status: int, parameter: str, expected: str
) -> None:
    answer = await client.get(f"/api/v1/export/{question}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["parameter"] == parameter
    assert expected in (answer.json().get("expected") or "")
    assert app.state.context.queries.long == 0


async def test_parquet_has_the_rows_of_the_table_with_their_types(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/api/v1/export/spans?{WINDOW}&format=parquet")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vnd.apache.parquet")
    assert answer.headers["content-disposition"].endswith('.parquet"')
    table = pq.read_table(io.BytesIO(answer.content))
    assert [str(field.type) for field in table.schema] == ["int64", "string", "double", "bool", "timestamp[us, tz=UTC]"]
    row = {"a": 1, "b": "=1+1", "c": -2.5, "d": True, "e": to_datetime(NOW)}  # no spreadsheet reads it: no apostrophe
    assert table.to_pylist() == [row] * 3


def test_parquet_of_many_rows_comes_in_groups_and_what_is_not_known_is_null() -> None:
    rows = [(n, None, None if n % 2 else n, None, None) for n in range(30_000)]
    file = pq.ParquetFile(io.BytesIO(b"".join(parquet.blocks(FakeTable(rows, count=2)))))
    found = file.read().to_pydict()
    assert file.num_row_groups == 3  # two pieces of more than is waited for, and the rest, which is none
    assert found["a"] == [*range(30_000)] * 2
    assert found["c"][:4] == [0.0, None, 2.0, None]
    assert set(found["b"]) == {None}


async def test_parquet_without_its_library_says_how_to_get_it(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "edge.api.parquet")
    monkeypatch.delattr(edge.api, "parquet")
    answer = await client.get(f"/api/v1/export/spans?{WINDOW}&format=parquet")
    assert (answer.status_code, answer.json()["parameter"]) == (501, "format")
    assert "shopfloor-edge[parquet]" in answer.json()["expected"]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("plain", "plain"),
        ("", ""),
        ("=1+1", '"\'=1+1"'),
        ("+cmd|' /C calc'!A0", "\"'+cmd|' /C calc'!A0\""),
        ("-2+3", '"\'-2+3"'),
        ("@SUM(A1)", '"\'@SUM(A1)"'),
        ("\t=1", '"\'\t=1"'),
        ("\r=1", '"\'\r=1"'),
        ("-12.5", "-12.5"),
        ("+1e3", "+1e3"),
        ('say "no", twice\n', '"say ""no"", twice\n"'),
        ("a;=1", '"a;=1"'),
        ("Ölwechsel", "Ölwechsel"),
    ],
)
def test_cell_is_never_a_formula(text: str, cell: str) -> None:
    assert text_cell(text) == cell


def test_csv_reads_back_what_was_written() -> None:
    rows = [(None, 'a "b",\r\nc', float("nan"), False, NOW), (2**60, "", -0.1, None, None)]
    text = b"".join(blocks(FakeTable(rows, count=1))).decode()
    head, *found = csv.reader(io.StringIO(text, newline=""))
    assert head == ["a", "b", "c", "d", "e"]
    assert found == [["", 'a "b",\r\nc', "", "false", "2025-03-03T09:00:00Z"], [str(2**60), "", "-0.1", "", ""]]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110  # the server has no event for this
            await asyncio.sleep(0.01)


async def test_only_as_much_is_made_as_the_client_takes(server: Listening, app: FastAPI, answers: FakeAnswers) -> None:
    answers.table = FakeTable([(1, "x" * 1000, 1.0, True, NOW)] * 1000, count=500)
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=WAIT_S) as client,
        client.stream("GET", f"/api/v1/export/events?{WINDOW}") as answer,
    ):
        parts = answer.aiter_raw(100)
        await anext(parts)
        read = -1
        while read != answers.table.read:  # until nothing moves any more
            read = answers.table.read
            await asyncio.sleep(0.2)
        assert read < 50
        assert app.state.context.queries.long == 1
        await parts.aclose()  # type: ignore[attr-defined]  # it is a generator
    await until(lambda: app.state.context.queries.long == 0)
    assert answers.table.read < 60


async def test_failure_in_the_middle_ends_the_connection_and_not_the_file(
    server: Listening, app: FastAPI, answers: FakeAnswers
) -> None:
    answers.table = FakeTable([(1, 2, 3, 4, 5)])  # a number where text should be
    async with httpx.AsyncClient(base_url=server.url, timeout=WAIT_S) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"/api/v1/export/events?{WINDOW}")
    assert app.state.context.queries.long == 0


async def test_few_files_at_once_and_questions_go_on(
    client: httpx.AsyncClient, app: FastAPI, answers: FakeAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def export(*arguments: object) -> FakeTable:  # a table of its own for each question
        table = FakeTable()
        table.pieces = (() for _ in range(1) if go_on.wait(WAIT_S))
        return table

    monkeypatch.setattr(answers, "export", export)
    waiting = [asyncio.create_task(client.get(f"/api/v1/export/events?{WINDOW}")) for _ in range(2)]
    await until(lambda: app.state.context.queries.long == 2)
    refused = await client.get(f"/api/v1/export/units?{WINDOW}")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert (await client.get("/api/v1/assets")).status_code == 200
    go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [200, 200]
