"""How much goes through: readings, production events, many machines, bad input."""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import Figure
from bench.ledger import ROOT, Kind, Plant
from bench.load import encoded, publish, publish_packet
from bench.scale import Scale
from bench.stage import ceiling, drain, load, read_ledger, stage
from tests.soak.numbers import differences


def readings(scale: Scale) -> Iterator[Figure]:
    """QoS 1 readings of eight signals, from the broker into the store."""
    yield from _through("readings", "readings of 8 signals, stored", "40,000/s, 0.45 of ceiling", scale.messages)


def production(scale: Scale) -> Iterator[Figure]:
    """QoS 1 production events, from the broker to KPIs that answer."""
    yield from _through("production", "production events, to KPI", "20,000/s", scale.messages // 2)


def _through(kind: Kind, what: str, goal: str, messages: int) -> Iterator[Figure]:
    most = ceiling(kind, messages)
    with stage() as (broker, service), load(broker.port, kind=kind, messages=messages) as ledger:
        drained = drain(service, messages)
        wrong = list(differences(service, read_ledger(ledger)))
    beside = f"{drained.rate / most:.2f} of the ceiling, {most:,.0f}/s"
    yield Figure(what, goal, f"{drained.rate:,.0f}/s", beside)
    yield Figure("  its memory at most, its CPU", "200 MB", f"{drained.peak_mb:.0f} MB", drained.cpu)
    yield Figure("  its numbers", "all as sent", f"{len(wrong)} wrong", "; ".join(wrong[:2]))


def machines(scale: Scale) -> Iterator[Figure]:
    """The cost of an event, few machines against many, all of which are known already."""
    costs = {}
    messages = scale.messages // 4
    for count in (10, scale.many_machines):
        with stage() as (broker, service):
            with load(broker.port, kind="production", messages=count, machines=count):
                service.wait_processed(count)
            with load(broker.port, kind="production", messages=messages, machines=count):
                costs[count] = sum(drain(service, messages, before=count).cpu_us.values())
    few, many = costs.values()
    beside = f"{many / few:.2f} of {few:.1f} us"
    yield Figure(f"CPU of an event, {scale.many_machines:,} machines", "as with 10", f"{many:.1f} us", beside)


def bad_input(scale: Scale) -> Iterator[Figure]:
    """Messages a second where every second one is bad, against good ones alone."""
    messages = scale.messages // 4
    rates = []
    for bad in (False, True):
        plant = Plant(40, messages)
        packets = encoded(plant, "production", messages)
        if bad:
            packets = [packet for i, good in enumerate(packets) for packet in (good, _bad(i))]
        with stage() as (broker, service):
            publish(broker.port, packets)
            rates.append(drain(service, len(packets)).rate)
    good, mixed = rates
    beside = f"{mixed / good:.2f} of {good:,.0f}/s"
    yield Figure("messages/s, every second one bad", "0.5 of good ones", f"{mixed:,.0f}/s", beside)


BAD = (
    b"not json",
    b'{"ts": NaN}',
    b'{"ts": 1e400, "total": 1}',
    b'{"ts": 1741000000000, "total": "1"}',
    b'{"ts": 1741000000000, "total": 1, "total": 2}',
    b'{"total": 1}',
    b'{"ts": 0, "total": 1}',
    b"[" * 2000,
    b"\xff\xfe",
    b"",
)


def _bad(i: int) -> bytes:
    return publish_packet(f"{ROOT}/works/hall/line00/m000/count", BAD[i % len(BAD)], i % 65_535 + 1)
