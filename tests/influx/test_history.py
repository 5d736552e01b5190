"""What the embedded store has let go comes from InfluxDB, and the answers are those that it gave before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from math import isclose
from typing import Any

import pytest

from bench.ledger import Plant as Load
from edge.clock import DAY, HOUR, MINUTE, SECOND
from edge.influx.history import History
from edge.influx.querying import Querying
from edge.query.query import Asked, Query
from edge.query.reading import Connections
from edge.query.window import Window
from tests.influx.sending import send_all
from tests.influxdb import Influx
from tests.patience import WAIT_S
from tests.properties.inside import HOST, Inside
from tests.scenarios.scenario import Message

BEGIN = (time.time_ns() // 1000 // DAY - 12) * DAY
PATH = "works/hall/line00/m000"
PLANT = {"products": {"P1": {"ideal_cycle_s": 60.0}}, "machines": {"works/*": {"product": "P1"}}}
SHAPES = (
    (BEGIN, BEGIN + 10 * DAY, 50),  # across the seam
    (BEGIN + HOUR, BEGIN + 3 * HOUR, 800),  # every point, as it is
    (BEGIN + 90 * SECOND, BEGIN + DAY + 7 * SECOND, 100),  # edges within minutes
    (BEGIN + 3 * DAY, BEGIN + 5 * DAY, 2),
)


def messages() -> list[Message]:
    """Ten days of three machines, each minute a reading or a production event."""
    load = Load(3, 1 << 30, start_ms=BEGIN // 1000, step_ms=3 * MINUTE // 1000)
    made = []
    for n in range(10 * 24 * 60):
        topic, payload = load.message("mixed")
        made.append(Message(topic, payload, BEGIN + n * MINUTE + SECOND))
    return made


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Inside, dict[str, Any], Influx]]:
    """A store that has let go of eight days, what it answered before, and InfluxDB, which has all of it."""
    folder = tmp_path_factory.mktemp("history")
    with Influx() as influx, Inside(folder, PLANT, messages()) as inside:
        inside.take(1 << 30)
        inside.clock = BEGIN + 10 * DAY + HOUR
        inside.pipeline.catch_up()
        send_all(inside, influx, folder / "outbox.db")
        with inside.asking() as query:
            before = _answers(query)
        retention = inside.pipeline.retention.__class__(readings_us=2 * DAY, minutes_us=2 * DAY, events_us=2 * DAY)
        inside.pipeline.retention = retention
        more = True
        while more:
            with inside.pipeline.db:
                more = retention.step(inside.pipeline.db, inside.pipeline.readings, inside.clock)
        yield inside, before, influx


def _query(inside: Inside, connections: Connections, influx: Influx) -> Query:
    history = History(Querying(influx.url, influx.bucket, lambda: influx.token, timeout_s=WAIT_S))
    return Query(
        connections, inside.plant, HOST, inside.journal, inside.pipeline.decode_settings,  # type: ignore[arg-type]
        now=lambda: inside.clock, history=history,
    )  # fmt: skip


def _answers(query: Query) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for n, (start, end, points) in enumerate(SHAPES):
        found[f"readings {n}"] = query.readings(PATH, ["temperature", "pressure"], start, end, points)
    for name in ("oee", "first_pass_yield"):
        window = Window(BEGIN + DAY, BEGIN + 9 * DAY)
        found[name] = query.kpi(name, Asked("works/hall", window), "day", None)
    found["losses"] = query.losses(PATH, Asked(PATH, Window(BEGIN + DAY, BEGIN + 4 * DAY)))
    return found


def _alike(one: Any, other: Any) -> bool:
    """Equal, but for what the order of adding leaves in the last digits."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    floats = isinstance(one, float) and isinstance(other, float)
    return isclose(one, other, rel_tol=1e-9) if floats else bool(one == other)


def test_answers_are_those_of_before(both: tuple[Inside, dict[str, Any], Influx]) -> None:
    inside, before, influx = both
    with closing(Connections(inside.path)) as connections:
        after = _answers(_query(inside, connections, influx))
    for name, answer in before.items():
        assert _alike(answer, after[name]), (name, answer, after[name])
    with inside.asking() as without:
        assert not _alike(before["oee"], _answers(without)["oee"])  # so the store alone would not do


def test_recent_is_answered_without_influxdb_and_what_is_missing_is_named(
    both: tuple[Inside, dict[str, Any], Influx],
) -> None:
    inside, _, influx = both
    recent = Asked("works/hall", Window(BEGIN + 9 * DAY, BEGIN + 10 * DAY))
    old = Asked("works/hall", Window(BEGIN + DAY, BEGIN + 10 * DAY))
    with closing(Connections(inside.path)) as connections:
        whole = _query(inside, connections, influx).kpi("oee", recent, None, None)
        influx.stop()
        query = _query(inside, connections, influx)
        assert query.kpi("oee", recent, None, None) == whole
        told = query.kpi("oee", old, None, None)
        assert "incomplete" in told["flags"]
        assert told["missing"][0]["from"] == "2" + told["from"][1:]
        assert "InfluxDB" in told["missing"][0]["reason"]
        partly = query.readings(PATH, ["temperature"], BEGIN, BEGIN + 10 * DAY, 100)
        assert partly["series"][0]["count"] > 0
        assert partly["missing"][0]["to"] <= partly["to"]
        influx.start()
        again = _query(inside, connections, influx).kpi("oee", old, None, None)
        assert "missing" not in again
        assert "incomplete" not in again["flags"]
