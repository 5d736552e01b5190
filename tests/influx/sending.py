"""Sends a store to InfluxDB as the service does, until nothing is left, and compares both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge.influx.kpipoints import KpiPoints
from edge.influx.outbox import Outbox
from edge.influx.querying import Querying
from edge.influx.truth import Truth
from edge.influx.verify import Verification
from edge.influx.writing import InfluxWriting
from edge.plants import Plants
from edge.store.schema import open_reader
from tests.influxdb import Influx
from tests.patience import WAIT_S
from tests.properties.inside import HOST, Inside

QUIET, POLL_S = 20, 0.05


def send_all(inside: Inside, influx: Influx, positions: Path) -> None:
    """The outbox in a thread, ended when it has had nothing to do for a second."""
    writing = InfluxWriting(influx.url, influx.org, influx.bucket, lambda: influx.token)
    querying = Querying(influx.url, influx.bucket, lambda: influx.token)
    outbox = Outbox(inside.path, positions, writing, querying, inside.plant, HOST, windows_every_s=0.1)
    outbox.start()
    deadline = time.monotonic() + WAIT_S
    sent, quiet = -1, 0
    while quiet < QUIET:
        assert time.monotonic() < deadline, outbox.status()
        status = outbox.status()
        quiet = quiet + 1 if status.sent == sent > 0 and not status.waiting else 0
        sent = status.sent
        time.sleep(POLL_S)
    outbox.stop(WAIT_S)


def verification(inside: Inside, influx: Influx, path: str, *, exact: bool = True,
                 pause: Callable[[float], None] = time.sleep) -> Verification:  # fmt: skip
    """A comparison of the store's only machine with InfluxDB."""

    @contextmanager
    def truths() -> Iterator[list[Truth]]:
        with closing(open_reader(inside.path)) as db:
            db.execute("begin")
            yield [Truth(db, 1, path, KpiPoints(Plants(inside.plant), HOST))]

    querying = Querying(influx.url, influx.bucket, lambda: influx.token)
    return Verification(truths, querying, exact=exact, pause=pause)
