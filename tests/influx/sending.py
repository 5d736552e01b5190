"""Sends a store to InfluxDB as the service does, until nothing is left."""

from __future__ import annotations

import time
from pathlib import Path

from edge.influx.outbox import Outbox
from edge.influx.querying import Querying
from edge.influx.writing import InfluxWriting
from tests.influxdb import Influx
from tests.properties.inside import HOST, Inside

QUIET, POLL_S, SENT_S = 20, 0.05, 60.0


def send_all(inside: Inside, influx: Influx, positions: Path) -> None:
    """The outbox in a thread, ended when it has had nothing to do for a second."""
    writing = InfluxWriting(influx.url, influx.org, influx.bucket, lambda: influx.token)
    querying = Querying(influx.url, influx.bucket, lambda: influx.token)
    outbox = Outbox(inside.path, positions, writing, querying, inside.plant, HOST, windows_every_s=0.1)
    outbox.start()
    deadline = time.monotonic() + SENT_S
    sent, quiet = -1, 0
    while quiet < QUIET:
        assert time.monotonic() < deadline, outbox.status()
        status = outbox.status()
        quiet = quiet + 1 if status.sent == sent > 0 and not status.waiting else 0
        sent = status.sent
        time.sleep(POLL_S)
    outbox.stop()
