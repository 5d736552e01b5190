"""Sends a store to InfluxDB as the service does, until nothing is left, and compares both."""

from __future__ import annotations

import threading
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


class Noting(Outbox):
    """Says when it has nothing to do."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.idle = threading.Event()

    def _note_idle(self, committed: int) -> None:
        super()._note_idle(committed)
        self.idle.set()


def send_all(inside: Inside, influx: Influx, positions: Path, *, bucket: str = "", most_s: float = WAIT_S) -> None:
    """The outbox in a thread, ended when it has nothing to do, or in the midst of it after less than `WAIT_S`."""
    bucket = bucket or influx.bucket
    writing = InfluxWriting(influx.url, influx.org, bucket, lambda: influx.token)
    querying = Querying(influx.url, bucket, lambda: influx.token)
    outbox = Noting(inside.path, positions, writing, querying, inside.plant, HOST, windows_every_s=0.01)
    outbox.start()
    done = outbox.idle.wait(most_s)
    outbox.stop(WAIT_S)
    assert done or most_s < WAIT_S, outbox.status()


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
