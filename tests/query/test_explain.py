"""A number reproduced from its explanation, with nothing but addition and one division."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from edge.query.behind import ranges
from edge.query.query import Asked, Query
from edge.query.window import Window
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

START = datetime(2025, 3, 3, 5, tzinfo=UTC)
PLANT = {
    "products": {"A": {"ideal_cycle_s": 30}, "B": {"ideal_cycle_s": 70}},
    "sites": {"s": {"shifts": [{"name": "early", "start": "06:00", "end": "14:00",
                                "breaks": [{"start": "10:00", "minutes": 30}]}]}},
    "machines": {"s/*": {"product": "A", "stale_after_s": 0}},
}  # fmt: skip


def said(minute: float, kind: str, **members: object) -> Message:
    ts = START + timedelta(minutes=minute)
    payload = {"ts": ts.isoformat(), **members}
    return Message(f"shopfloor/v1/s/a/l/m1/{kind}", json.dumps(payload).encode(), round(ts.timestamp() * 1_000_000))


MESSAGES = [
    said(0, "state", state="running"),
    said(100, "count", total=70, bad=3),
    said(130, "state", state="fault", reason="jam"),
    said(140.5, "state", state="running"),
    said(200, "state", state="changeover"),
    said(215, "product", product="B"),
    said(230, "state", state="running"),
    said(300.25, "state", state="stopped"),
    said(301, "state", state="running"),
    said(480, "count", total=190, bad=2),
    said(500, "unit", serial="u1", result="fail"),
    said(510, "unit", serial="u1", result="pass"),
]


@pytest.fixture
def query() -> Iterator[Query]:
    with answering(PLANT, MESSAGES) as inside:
        yield inside


def shift(query: Query) -> Asked:
    start = round(START.timestamp() * 1_000_000) + 3600 * 1_000_000
    return Asked("s/a/l/m1", Window(start, start + 8 * 3600 * 1_000_000))


def test_oee_of_a_shift_is_the_sum_of_its_explained_parts(query: Query) -> None:
    explained = query.explain("oee", shift(query), None)
    (machine,) = explained["machines"]
    busy = sum(i["seconds"] for i in machine["intervals"] if i["busy"])
    good = sum(c["ideal_good_s"] for c in machine["counts"] if c["booked"] == "scheduled")
    assert explained["values"]["oee"] == pytest.approx(good / busy, rel=1e-12)
    assert query.kpi("oee", shift(query), None, None)["values"] == explained["values"]


def test_intervals_fill_the_window_and_name_ruling_and_message(query: Query) -> None:
    (machine,) = query.explain("oee", shift(query), None)["machines"]
    intervals = machine["intervals"]
    assert sum(i["seconds"] for i in intervals) == 8 * 3600
    assert [a["to"] for a in intervals[:-1]] == [b["from"] for b in intervals[1:]]
    jam = next(i for i in intervals if i["reason"] == "jam")
    assert (jam["time_class"], jam["ruling"], jam["offset"], jam["stop_length_s"]) == ("down", 34, 3, 630.0)
    rulings = query.explain("oee", shift(query), None)["rulings"]
    assert {str(i["ruling"]) for i in intervals if i["ruling"]} <= set(rulings)


def test_counts_and_units_lead_to_the_raw_messages(query: Query) -> None:
    (machine,) = query.explain("oee", shift(query), None)["machines"]
    offsets = {offset for count in machine["counts"] for first, last in count["offsets"] for offset in (first, last)}
    assert offsets == {2, 10}
    assert machine["units"][0]["offsets"] == [[11, 12]]
    message = query.message(10)
    assert message is not None
    assert json.loads(message["payload"])["total"] == 190
    assert message["events"][0]["kind"] == "count"


def test_offsets_next_to_each_other_become_ranges() -> None:
    assert ranges([5, 1, 2, 3, 9, 9]) == [[1, 3], [5, 5], [9, 9]]
