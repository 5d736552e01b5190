"""Devices that speak as they like, through a real broker: mappings bring their topics, and their numbers are right."""

from __future__ import annotations

import json
import time

from tests.brokers import Broker, publish
from tests.running import Service

MAPPINGS = """
[[mappings]]
topic = "acme/{line}/{machine}/data"
asset = "demo/packing/{line}/{machine}"
kind = "count"
members = { ts = "time", total = "made", bad = "scrap" }

[[mappings]]
topic = "lamp/{machine}"
asset = "demo/packing/l1/{machine}"
kind = "state"
members = { state = "." }
values.state = { ON = "running", OFF = "stopped" }
"""
MACHINE = "demo/packing/l1/m1"


def test_other_topics_are_subscribed_to_counted_once_and_shown_where_they_are_wrong() -> None:
    now = time.time_ns() // 10**6
    data = json.dumps({"time": now - 1000, "made": 8, "scrap": 2}).encode()
    sent = [("lamp/m1", b"ON"), ("acme/l1/m1/data", data), ("acme/l1/m1/data", data), ("lamp/m1", b"HALF")]
    with Broker() as broker, Service(broker.url) as service:
        service.stop()
        (service.config / "edge.toml").write_text(MAPPINGS)
        service.start()
        publish(broker.port, sent)
        service.wait_processed(len(sent))
        status = service.get(f"/api/v1/assets/{MACHINE}/status")
        parts = service.get("/api/v1/events", asset=MACHINE, kind="count")["events"]
        (wrong,) = service.get("/api/v1/rejections", asset=MACHINE)["rejections"]
        figures = service.metrics()
    assert status["state"] == "running"
    assert [(part["total"], part["bad"]) for part in parts] == [(8, 2)]
    assert wrong["reason"] == "invalid_value"
    assert "HALF" in wrong["detail"]
    accepted = [figures[f"edge_messages_{name}_total"] for name in ("received", "accepted", "duplicate")]
    assert accepted == [4, 2, 1]
