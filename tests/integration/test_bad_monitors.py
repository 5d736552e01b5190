"""Third parties' monitors that loop, sleep, leak, end their process or raise, in the running service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.brokers import Broker, publish
from tests.integration.test_monitors import HOT, START_MS, wait_for
from tests.running import Service

LINE = "works/hall/line01"
LOOPS = "while True: pass"
SLEEPS = "time.sleep(3600)"
LEAKS = "leak = []\n            while True: leak.append(bytearray(1 << 20))"
EXITS = "os._exit(3)"
RAISES = "raise KeyError('a mistake')"
BAD = {"loops": LOOPS, "sleeps": SLEEPS, "leaks": LEAKS, "exits": EXITS, "raises": RAISES}
SOURCE = """
import os, time
from edge import Assessment, Monitor, hookimpl


class Bad(Monitor):
    name = "{name}"

    def update(self, seen):
        if max(seen.signals.values(), default=0.0) > 100:
            {does}
        return Assessment(seen.ts, "ok", 1.0)


@hookimpl
def register_monitors():
    return [Bad]
"""
HOT_SECONDS = (30, 31, 32)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    (folder / "plugins.d").mkdir()
    (folder / "plugins.d" / "hot.py").write_text(HOT, encoding="utf-8")
    for name, does in BAD.items():
        (folder / "plugins.d" / f"{name}.py").write_text(SOURCE.format(name=name, does=does), encoding="utf-8")
    with Broker() as broker, Service(broker.url, folder=folder) as started:
        publish(broker.port, [said("m001", 0, "state", state="running")])
        sent = 1 + publish(broker.port, list(readings(0, 60)))
        started.wait_processed(sent)
        publish(broker.port, [said("m001", 60, "count", total=30, bad=3), said("m001", 61, "state", state="stopped")])
        sent += 2 + publish(broker.port, list(readings(60, 120)))
        started.wait_processed(sent)
        wait_for(started, said_to_the_end, monitor="hot")
        yield started


def said(machine: str, second: int, kind: str, **body: Any) -> tuple[str, bytes]:
    body["ts"] = START_MS + second * 1000
    return f"shopfloor/v1/{LINE}/{machine}/{kind}", json.dumps(body).encode()


def readings(start: int, end: int) -> Iterator[tuple[str, bytes]]:
    """Two machines; one of them shows a value now and then that the bad monitors cannot bear."""
    for second in range(start, end):
        for machine in ("m001", "m002"):
            value = 120.0 if machine == "m002" and second in HOT_SECONDS else 70.0 + second % 2
            yield said(machine, second, "reading", signals={"temperature": value})


def said_to_the_end(answer: Any) -> bool:
    return [one["ts"] for one in answer["assessments"]] == ["2026-05-28T20:28:39Z"] * 2


def test_everything_else_goes_on_and_nothing_is_lost(service: Service) -> None:
    window = {"asset": f"{LINE}/m001", "from": "2026-05-28T20:26:40Z", "to": "2026-05-28T20:27:41Z"}
    facts = service.get("/api/v1/kpis/oee", **window)["facts"]
    assert (facts["total_count"], facts["run_time_s"]) == (30, 61.0)
    metrics = service.metrics()
    assert metrics["edge_messages_received_total"] == metrics["edge_messages_accepted_total"] == 243
    assert service.get("/health/ready")["components"]["processing"] == {
        "ok": True, "detail": "following the journal", "lag": 0,
    }  # fmt: skip
    history = service.get("/api/v1/assessments", **{"from": "2026-05-28T20:00:00Z"}, monitor="hot")["assessments"]
    assert [(one["asset"][-4:], one["state"], one["ts"][17:19]) for one in history] == [
        ("m001", "ok", "40"), ("m002", "ok", "40"),
        ("m002", "plan", "10"), ("m002", "plan", "11"), ("m002", "plan", "12"), ("m002", "ok", "13"),
    ]  # fmt: skip
    assert all(a["id"] < b["id"] for a, b in pairwise(history))


@pytest.mark.parametrize("name", BAD)
def test_who_does_it_says_nothing_of_that_machine_and_goes_on_with_the_others(service: Service, name: str) -> None:
    answer = wait_for(service, lambda answer: len(answer["assessments"]) == 2, monitor=name)
    states = {one["asset"][-4:]: (one["state"], one["reasons"]) for one in answer["assessments"]}
    assert states["m001"][0] == "ok"
    assert states["m002"][0] == "unknown"
    assert "paused" in states["m002"][1][0]["text"]
    (about,) = (one for one in answer["monitors"] if one["name"] == name)
    assert about["apart"]
    assert (about["paused"], about["off"]) == (1, None)
    assert about["deaths"] == (0 if name == "raises" else 2)
    assert about["failures"] == (3 if name == "raises" else 1)
    metrics = service.metrics()
    assert metrics[f'edge_monitor_process_deaths_total{{monitor="{name}"}}'] == about["deaths"]
    assert name in service.get("/health/ready")["components"]["plugins"]["errors"]
