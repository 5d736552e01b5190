"""Monitors from files in the plugins directory, in the running service."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Broker, publish
from tests.patience import WAIT_S
from tests.running import Service

ASSET = "works/hall/line01/m001"
WORKED_ON = "works/hall/line01/m002"
START_MS = 1_780_000_000_000
HOT = """
from edge import Assessment, Monitor, Observation, Reason, hookimpl


class Hot(Monitor):
    name = "hot"
    title = "Heat"
    signals = ("temperature",)

    def update(self, seen: Observation) -> Assessment | None:
        if seen.kind == "maintenance":
            self.state["works"] = self.state.get("works", 0) + 1
            return Assessment(seen.ts, "learning", work=f"done: {seen.component} {self.state['works']}")
        if seen.kind != "reading":
            return None
        value = seen.signals["temperature"]
        if value > 90:
            return Assessment(seen.ts, "plan", 0.4, 1.5, reasons=(Reason("temperature", value, 70.0),), edge="open")
        return Assessment(seen.ts, "ok", 1.0, 0.1)


@hookimpl
def register_monitors():
    return [Hot]
"""
RAISES = HOT.replace('"hot"', '"raises"').replace(
    "        value =", '        raise KeyError("a mistake")\n        value ='
)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as started:
        yield started


@contextmanager
def running(broker: Broker, folder: Path) -> Iterator[Service]:
    """The service with both monitors, after an alarm on two machines."""
    (folder / "plugins.d").mkdir()
    (folder / "plugins.d" / "hot.py").write_text(HOT, encoding="utf-8")
    (folder / "plugins.d" / "raises.py").write_text(RAISES, encoding="utf-8")
    with Service(broker.url, folder=folder) as started:
        values = [70.0] * 60 + [95.0] * 30
        sent = [reading(asset, second, value) for asset in (WORKED_ON, ASSET) for second, value in enumerate(values)]
        started.wait_processed(publish(broker.port, sent))
        settled(started, "2026-05-28T20:28:09", machines=2)
        yield started


@pytest.fixture(scope="module")
def service(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """For tests that leave it as it is, but for a machine of their own."""
    with running(broker, tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[tuple[Service, Broker]]:
    """For tests that stop it."""
    with Broker() as broker, running(broker, tmp_path) as started:
        yield started, broker


def reading(asset: str, second: int, value: float) -> tuple[str, bytes]:
    body = {"ts": START_MS + second * 1000, "signals": {"temperature": value, "other": 1.0}}
    return f"shopfloor/v1/{asset}/reading", json.dumps(body).encode()


def wait_for(service: Service, true: Any, **asked: str) -> Any:
    """The assessments, once they are so."""
    end = time.monotonic() + WAIT_S
    while True:
        answer = service.get("/api/v1/assessments", **asked)
        if true(answer):
            return answer
        assert time.monotonic() < end, answer
        time.sleep(0.05)


def settled(service: Service, last: str, machines: int) -> None:
    """Until something is said of the last reading of each machine: the time that the journal notes has passed."""
    wait_for(
        service, lambda answer: [one["ts"][:19] for one in answer["assessments"]] == [last] * machines, monitor="hot"
    )


def said_of(service: Service, asset: str, what: str, **body: str) -> Any:
    return service.post(f"/api/v1/assessments/{asset}/{what}", {"by": "ann", **body})


def test_what_a_monitor_says_of_the_last_reading_is_there_though_no_message_follows(service: Service) -> None:
    answer = wait_for(
        service, lambda a: a["assessments"][0]["ts"] == "2026-05-28T20:28:09Z", monitor="hot", asset=ASSET
    )
    (said,) = answer["assessments"]
    assert (said["asset"], said["monitor"], said["title"], said["state"]) == (ASSET, "hot", "Heat", "plan")
    assert said["reasons"][0]["signal"] == "temperature"
    assert said["since"] == "2026-05-28T20:27:40Z"
    assert said["acknowledged"] is None


def test_the_history_is_in_order_and_comes_in_pages(service: Service) -> None:
    window = {"from": "2026-05-28T20:00:00Z", "to": "2026-05-28T21:00:00Z", "monitor": "hot", "asset": ASSET}
    whole = service.get("/api/v1/assessments", **window)["assessments"]
    assert [one["state"] for one in whole[:2]] == ["ok", "plan"]
    paged: list[Any] = []
    after = 0
    while True:
        page = service.get("/api/v1/assessments", **window, limit=1, after=after)
        paged += page["assessments"]
        if page["next"] is None:
            break
        after = page["next"]
    assert paged == whole
    alarms = service.get("/api/v1/assessments", **window, state="plan,act")["assessments"]
    assert {one["state"] for one in alarms} == {"plan"}


def test_a_monitor_that_raises_is_counted_paused_and_alone_in_that(service: Service) -> None:
    answer = service.get("/api/v1/assessments", monitor="raises", asset=ASSET)
    (said,) = answer["assessments"]
    assert said["state"] == "unknown"
    assert "a mistake" in said["reasons"][0]["text"]
    about = {one["name"]: one for one in answer["monitors"]}
    assert about["raises"]["paused"] >= 1
    assert about["hot"]["failures"] == 0
    metrics = service.metrics()
    assert metrics['edge_monitor_failures_total{monitor="raises"}'] == about["raises"]["failures"]
    assert metrics['edge_assessments_total{state="plan"}'] > 0
    assert "raises" in service.get("/health/ready")["components"]["plugins"]["errors"]


def test_an_alarm_is_acknowledged_in_the_status_too_and_still_after_a_kill(
    own_service: tuple[Service, Broker],
) -> None:
    service, _ = own_service
    assert service.get(f"/api/v1/assets/{ASSET}/status")["maintenance"]["state"] == "plan"
    made = said_of(service, ASSET, "acknowledge", why="fan ordered", monitor="hot")
    answer = wait_for(service, lambda a: a["assessments"][0]["acknowledged"], monitor="hot", asset=ASSET)
    service.kill()
    service.start()
    assert service.get("/api/v1/assessments", monitor="hot", asset=ASSET)["assessments"] == answer["assessments"]
    assert answer["assessments"][0]["acknowledged"]["by"] == "ann"
    assert service.get(f"/api/v1/assets/{ASSET}/status")["maintenance"]["acknowledged"]
    listed = service.get("/api/v1/corrections", asset=ASSET)["corrections"]
    assert [one["kind"] for one in listed if one["id"] == made["id"]] == ["acknowledge"]


def work_done_on(asset: str, service: Service, broker: Broker) -> Any:
    """What the monitor says after a message about work, and work that a person told of."""
    body = json.dumps({"ts": START_MS + 95_000, "component": "fan"}).encode()
    publish(broker.port, [(f"shopfloor/v1/{asset}/maintenance", body)])
    wait_for(service, lambda a: a["assessments"][0]["work"] == "done: fan 1", monitor="hot", asset=asset)
    said_of(service, asset, "work-done", why="heat", component="pump", action="replaced")
    (said,) = wait_for(service, lambda a: a["assessments"][0]["work"] == "done: pump 2", monitor="hot", asset=asset)[
        "assessments"
    ]
    return said


def test_work_done_reaches_the_monitor_by_message_and_from_a_person(service: Service, broker: Broker) -> None:
    said = work_done_on(WORKED_ON, service, broker)
    assert said["state"] == "learning"
    assert said["acknowledged"] is None


def everything(service: Service) -> dict[str, Any]:
    """The whole history, in pages, and what is said now."""
    rows: list[Any] = []
    after = 0
    while True:
        page = service.get("/api/v1/assessments", after=after, limit=1000)
        rows += page["assessments"]
        if page["next"] is None:
            return {"history": rows, "now": service.get("/api/v1/assessments", limit=1000)["assessments"]}
        after = page["next"]


def rebuild(service: Service) -> None:
    sets = [part for setting in service.settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "edge", "rebuild", "--config", str(service.config), *sets]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 0, done.stderr


def test_rebuilt_from_the_journal_every_assessment_is_the_same(own_service: tuple[Service, Broker]) -> None:
    service, broker = own_service
    said_of(service, ASSET, "acknowledge", why="fan ordered", monitor="hot")
    work_done_on(WORKED_ON, service, broker)
    before = everything(service)
    service.stop()
    rebuild(service)
    service.start()
    assert everything(service) == before


def test_killed_under_load_no_assessment_is_lost_or_doubled(tmp_path: Path) -> None:
    machines, seconds = 20, 300
    values = random.Random(1)
    sent = [
        (
            f"shopfloor/v1/works/hall/line02/m{machine:03d}/reading",
            json.dumps({"ts": START_MS + second * 1000 + machine, "signals": {"temperature": values.gauss(88, 3)}}),
        )
        for second in range(seconds)
        for machine in range(machines)
    ]
    (tmp_path / "plugins.d").mkdir()
    (tmp_path / "plugins.d" / "hot.py").write_text(HOT, encoding="utf-8")
    with Broker() as broker, Service(broker.url, folder=tmp_path) as killed:
        for part in (sent[0::2], sent[1::2]):
            publish(broker.port, [(topic, text.encode()) for topic, text in part])
            killed.kill()
            killed.start()
        killed.wait_processed(len(sent))
        settled(killed, "2026-05-28T20:31:39", machines)
        before = everything(killed)
        killed.stop()
        rebuild(killed)
        killed.start()
        assert everything(killed) == before
    assert len(before["history"]) > 10 * machines


def test_what_is_said_comes_over_the_stream(service: Service, broker: Broker) -> None:
    address = f"{service.url}/api/v1/stream?kinds=assessment&asset=works/hall/line03"
    machine = "works/hall/line03/m009"
    body = json.dumps({"ts": START_MS, "signals": {"temperature": 99.0}}).encode()
    with urllib.request.urlopen(address, timeout=WAIT_S) as stream:
        assert any(b"hello" in line for line in islice(stream, 10))
        publish(broker.port, [(f"shopfloor/v1/{machine}/reading", body)])
        for line in stream:
            if line.startswith(b"data:") and b'"monitor":"hot"' in line.replace(b": ", b":"):
                said = json.loads(line.removeprefix(b"data:"))
                break
    assert (said["asset"], said["state"], said["ts"]) == (machine, "plan", "2026-05-28T20:26:40Z")
