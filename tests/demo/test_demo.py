"""The demo as its user runs it: one command, a page with numbers, and nothing left behind however it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.demo import broker as brokers
from edge.demo import demo
from edge.demo.demo import free_port as demo_port
from edge.settings.load import load
from tests.brokers import free_port
from tests.patience import WAIT_S
from tests.servers import find

ROOT = Path(__file__).parents[2]
QUICK = ("--no-browser", "--backfill-hours", "0.2")
WITHOUT_MOSQUITTO = "import edge.demo.broker as b; b.BESIDE_PATH = (); import edge.cli as c; c.main()"
PARTS = {"broker": "mosquitto.conf", "service": "\0run\0", "simulator": "\0simulate\0"}


def children_of(pid: int) -> list[int]:
    """Processes below `pid`, all generations."""
    try:
        own = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return own + [grandchild for child in own for grandchild in children_of(child)]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true: Callable[[], object], what: str) -> Any:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {WAIT_S} s: {what}")


class Running:
    """A demo as a process of its own, its temporary files below `folder`."""

    def __init__(self, folder: Path, *command: str, path: str | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, *(command or ("-m", "edge")), "demo", *QUICK, "--port", str(self.port)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder), "PATH": os.environ["PATH"] if path is None else path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def get(self, path: str) -> Any:
        """The JSON of an answer; None while there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=WAIT_S) as answer:
                return json.loads(answer.read())
        except (urllib.error.URLError, OSError):
            return None

    def wait_for_numbers(self) -> list[int]:
        """Wait until parts are counted on a line; the processes of the demo by then."""

        def parts() -> int:
            assert self.process.poll() is None, self.process.communicate()[0]
            status = self.get("/api/v1/assets/demo/packing/l1/m001/status") or {}
            return len(self.get("/api/v1/events?kind=count")["events"]) if status else 0

        wait_until(parts, "counted parts")
        return wait_until(lambda: len(found := children_of(self.process.pid)) >= 4 and found, "four processes")

    def end(self, number: signal.Signals) -> str:
        self.process.send_signal(number)
        return self.process.communicate(timeout=WAIT_S)[0]


@contextmanager
def running(folder: Path, *command: str, path: str | None = None) -> Iterator[Running]:
    started = Running(folder, *command, path=path)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.terminate()
        started.process.communicate(timeout=WAIT_S)


def assert_nothing_is_left(folder: Path, pids: list[int]) -> None:
    assert pids
    wait_until(lambda: not [pid for pid in pids if alive(pid)], "all processes gone")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_page_with_numbers_and_nothing_left_after_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as demo:
        pids = demo.wait_for_numbers()
        machines = [asset for asset in demo.get("/api/v1/assets")["assets"] if asset["kind"] == "machine"]
        assert len(machines) == 12
        said = demo.end(number)
    assert demo.process.returncode == 0, said
    assert f"http://127.0.0.1:{demo.port}/" in said
    assert "shopfloor/v1/" in said
    assert_nothing_is_left(tmp_path, pids)


def test_without_mosquitto_the_demo_runs_on_amqtt(tmp_path: Path) -> None:
    with running(tmp_path, "-c", WITHOUT_MOSQUITTO, path="") as demo:
        pids = demo.wait_for_numbers()
        said = demo.end(signal.SIGTERM)
    assert "(amqtt, MQTT 3.1.1)" in said
    assert demo.process.returncode == 0, said
    assert_nothing_is_left(tmp_path, pids)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_dies_ends_the_demo_with_its_name(tmp_path: Path, part: str) -> None:
    if part == "broker":
        find("mosquitto")  # which is recognised by its file; amqtt has none
    with running(tmp_path) as demo:
        pids = demo.wait_for_numbers()
        [victim] = [pid for pid in pids if PARTS[part] in Path(f"/proc/{pid}/cmdline").read_text()]
        os.kill(victim, signal.SIGKILL)
        said = demo.process.communicate(timeout=WAIT_S)[0]
    assert demo.process.returncode == 1
    assert f"the {part} ended with status -9" in said
    assert_nothing_is_left(tmp_path, pids)


def test_a_demo_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    with running(tmp_path) as demo:
        pids = demo.wait_for_numbers()
        demo.end(signal.SIGKILL)
    wait_until(lambda: not [pid for pid in pids if alive(pid)], "all processes gone")


def test_it_ends_by_itself_after_its_seconds(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = load(ROOT / "config", environ={})
    overrides = [f"service.data_dir={tmp_path}/kept", "plugins.disabled=[]"]
    kept = load(ROOT / "config", overrides, environ={})
    assert settings != kept
    assert demo(kept, overrides=overrides, backfill_h=0, browser=False, duration_s=1.0) == 0
    assert (tmp_path / "kept" / "journal").is_dir()
    assert "ended" in capfd.readouterr().out


def test_without_any_broker_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(brokers, "find_mosquitto", lambda: None)
    monkeypatch.setattr(brokers.importlib.util, "find_spec", lambda name: None)
    assert demo(load(ROOT / "config", environ={}), browser=False) == 69
    assert "install the package mosquitto" in capfd.readouterr().out


def test_a_port_that_is_taken_is_left_alone() -> None:
    with socket.socket() as other:
        taken = free_port()
        other.bind(("127.0.0.1", taken))
        other.listen()
        assert demo_port(taken) != taken
    assert demo_port(taken) == taken
