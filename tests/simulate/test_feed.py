"""The past goes out at once in bundles, the present when it is due, and the future never."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from edge.clock import HOUR, MINUTE, SECOND, from_text
from edge.settings.load import Settings
from edge.settings.plant import PlantSettings
from edge.settings.service import MqttSettings, ServiceSettings
from edge.simulate import Plant, simulate
from edge.simulate.feed import Feed
from edge.simulate.layout import lay_out
from tests.brokers import Broker, free_port
from tests.collector import Collector
from tests.patience import WAIT_S

NOW = from_text("2025-03-03T07:30:00Z")
ROOT = "shopfloor/v1"


class Clock:
    """A clock that stands until somebody waits; also the feed's stop flag, set at `end`."""

    def __init__(self, end: int) -> None:
        self.now, self.end = NOW, end

    def __call__(self) -> int:
        return self.now

    def is_set(self) -> bool:
        return self.now >= self.end

    def wait(self, seconds: float) -> bool:
        self.now += round(seconds * SECOND)
        return self.is_set()


def fed(start: int, end: int, rate: float) -> list[tuple[int, str, list[dict[str, object]]]]:
    """(clock, topic, elements) of every message that went out."""
    clock = Clock(end)
    sent: list[tuple[int, str, list[dict[str, object]]]] = []

    def publish(topic: str, payload: bytes) -> None:
        tree = json.loads(payload)
        sent.append((clock.now, topic, tree if isinstance(tree, list) else [tree]))

    feed = Feed(Plant(lay_out(PlantSettings(), 4)), ROOT, clock, clock)  # type: ignore[arg-type]
    feed.run(publish, start, rate)
    assert feed.messages == len(sent)
    assert feed.events == sum(len(elements) for _, _, elements in sent)
    return sent


def plant_events(start: int, end: int) -> list[dict[str, object]]:
    found = []
    for ts, _, payload in Plant(lay_out(PlantSettings(), 4)).events(start):
        if ts >= end:
            return found
        found.append(payload)
    return found


def key(payload: dict[str, object]) -> str:
    return json.dumps(payload, sort_keys=True)


def test_the_past_goes_out_at_once_in_bundles_and_ends_at_the_present() -> None:
    sent = fed(NOW - HOUR, NOW + HOUR, 0)
    assert {clock for clock, _, _ in sent} == {NOW}
    elements = [element for _, _, elements in sent for element in elements]
    assert sorted(map(key, elements)) == sorted(map(key, plant_events(NOW - HOUR, NOW)))
    assert len(sent) < len(elements) / 4
    assert all(topic.startswith(f"{ROOT}/demo/packing/l1/m00") for _, topic, _ in sent)


def test_the_present_goes_out_when_it_is_due() -> None:
    sent = fed(NOW, NOW + 2 * MINUTE, 1)
    live = [(clock, elements) for clock, _, elements in sent if clock > NOW]
    assert len(live) > 100
    assert all(len(elements) == 1 and elements[0]["ts"] == clock // 1000 for clock, elements in live)


def test_a_faster_plant_catches_up_and_never_runs_ahead() -> None:
    sent = fed(NOW - 10 * MINUTE, NOW + 5 * MINUTE, 5)
    assert all(int(str(elements[0]["ts"])) <= clock // 1000 for clock, _, elements in sent)
    lags = [clock - int(str(elements[0]["ts"])) * 1000 for clock, _, elements in sent]
    assert lags[0] == pytest.approx(10 * MINUTE, abs=5 * SECOND)
    assert max(lags[-100:]) < SECOND


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as started:
        yield started


def settings_for(port: int) -> Settings:
    return Settings(ServiceSettings(mqtt=MqttSettings(url=f"mqtt://127.0.0.1:{port}")), PlantSettings())


def test_a_backfill_reaches_a_real_broker_much_faster_than_it_happened(broker: Broker) -> None:
    with Collector(broker.port, f"{ROOT}/#") as collector:
        assert simulate(settings_for(broker.port), rate=0, backfill_h=2) == 0
        messages = collector.wait_for(4000)
    assert {message.topic.rpartition("/")[2] for message in messages} >= {"state", "reading", "count", "unit"}
    assert not any(message.retain for message in messages)


def test_it_ends_after_its_duration(broker: Broker) -> None:
    before = threading.active_count()
    began = time.monotonic()
    assert simulate(settings_for(broker.port), backfill_h=0, duration_s=0.3) == 0
    assert time.monotonic() - began < WAIT_S
    assert threading.active_count() == before


def test_without_a_broker_the_status_is_1(capfd: pytest.CaptureFixture[str]) -> None:
    assert simulate(settings_for(free_port()), rate=0, backfill_h=0) == 1
    assert "no broker at" in capfd.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_in_order(broker: Broker, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "edge", "simulate", "--set", f"mqtt.url={broker.url}", "--backfill-hours", "0.1"]
    with (
        Collector(broker.port, f"{ROOT}/#") as collector,
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process,
    ):
        collector.wait_for(50)
        process.send_signal(number)
        _, said = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, said
    assert "messages" in said
