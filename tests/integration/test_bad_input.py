"""Bad input beside good input through a real broker: no good message is lost, every bad one has its reason."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bench.ledger import ROOT, Ledger, Plant
from edge.journal.record import DAMAGED, RETAIN
from tests.brokers import Broker, publish
from tests.decode.test_corpus import CORPUS, payload_of
from tests.running import Service
from tests.soak.numbers import differences, unbalanced

GOOD = 1000
LEFTOVERS = 20
MEGABYTE = 1_000_000
ASSET = "works/hall/line00/m000"


def topic_of(case: dict[str, Any]) -> str:
    return str(case.get("topic", f"{ROOT}/{ASSET}/{case.get('kind')}"))


def is_sent_by_brokers(case: dict[str, Any]) -> bool:
    """What the corpus has beyond that is refused by the broker itself, or is not in our subscription."""
    topic = topic_of(case)
    flags = case.get("flags", 0)
    return (
        (topic == ROOT or topic.startswith(f"{ROOT}/"))
        and not set("+#") & set(topic)
        and topic.isprintable()
        and len(payload_of(case)) <= MEGABYTE
        and not flags & (DAMAGED | RETAIN)
    )


LARGE = {
    "kind": "count",
    "repeat": ['{"ts": now, "total": 1, "x": "', "x", MEGABYTE - 100, '"}'],
    "reason": "too_large",
}
BAD = [case for case in [*CORPUS["bad"], LARGE] if is_sent_by_brokers(case)]


@dataclass
class Fed:
    service: Service
    ledger: Ledger
    reasons: Counter[str]


@pytest.fixture(scope="module")
def fed() -> Iterator[Fed]:
    """A service that took as many bad messages as good ones, in turn, and found retained leftovers at its start."""
    plant = Plant(10, GOOD, seed=3)
    bad = list(itertools.islice(itertools.cycle(BAD), GOOD))
    mixed = [
        message
        for case in bad
        for message in (plant.message("mixed"), (topic_of(case), payload_of(case)))
    ]  # fmt: skip
    reasons = Counter({"retained": LEFTOVERS}) + Counter(case["reason"] for case in bad)
    with Broker() as broker:
        leftover = b'{"ts": 1741000000000, "total": 1}'
        publish(
            broker.port, [(f"{ROOT}/works/hall/line09/old{n}/count", leftover) for n in range(LEFTOVERS)], retain=True
        )
        with Service(broker.url) as service:
            publish(broker.port, mixed)
            service.wait_processed(len(mixed) + LEFTOVERS)
            yield Fed(service, plant.ledger, reasons)


def test_the_corpus_has_all_that_a_broker_can_send() -> None:
    reached = {case["reason"] for case in BAD} | {"retained"}
    missing = {case["reason"] for case in CORPUS["bad"]} - reached
    assert missing == {"journal_damaged"}


def test_no_good_message_is_lost(fed: Fed) -> None:
    assert list(differences(fed.service, fed.ledger)) == []


def test_every_bad_message_is_counted_with_its_reason(fed: Fed) -> None:
    metrics = fed.service.metrics()
    counted = {
        name.split('"')[1]: round(value)
        for name, value in metrics.items()
        if name.startswith("edge_messages_rejected_total")
    }
    assert counted == fed.reasons
    assert list(unbalanced(metrics)) == []


def test_every_bad_message_is_listed_with_its_reason(fed: Fed) -> None:
    page = fed.service.get("/api/v1/rejections", limit=300)
    assert page["counts"] == fed.reasons
    listed = page["rejections"]
    while page["next"]:
        page = fed.service.get("/api/v1/rejections", limit=300, before=page["next"])
        listed += page["rejections"]
    assert Counter(rejection["reason"] for rejection in listed) == fed.reasons
    assert len({rejection["offset"] for rejection in listed}) == len(listed)


def test_leftovers_make_no_machine_and_no_part(fed: Fed) -> None:
    machines = {asset["path"] for asset in fed.service.get("/api/v1/assets")["assets"] if asset["kind"] == "machine"}
    assert machines == set(fed.ledger.machines)
