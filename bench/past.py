"""What the past costs the present: late messages, and a long history."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figures import Figure
from bench.history import entries, fill, rebuilt
from bench.scale import Scale
from bench.stage import PLANT, POLL_S, UNLIMITED, Drain, drain, load
from tests.brokers import Broker
from tests.running import Service

MACHINES = 40
EVENTS_AN_HOUR = 20  # of one machine, in the history
LATE = 0.01


@contextlib.contextmanager
def _with_history(days: int, events_an_hour: int) -> Iterator[tuple[Broker, Service, int]]:
    """A broker and a service that knows the last days of the machines; how many messages these were."""
    events = MACHINES * 24 * days * events_an_hour
    start = datetime.now(UTC) - timedelta(days=days)
    with tempfile.TemporaryDirectory() as folder, Broker(UNLIMITED) as broker:
        service = Service(broker.url, plant=PLANT, folder=Path(folder))
        fill(service.folder / "data" / "journal", entries(MACHINES, events, days, start))
        rebuilt(service)
        with service:
            yield broker, service, events


def late(scale: Scale) -> Iterator[Figure]:
    """Throughput with 1 % of the messages up to a day late, against none; each falls into an hour that was closed."""
    messages = scale.messages // 2
    found, behind_s = {}, 0.0
    for share in (0.0, LATE):
        with _with_history(2, EVENTS_AN_HOUR) as (broker, service, before):
            with load(broker.port, kind="production", messages=messages, machines=MACHINES, late=share):
                found[share] = drain(service, messages, before=before)
            behind_s = _settled(service)
    none, some = found[0.0], found[LATE]
    what = "production events, 1 % up to 24 h late"
    beside = f"{some.rate / none.rate:.2f} of {none.rate:,.0f}/s; all restated {behind_s:.1f} s after the last"
    yield Figure(what, "0.8 of none late", f"{some.rate:,.0f}/s", beside)
    yield Figure("  their CPU", "", f"{_cpu_us(some):.1f} us", f"{_cpu_us(some) / _cpu_us(none):.2f} of none late")


def _cpu_us(drained: Drain) -> float:
    """CPU of all processes of the service for a message, in microseconds."""
    return sum(drained.cpu_us.values())


def _settled(service: Service) -> float:
    """Seconds until no hour but the running ones waits to be worked out again."""
    began = time.perf_counter()
    while service.metrics()["edge_hours_waiting"] > 2 * MACHINES:
        time.sleep(POLL_S)
    return time.perf_counter() - began


def history(scale: Scale) -> Iterator[Figure]:
    """The cost of an event with a day of history against many, with one event an hour."""
    messages = scale.messages // 4
    found: dict[int, Drain] = {}
    for days in (1, scale.history_days):
        with (
            _with_history(days, 1) as (broker, service, before),
            load(broker.port, kind="production", messages=messages, machines=MACHINES),
        ):
            found[days] = drain(service, messages, before=before)
    short, long = map(_cpu_us, found.values())
    what = f"CPU of an event, {scale.history_days} days of history"
    yield Figure(what, "as with one", f"{long:.1f} us", f"{long / short:.2f} of {short:.1f} us")
