"""Delivery: each fault that a server can show, played by a stub; nothing is lost, and waiting is as promised."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest

from edge.influx.delivery import CEILING_S, FIRST_S, Delivery
from edge.influx.writing import InfluxWriting, retry_after_s
from tests.influx_stub import TAKEN, Reply, Stub
from tests.influxdb import Influx


@dataclass
class Pauses:
    """Notes how long each wait would be, and waits none of it."""

    seconds: list[float] = field(default_factory=list)
    end_after: int = 1 << 30

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) > self.end_after


def lines(n: int, start: int = 0) -> list[str]:
    return [f"reading,machine=m{i % 7} v={i}.0 {i}" for i in range(start, start + n)]


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as running:
        yield running


Make = Callable[..., Delivery]


@pytest.fixture
def make(stub: Stub) -> Iterator[Make]:
    writings = []

    def made(pause: Callable[[float], bool], token: Callable[[], str] = lambda: "t") -> Delivery:
        writings.append(InfluxWriting(stub.url, "o", "b", token))
        return Delivery(writings[-1], pause, draw=lambda low, high: high)

    yield made
    for writing in writings:
        writing.close()


def test_lines_are_taken_in_requests_of_thousands(stub: Stub, make: Make) -> None:
    assert make(Pauses()).deliver(lines(12_000)) == []
    assert len(stub.points) == 12_000
    assert [n for _, n, _ in stub.requests] == [5000, 5000, 2000]


def test_server_away_at_the_start_is_waited_for_with_doubling_ceiling(make: Make, stub: Stub) -> None:
    stub.reply = lambda number, _: TAKEN if number >= 10 else Reply(0)
    pauses = Pauses()
    assert make(pauses).deliver(lines(10)) == []
    assert len(stub.points) == 10
    assert pauses.seconds == [min(CEILING_S, FIRST_S * 2**n) for n in range(10)]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_server_is_given_the_time_it_asks_for(status: int, stub: Stub, make: Make) -> None:
    stub.reply = lambda number, _: TAKEN if number >= 3 else Reply(status, "busy", retry_after="17")
    pauses = Pauses()
    assert make(pauses).deliver(lines(10)) == []
    assert pauses.seconds == [17.0, 17.0, 17.0]
    assert len(stub.points) == 10


def test_retry_after_may_be_a_date() -> None:
    now = time.time()
    assert 88 < retry_after_s(formatdate(now + 90, usegmt=True), now) < 92
    assert [retry_after_s(text, now) for text in (None, "", "soon", "-5", "nan", formatdate(now - 90))] == [0.0] * 6


def test_answer_lost_after_the_write_changes_nothing(stub: Stub, make: Make) -> None:
    stub.reply = lambda number, _: Reply(204 if number else 0, stored=True)
    assert make(Pauses()).deliver(lines(100)) == []
    assert [n for _, n, _ in stub.requests] == [100, 100]
    assert len(stub.points) == 100


def test_slow_answer_is_an_answer(stub: Stub, make: Make) -> None:
    stub.reply = lambda number, _: Reply(stored=True, delay_s=1.5)
    pauses = Pauses()
    assert make(pauses).deliver(lines(10)) == []
    assert (len(stub.requests), pauses.seconds) == (1, [])


@pytest.mark.parametrize("status", [400, 413])
@pytest.mark.parametrize("place", [0, 2500, 4999])
def test_one_bad_row_of_thousands_is_found_and_the_rest_written(
    status: int, place: int, stub: Stub, make: Make
) -> None:  # fmt: skip
    sent = lines(5000)
    bad = sent[place]
    stub.reply = lambda _, got: Reply(status, "unable to parse") if bad in got else TAKEN
    refused = make(Pauses()).deliver(sent)
    assert refused is not None
    assert [(found, line) for found, _, line in refused] == [(status, bad)]
    assert "unable to parse" in refused[0][1]
    assert len(stub.points) == 4999
    assert len(stub.requests) <= 27


def test_row_of_another_type_is_found_though_the_rest_was_stored_at_once(stub: Stub, make: Make) -> None:
    sent = lines(5000)
    bad = sent[1234]

    def reply(_: int, got: list[str]) -> Reply:
        if bad not in got:
            return TAKEN
        stub.store([line for line in got if line != bad])
        return Reply(422, "partial write: field type conflict dropped=1")

    stub.reply = reply
    refused = make(Pauses()).deliver(sent)
    assert refused is not None
    assert [line for _, _, line in refused] == [bad]
    assert len(stub.points) == 4999


def test_points_older_than_the_bucket_keeps_are_counted_and_not_kept(stub: Stub, make: Make) -> None:
    said = (
        "partial write: dropped {0} points outside retention policy of duration 1h0m0s - oldest point ... dropped={0}"
    )
    stub.reply = lambda _, got: Reply(422, said.format(len(got)))
    delivery = make(Pauses())
    assert delivery.deliver(lines(5000)) == []
    assert (delivery.link.expired, len(stub.requests)) == (5000, 1)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_denied_means_waiting_with_alarm_at_most_once_a_second_until_it_is_mended(
    status: int, stub: Stub, make: Make
) -> None:  # fmt: skip
    stub.reply = lambda number, _: TAKEN if number >= 5 else Reply(status, "unauthorized")
    states = []
    pauses = Pauses()
    delivery = make(lambda seconds: states.append(delivery.link.state) or pauses(seconds))  # type: ignore[func-returns-value]
    assert delivery.deliver(lines(10)) == []
    assert states == ["denied"] * 5
    assert min(pauses.seconds) >= 1.0
    assert max(pauses.seconds) <= 5.0
    assert (len(stub.points), delivery.link.state) == (10, "connected")


def test_new_token_is_taken_up_without_a_restart(stub: Stub, make: Make) -> None:
    stub.reply = lambda _, __: TAKEN if stub.tokens[-1] == "Token new" else Reply(401, "unauthorized")
    tokens = ["old"]
    delivery = make(lambda _: tokens.__setitem__(0, "new") is not None, lambda: tokens[0])
    assert delivery.deliver(lines(10)) == []
    assert stub.tokens == ["Token old", "Token new"]


def test_end_of_the_service_leaves_the_batch_undone(stub: Stub, make: Make) -> None:
    stub.reply = lambda _, __: Reply(503, "no")
    assert make(Pauses(end_after=3)).deliver(lines(10)) is None
    assert len(stub.requests) == 4


def test_real_server_whose_bucket_keeps_less_than_there_is(make: Make) -> None:
    now, hour = time.time_ns(), 3600 * 10**9
    sent = [f"reading,machine=m{n % 3} v={n}.5 {now - (n % 4) * hour + n}" for n in range(400)]
    sent[41] = f'reading,machine=m0 v="text" {now}'
    with Influx() as influx:
        org = influx.request("GET", "/api/v2/orgs")["orgs"][0]["id"]
        rules = [{"type": "expire", "everySeconds": 5400}]
        influx.request("POST", "/api/v2/buckets", {"orgID": org, "name": "short", "retentionRules": rules})
        influx.bucket = "short"
        influx.write(f"reading,machine=m0 v=0.5 {now}")
        writing = InfluxWriting(influx.url, influx.org, influx.bucket, lambda: influx.token)
        delivery = Delivery(writing, Pauses())
        refused = delivery.deliver(sent)
        writing.close()
        assert refused is not None
        assert [line for _, _, line in refused] == [sent[41]]
        kept = [n for n in range(400) if n % 4 < 2 and n != 41]
        assert influx.query("select count(v) as n from reading")[0]["n"] == len(kept)
        assert delivery.link.expired == 400 - len(kept) - 1
