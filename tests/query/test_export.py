"""Exported tables say what the answers say: spans fill the window, sums of KPI windows are the window's."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pyarrow.parquet as pq
import pytest

from edge.api import parquet
from edge.clock import from_text, to_datetime
from edge.errors import QueryError
from edge.events import KINDS, Reading
from edge.query.export import EVENT_COLUMNS, SPAN_COLUMNS, Table
from edge.query.query import Asked, Query
from edge.query.window import Window
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

START = datetime(2025, 3, 3, 6, tzinfo=UTC)
ASSETS = ("s/a/l/m1", "s/a/l/m2")
PLANT = {
    "products": {"A": {"ideal_cycle_s": 30}},
    "lines": {"s/a/l": {"route": ["m1", "m2"]}},
    "machines": {"s/*": {"product": "A", "stale_after_s": 0}},
}


def at(minute: float) -> str:
    return (START + timedelta(minutes=minute)).isoformat()


def said(minute: float, asset: str, kind: str, **members: object) -> Message:
    payload = {"ts": at(minute), **members}
    return Message(f"shopfloor/v1/{asset}/{kind}", json.dumps(payload).encode(), from_text(at(minute)))


def history() -> Iterator[Message]:
    """Two days: states over two midnights, parts and units each hour, rejects that are told a day late."""
    for hour in range(48):
        for asset in ASSETS:
            yield said(60 * hour + 1, asset, "state", state="fault" if hour % 7 == 3 else "running")
            yield said(60 * hour + 30, asset, "count", total=50 + hour, bad=hour % 3)
            yield said(60 * hour + 31, asset, "unit", serial=f"u{hour}", result="fail" if hour % 5 == 0 else "pass")
    yield said(2879, ASSETS[0], "scrap", qty=4, produced_ts=at(300), reason="=scratch")


@pytest.fixture(scope="module")
def query() -> Iterator[Query]:
    with answering(PLANT, sorted(history(), key=lambda message: message.received)) as query:
        yield query


def table(query: Query, name: str, start: float, end: float, asset: str = "s/a/l", **more: Any) -> Table:
    asked = Asked(asset, Window(from_text(at(start)), from_text(at(end))))
    return query.export(name, asked, more.get("kpi"), more.get("step"), None)


def rows(found: Table) -> list[dict[str, Any]]:
    return [dict(zip(found.columns, row, strict=True)) for piece in found.pieces for row in piece]


def test_every_member_of_every_event_has_a_column() -> None:
    assert {name for kind in KINDS if kind is not Reading for name in kind.__struct_fields__} <= set(EVENT_COLUMNS)


@pytest.mark.parametrize(("start", "end"), [(0, 2880), (17, 2111), (1080, 1080.5)])
def test_spans_fill_the_window_and_are_those_of_the_timeline(query: Query, start: float, end: float) -> None:
    found = rows(table(query, "spans", start, end))
    for asset in ASSETS:
        own = [row for row in found if row["asset"] == asset]
        assert [own[0]["from"], *(row["to"] for row in own)] == [*(row["from"] for row in own), own[-1]["to"]]
        assert (own[0]["from"], own[-1]["to"]) == (from_text(at(start)), from_text(at(end)))
        spans = query.timeline(asset, own[0]["from"], own[-1]["to"])["spans"]
        assert [(row["from"], row["state"]) for row in own] == [(from_text(s["from"]), s["state"]) for s in spans]
        assert sum(row["seconds"] for row in own) == pytest.approx((end - start) * 60)


@pytest.mark.parametrize(
    ("name", "more"), [("events", {}), ("spans", {}), ("units", {}), ("kpis", {"kpi": "oee", "step": "day"})]
)
def test_parquet_holds_what_the_rows_hold(query: Query, name: str, more: dict[str, Any]) -> None:
    found = pq.read_table(io.BytesIO(b"".join(parquet.blocks(table(query, name, 0, 2880, **more))))).to_pylist()
    instants = {column for column, kind in table(query, name, 0, 2880, **more).columns.items() if kind == "instant"}
    assert len(found) > 1
    assert found == [
        {
            column: to_datetime(value) if column in instants and value is not None else value
            for column, value in row.items()
        }
        for row in rows(table(query, name, 0, 2880, **more))
    ]


@pytest.mark.parametrize("step", ["1h", "8h", "day"])
@pytest.mark.parametrize("asset", ["s/a/l", ASSETS[0]])
def test_exported_kpi_windows_are_the_answers_and_sum_to_the_whole(query: Query, asset: str, step: str) -> None:
    found = rows(table(query, "kpis", 17, 2880, asset, kpi="oee", step=step))
    answer = query.kpi("oee", Asked(asset, Window(from_text(at(17)), from_text(at(2880)))), step, None)
    assert [row["values.oee"] for row in found] == [part["values"]["oee"] for part in answer["windows"]]
    assert [row["from"] for row in found] == [from_text(part["from"]) for part in answer["windows"]]
    for name in ("run_time_s", "total_count", "good_count"):
        assert sum(row[f"facts.{name}"] or 0 for row in found) == pytest.approx(answer["facts"][name])


def test_without_a_step_there_is_one_row(query: Query) -> None:
    (row,) = rows(table(query, "kpis", 0, 2880, kpi="first_pass_yield"))
    answer = query.kpi("first_pass_yield", Asked("s/a/l", Window(row["from"], row["to"])), None, None)
    assert row["values.first_pass_yield"] == answer["values"]["first_pass_yield"]
    assert row["more"] is None


@pytest.mark.parametrize("cuts", [(0, 2880), (0, 37, 1440, 2880)])
def test_events_and_units_of_adjacent_windows_are_those_of_the_union(query: Query, cuts: tuple[int, ...]) -> None:
    events = [row for a, b in pairwise(cuts) for row in rows(table(query, "events", a, b))]
    units = [row for a, b in pairwise(cuts) for row in rows(table(query, "units", a, b))]
    assert len({(row["offset"], row["index"]) for row in events}) == len(events) == 48 * 6 + 1
    assert sum(row["total"] or 0 for row in events) == 2 * sum(50 + hour for hour in range(48))
    assert [row["first"] for row in units if row["asset"] == ASSETS[1]].count("fail") == 10
    assert len(units) == 96


def test_a_late_report_of_rejects_stands_where_the_parts_were_made(query: Query) -> None:
    (row,) = [row for row in rows(table(query, "events", 290, 310, ASSETS[0])) if row["kind"] == "scrap"]
    assert (row["qty"], row["produced_ts"], row["ts"]) == (4, from_text(at(300)), from_text(at(2879)))


def test_each_piece_is_read_when_it_is_asked_for_and_none_holds_a_transaction(query: Query) -> None:
    found = table(query, "events", 0, 2880)
    assert len(next(found.pieces)) == 3
    assert not query.connections.get().in_transaction
    assert max(len(piece) for piece in found.pieces) <= 4


@pytest.mark.parametrize(
    ("name", "asset", "more", "parameter"),
    [
        ("spans", "s/a/l/m9", {}, "asset"),
        ("kpis", "s/a/l/m9", {"kpi": "oee"}, "asset"),
        ("kpis", "s", {"kpi": "oeee"}, "name"),
        ("kpis", "s", {"kpi": "oee", "step": "1x"}, "step"),
    ],
)
def test_what_there_is_not_is_refused_before_the_first_row(
    query: Query, name: str, asset: str, more: dict[str, str], parameter: str
) -> None:
    with pytest.raises(QueryError) as refused:
        table(query, name, 0, 60, asset, **more)
    assert refused.value.parameter == parameter


def test_no_row_after_the_present_is_made_up(query: Query) -> None:
    query_now = query.now
    query.now = lambda: from_text(at(90))
    try:
        found = rows(table(query, "spans", 0, 60 * 24 * 300, ASSETS[0]))
    finally:
        query.now = query_now
    assert found[-1]["to"] == from_text(at(90))
    assert set(found[0]) == set(SPAN_COLUMNS)
