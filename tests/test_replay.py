"""A recording goes out as it was written, at its pace, and bad lines are named and skipped."""

import base64
import gzip
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.publisher import Publisher, PublishError, topic_fault
from edge.replay import BadLineError, Pace, parse_line, payload_of, replay
from edge.settings.load import Settings
from edge.settings.plant import PlantSettings
from edge.settings.service import MqttSettings, ServiceSettings
from tests.brokers import Broker, free_port
from tests.collector import Collector


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as started:
        yield started


def settings_for(port: int, **mqtt: Any) -> Settings:
    url = f"mqtt://127.0.0.1:{port}"
    return Settings(ServiceSettings(mqtt=MqttSettings(url=url, **mqtt)), PlantSettings())


def write(folder: Path, *lines: Any) -> Path:
    file = folder / "recording.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return file


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_every_line_goes_out_with_its_topic_payload_and_qos(broker: Broker, tmp_path: Path, protocol: str) -> None:
    file = write(
        tmp_path,
        {"topic": "a/text", "payload": '{"ts": 1}', "t_ms": 5},
        '{"topic": "a/json", "payload": {"x": 1e400, "x": 1.50}, "t_ms": 6}',
        {"topic": "a/bytes", "payload_b64": base64.b64encode(b"\xff\x00").decode(), "qos": 0},
        {"topic": "a/empty", "payload": "", "comment": "unknown members do no harm"},
    )
    with Collector(broker.port, "a/#") as collector:
        assert replay(settings_for(broker.port, protocol=protocol), file, speed=0) == 0
        got = [(message.topic, message.payload, message.qos) for message in collector.wait_for(4)]
    assert got == [
        ("a/text", b'{"ts": 1}', 1),
        ("a/json", b'{"x": 1e400, "x": 1.50}', 1),
        ("a/bytes", b"\xff\x00", 0),
        ("a/empty", b"", 1),
    ]


def test_a_packed_recording_goes_out_whole_and_in_order(broker: Broker, tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl.gz"
    lines = [json.dumps({"topic": "b/x", "payload": str(n), "t_ms": n}) for n in range(3000)]
    file.write_bytes(gzip.compress("\n".join(lines).encode()))
    with Collector(broker.port, "b/#") as collector:
        assert replay(settings_for(broker.port), file, speed=0) == 0
        assert [int(message.payload) for message in collector.wait_for(3000)] == list(range(3000))


def test_the_retain_flag_reaches_the_broker(broker: Broker, tmp_path: Path) -> None:
    file = write(tmp_path, {"topic": "c/x", "payload": "1", "retain": True}, {"topic": "c/y", "payload": "1"})
    assert replay(settings_for(broker.port), file, speed=0) == 0
    with Collector(broker.port, "c/#") as late:
        assert [(message.topic, message.retain) for message in late.wait_for(1)] == [("c/x", True)]


def test_bad_lines_are_named_and_skipped_and_the_status_is_1(
    broker: Broker, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = write(
        tmp_path, {"topic": "d/x", "payload": "1"}, "", "no json", {"topic": "d/#", "payload": "1"}, {"topic": "d/y"},
        {"topic": "d/x", "payload_b64": "%%%"}, {"topic": "d/z\0", "payload": "1"}, {"topic": "d/x", "payload": "2"},
    )  # fmt: skip
    with Collector(broker.port, "d/#") as collector:
        assert replay(settings_for(broker.port), file, speed=0) == 1
        assert [message.payload for message in collector.wait_for(2)] == [b"1", b"2"]
    said = capfd.readouterr().err
    assert [f":{n}: skipped" in said for n in range(1, 9)] == [False, False, True, True, True, True, True, False]
    assert "2 messages published, 5 lines skipped" in said


def test_a_file_that_breaks_off_ends_with_status_1(
    broker: Broker, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recording.gz"
    file.write_bytes(gzip.compress(b'{"topic": "e/x", "payload": "1"}\n' * 1000)[:-20])
    assert replay(settings_for(broker.port), file, speed=0) == 1
    assert "stopped after" in capfd.readouterr().err


def test_without_a_broker_the_status_is_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, {"topic": "e/x", "payload": "1"})
    assert replay(settings_for(free_port()), file, speed=0) == 1
    assert "no broker at mqtt://127.0.0.1:" in capfd.readouterr().err


def test_a_broker_that_wants_a_password_is_reported() -> None:
    with Broker(anonymous=False) as closed, pytest.raises(PublishError, match="refuses the connection"):
        Publisher(settings_for(closed.port).service.mqtt, "test").__enter__()


def test_what_was_not_confirmed_goes_out_again_after_a_restart_of_the_broker(tmp_path: Path) -> None:
    with Broker() as broker, Publisher(settings_for(broker.port).service.mqtt, "test") as publisher:
        publisher.publish("f/1", b"1")
        publisher.drain()
        broker.signal(signal.SIGSTOP)
        for number in range(15):  # fewer than mosquitto's receive maximum of 20
            publisher.publish(f"f/{number}", b"2")
        broker.kill()
        assert broker.start()
        with Collector(broker.port, "f/#") as collector:
            assert len({message.topic for message in collector.wait_for(15)}) == 15


def test_pace_keeps_the_distances_of_the_recording_times_the_speed() -> None:
    now, waits = 100.0, []
    pace = Pace(2.0, lambda: now, waits.append)
    for t_ms in (5000.0, 6000.0, None, 5500.0, 9000.0):
        pace.keep(t_ms)
    assert waits == [0.5, 0.25, 2.0]


def test_pace_flat_out_never_waits() -> None:
    waits: list[float] = []
    pace = Pace(0, lambda: 0.0, waits.append)
    pace.keep(0)
    pace.keep(1e9)
    assert waits == []


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0", "a\x07", "\ud800", "a\uffff", "a" * 65_536])
def test_a_topic_that_a_broker_would_hang_up_on_is_told(topic: str) -> None:
    assert topic_fault(topic) is not None


def test_odd_but_right_topics_pass() -> None:
    assert [topic_fault(topic) for topic in ("/", "a//b", "größe", "$SYS/x", " ")] == [None] * 5


@pytest.mark.parametrize(
    "line",
    [b"[]", b'{"topic": 5, "payload": "1"}', b'{"topic": "a", "payload": "1", "qos": 3}', b'{"payload": "1"}',
     b'{"topic": "a", "payload": "1", "payload_b64": "MQ=="}', b'{"topic": "a", "payload": "1", "t_ms": "now"}',
     b'{"topic": "a", "payload": "\xff"}', b'{"topic": "a", "payload": ' + b"[" * 5000],
)  # fmt: skip
def test_a_line_that_is_no_message_is_told(line: bytes) -> None:
    with pytest.raises(BadLineError):
        payload_of(parse_line(line))


def test_the_recording_of_the_documentation_can_be_published() -> None:
    page = (Path(__file__).parents[1] / "docs" / "demo-and-recordings.md").read_text()
    [block] = re.findall(r"^```jsonl[^\n]*\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    payloads = [payload_of(parse_line(line.encode())) for line in block.splitlines()]
    assert payloads[0] == b'{"ts": 1741000000000, "state": "running"}'
    assert payloads[1:] == [b'{"ts": 1741000005000, "total": 3}', b"\xff\xfe"]
