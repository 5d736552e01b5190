"""The running service and a real InfluxDB: what was published is there, each thing once, whatever was killed."""

from __future__ import annotations

import time
from typing import Any

from bench.ledger import Plant
from bench.load import encoded, publish
from tests.brokers import Broker
from tests.influxdb import Influx
from tests.running import Service

PLANT = {"products": {"P1": {"ideal_cycle_s": 0.2}}, "machines": {"works/*": {"product": "P1"}}}
SENT_S = 60.0


def wait_sent(service: Service, points: int, timeout_s: float = SENT_S) -> dict[str, float]:
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


def test_everything_published_is_in_influxdb_after_kills_of_both() -> None:
    plant = Plant(10, 3000, seed=3)
    with Influx() as influx, Broker() as broker, Service(broker.url, plant=PLANT, settings=influx.settings) as service:
        publish(broker.port, encoded(plant, "mixed", 1000))
        wait_sent(service, 1000)
        influx.kill()
        publish(broker.port, encoded(plant, "mixed", 1000))
        service.wait_processed(2000)
        service.kill()
        service.start()
        influx.start()
        publish(broker.port, encoded(plant, "mixed", 1000))
        service.wait_processed(3000)
        metrics = wait_sent(service, 2000)
        assert count(influx, "reading", "temperature") == metrics['edge_events_total{kind="reading"}']
        assert count(influx, "count", "offset") == metrics['edge_events_total{kind="count"}']
        assert count(influx, "state", "offset") == metrics['edge_events_total{kind="state"}']
        assert count(influx, "unit", "offset") == metrics['edge_events_total{kind="unit"}']
        assert service.get("/health/ready")["components"]["influx"]["ok"]
