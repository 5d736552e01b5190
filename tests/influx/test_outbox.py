"""The outbox as a whole, against a server that shows its faults: what waits is said, nothing is skipped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from edge.clock import DAY, MINUTE, SECOND
from edge.influx.backlog import rest_s
from edge.influx.outbox import Outbox
from edge.influx.positions import Positions
from edge.influx.querying import Querying
from edge.influx.writing import Answer, InfluxWriting
from edge.store.meta import identity
from edge.store.schema import open_reader
from edge.store.unsealed import last_flush
from tests.influx_stub import TAKEN, Reply, Stub
from tests.patience import WAIT_S
from tests.properties.inside import HOST, Inside
from tests.scenarios.scenario import Message

BEGIN = (time.time_ns() // 1000 // DAY - 1) * DAY
READINGS, EVENTS, BAD = 300, 100, 20


def messages() -> list[Message]:
    made = []
    for n in range(READINGS + EVENTS + BAD):
        ts = (BEGIN + n * MINUTE // 10) // 1000
        said, kind = {"ts": ts, "signals": {"t": n * 0.5, "p": 1.0}}, "reading"
        if n >= READINGS:
            said, kind = ({"ts": ts, "total": 1} if n < READINGS + EVENTS else {"ts": ts, "total": "x"}), "count"
        made.append(Message(f"shopfloor/v1/a/b/c/m{n % 3}/{kind}", json.dumps(said).encode(), ts * 1000 + SECOND))
    return made


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as running:
        yield running


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    with Inside(tmp_path, {}, messages()) as made:
        made.take(1 << 30)
        made.clock = BEGIN + DAY
        made.pipeline.catch_up()
        yield made


Make = Callable[[], Outbox]


@pytest.fixture
def begin(inside: Inside, stub: Stub, tmp_path: Path) -> Iterator[Make]:
    begun: list[Outbox] = []

    def made() -> Outbox:
        writing = InfluxWriting(stub.url, "o", "b", lambda: "t")
        begun.append(
            Outbox(
                inside.path, tmp_path / "outbox.db", writing, Querying(stub.url, "b", lambda: "t"), inside.plant, HOST
            )
        )
        begun[-1].start()
        return begun[-1]

    yield made
    for outbox in begun:
        outbox.stop(WAIT_S)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def points(stub: Stub, measurement: str) -> int:
    with stub.lock:
        return sum(series[0] == measurement for series, _ in stub.points)


def all_there(stub: Stub) -> bool:
    found = {name: points(stub, name) for name in ("reading", "count", "rejection")}
    return found == {"reading": READINGS, "count": EVENTS, "rejection": BAD} and points(stub, "kpi_oee") > 0


def test_what_waits_is_said_while_the_server_is_away_and_all_arrives(stub: Stub, begin: Make) -> None:
    away = True
    stub.reply = lambda _, __: Reply(0) if away else TAKEN
    outbox = begin()
    until(lambda: outbox.status().state == "waiting")
    until(lambda: outbox.status().lag_s > 0.5)
    assert outbox.status().waiting >= READINGS
    away = False
    until(lambda: all_there(stub))
    until(lambda: not outbox.status().waiting)
    assert outbox.status().ok
    assert outbox.status().lag_s == 0.0


def test_denied_is_an_alarm_asks_at_most_once_a_second_and_skips_nothing(stub: Stub, begin: Make) -> None:
    stub.reply = lambda number, _: TAKEN if number >= 3 else Reply(401, "unauthorized")
    outbox = begin()
    until(lambda: outbox.status().state == "denied")
    assert "unauthorized" in outbox.status().detail
    until(lambda: all_there(stub))
    times = [at for at, _, status in stub.requests if status == 401] + [stub.requests[3][0]]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 1.0
    until(lambda: outbox.status().state == "connected")


def test_refused_line_is_kept_and_not_sent_again_by_itself(stub: Stub, begin: Make, tmp_path: Path) -> None:
    stub.reply = lambda _, lines: Reply(400, "unable to parse") if any(" t=5.0," in line for line in lines) else TAKEN
    outbox = begin()
    until(lambda: points(stub, "reading") == READINGS - 1 and outbox.status().dead == 1)
    outbox.stop(WAIT_S)
    with closing(Positions(tmp_path / "outbox.db")) as positions:
        (dead,) = positions.dead(10)
    assert (dead.status, " t=5.0," in dead.line) == (400, True)
    assert "unable to parse" in dead.reason
    stub.requests.clear()
    again = begin()
    until(lambda: again.status().dead == 1)
    until(lambda: again._counted_at > 0)  # it has looked everywhere and found nothing to do
    assert [status for _, _, status in stub.requests if status == 400] == []


def test_positions_move_only_with_the_yes(stub: Stub, begin: Make) -> None:
    stub.reply = lambda _, __: Reply(503, "busy", stored=True)  # it even stores them, but says no
    outbox = begin()
    until(lambda: len(stub.requests) >= 2)
    outbox.stop(WAIT_S)
    assert not outbox._thread.is_alive()
    stub.points.clear()
    stub.reply = lambda _, __: TAKEN
    begin()
    until(lambda: all_there(stub))


def test_a_store_that_is_replaced_meanwhile_is_sent_from_its_begin(
    stub: Stub, begin: Make, inside: Inside
) -> None:  # fmt: skip
    outbox = begin()
    until(lambda: all_there(stub))
    stub.points.clear()
    inside.pipeline.set_aside("as if damaged")
    inside.pipeline.open()
    inside.pipeline.catch_up()
    outbox.renew()
    until(lambda: all_there(stub))


def test_whatever_the_sender_meets_it_begins_again(
    stub: Stub, begin: Make, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    real, failures = InfluxWriting.write, [ModuleNotFoundError("No module named 'influxdb_client'"), ValueError("odd")]

    def write(writing: InfluxWriting, lines: list[str]) -> Answer:
        if failures:
            raise failures.pop()
        return real(writing, lines)

    monkeypatch.setattr(InfluxWriting, "write", write)
    outbox = begin()
    until(lambda: "ValueError: odd" in outbox.status().detail)
    assert not outbox.status().ok
    until(lambda: all_there(stub))
    assert outbox.status().ok


def test_while_somebody_asks_what_was_missed_is_caught_up_at_a_pace_and_else_as_quickly_as_it_goes() -> None:
    assert rest_s(2000, made_s=0.01, took_s=0.05, asked=False) == 0.01
    assert rest_s(2000, made_s=0.01, took_s=0.05, asked=True) == pytest.approx(0.15)
    assert rest_s(2000, made_s=0.01, took_s=0.40, asked=True) == 0.01  # slower than that it need not be


@pytest.mark.parametrize("at", [0, 4096], ids=["head", "middle"])
def test_damaged_positions_are_put_aside_and_all_is_sent_again(
    stub: Stub, begin: Make, tmp_path: Path, at: int
) -> None:  # fmt: skip
    outbox = begin()
    until(lambda: all_there(stub) and not outbox.status().waiting)
    outbox.stop(WAIT_S)
    stub.points.clear()
    with (tmp_path / "outbox.db").open("r+b") as file:
        file.seek(at)
        file.write(b"\xff" * 2000)
    begin()
    until(lambda: all_there(stub))
    assert (tmp_path / "outbox.db.damaged").exists()


def test_readings_that_were_let_go_during_an_outage_are_said_once_and_stay_said(
    stub: Stub, begin: Make, inside: Inside, tmp_path: Path
) -> None:  # fmt: skip
    with closing(open_reader(inside.path)) as db, closing(Positions(tmp_path / "outbox.db")) as positions:
        positions.belong_to(identity(db))
        with positions.db:
            positions.set(flush=last_flush(db), reading_offset=READINGS)
            positions.add_gap(0, READINGS, BEGIN - DAY)
    with inside.pipeline.db:
        inside.pipeline.db.execute("replace into reading_retention values('points', ?)", (BEGIN,))
    outbox = begin()
    until(lambda: all_there(stub) and not outbox.status().waiting)
    assert outbox.status().let_go_s == DAY / SECOND
    outbox.stop(WAIT_S)
    again = begin()
    until(lambda: again.status().let_go_s == DAY / SECOND)
