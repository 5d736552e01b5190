"""Devices that speak as they like, through a real broker: mappings bring their topics, and their numbers are right."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

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
MENDED = MAPPINGS.replace('ON = "running"', 'HALF = "slow", ON = "running"')
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


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_mapping_that_is_taken_out_is_given_up_at_the_broker(protocol: str) -> None:
    with Broker() as broker, Service(broker.url, settings=[f"mqtt.protocol={protocol}"]) as service:
        service.stop()
        (service.config / "edge.toml").write_text(MAPPINGS)
        service.start()
        publish(broker.port, [("lamp/m1", b"ON")])
        service.wait_processed(1)
        service.stop()
        (service.config / "edge.toml").write_text(MAPPINGS.partition('[[mappings]]\ntopic = "lamp')[0])
        service.start()
        publish(broker.port, [("lamp/m1", b"OFF"), ("acme/l1/m1/data", b"{}")])
        service.wait_processed(2)
        listed = service.get("/api/v1/rejections")["rejections"]
    assert [one["topic"] for one in listed] == ["acme/l1/m1/data"]


def edge(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    sets = [part for setting in service.settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "edge", *arguments, "--config", str(service.config), *sets]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_was_rejected_is_published_again_once_its_mapping_is_mended() -> None:
    bad = b"\xff\xfe"
    with Broker() as broker, Service(broker.url) as service:
        service.stop()
        (service.config / "edge.toml").write_text(MAPPINGS)
        service.start()
        publish(broker.port, [("lamp/m1", b"ON"), ("lamp/m1", b"HALF"), ("lamp/m1", bad)])
        service.wait_processed(3)
        every = edge(service, "rejected")
        service.stop()
        (service.config / "edge.toml").write_text(MENDED)
        service.start()
        found = edge(service, "rejected", "--reason", "invalid_value", "--asset", "demo")
        (service.folder / "again.jsonl").write_text(found.stdout)
        assert edge(service, "replay", str(service.folder / "again.jsonl"), "--speed", "0").returncode == 0
        service.wait_processed(4)
        state = service.get(f"/api/v1/assets/{MACHINE}/status")["state"]
    lines = [json.loads(line) for line in every.stdout.splitlines()]
    assert [line.get("payload") for line in lines] == ["HALF", None]
    assert lines[1]["payload_b64"] == "//4="
    assert found.stderr == "edge rejected: 1 messages\n"
    assert state == "slow"
