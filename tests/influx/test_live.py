"""The running service and a real InfluxDB: what was published is there, each thing once, whatever was killed."""

from __future__ import annotations

import time
from typing import Any

from tests.influxdb import Influx
from tests.patience import WAIT_S
from tests.running import Service
from tests.soak.influx import run_influx


def wait_sent(service: Service, points: int, timeout_s: float = WAIT_S) -> dict[str, float]:
    """Wait until InfluxDB has taken at least so many points since the start and none waits; the figures."""
    deadline = time.monotonic() + timeout_s
    while True:
        metrics = service.metrics()
        if metrics["edge_outbox_sent_points_total"] >= points and not metrics["edge_outbox_points"]:
            return metrics
        assert time.monotonic() < deadline, f"{metrics}\n{service.log[-3000:]}"
        time.sleep(0.05)


def count(influx: Influx, measurement: str, field: str) -> int:
    rows: list[dict[str, Any]] = influx.query(f'select count("{field}") from "{measurement}"')
    return int(rows[0]["count"]) if rows else 0


def test_every_point_is_there_once_whatever_is_killed() -> None:
    outcome = run_influx(messages=6000, rate=1500, seed=7, influx_kills=2, service_kills=1)
    assert outcome.wrong == ()
