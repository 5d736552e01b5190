"""Starts the parts of the demo one after the other, waits, and stops them in reverse."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from edge.demo.broker import BrokerPlan, plan_broker
from edge.demo.children import Child
from edge.settings.load import Settings
from edge.settings.service import ServiceSection

BROKER_S, SERVICE_S = 60.0, 120.0  # a small box that is busy takes its time; what ends is noticed at once
POLL_S = 0.1
EX_UNAVAILABLE = 69
HOST = "127.0.0.1"


class DemoError(Exception):
    """A part of the demo did not start, or ended by itself."""


def demo(
    settings: Settings,
    *,
    overrides: Sequence[str] = (),
    rate: float = 1.0,
    seed: int = 1,
    backfill_h: float = 8.0,
    port: int | None = None,
    browser: bool = True,
    duration_s: float | None = None,
) -> int:
    """Run until a signal comes or `duration_s` after the page is up; the exit status, 1 where a part failed.

    `overrides` are the `--set` values that `settings` were loaded with: the parts load them again. State lies in a
    folder that is removed at the end, unless `service.data_dir` is set to another place than the default."""
    stop = threading.Event()
    with _signals(stop), TemporaryDirectory(prefix="edge-demo-", ignore_cleanup_errors=True) as folder:
        arranged = Arrangement(settings, Path(folder), overrides, port)
        if arranged.broker is None:
            _say("no MQTT broker: install the package mosquitto, or this package with the extra `demo`")
            return EX_UNAVAILABLE
        try:
            with ExitStack() as parts:
                _run(arranged, parts, stop, _simulation(rate, seed, backfill_h), browser=browser, duration_s=duration_s)
        except DemoError as error:
            _say(str(error))
            return 1
    _say("ended")
    return 0


class Arrangement:
    """Ports, folder and commands of one demo."""

    def __init__(self, settings: Settings, folder: Path, overrides: Sequence[str], port: int | None) -> None:
        self.folder = folder
        self.root = settings.service.mqtt.root
        self.mqtt_port = free_port(settings.service.mqtt.port)
        self.page_port = port or free_port(settings.service.api.port)
        self.broker: BrokerPlan | None = plan_broker(self.mqtt_port, folder)
        self.data = settings.service.service.data_dir
        if self.data == ServiceSection().data_dir:
            self.data = folder / "data"
        self._config, self._overrides = settings.config_dir, overrides

    @property
    def page(self) -> str:
        return f"http://{HOST}:{self.page_port}/"

    @property
    def mqtt_url(self) -> str:
        return f"mqtt://{HOST}:{self.mqtt_port}"

    def command(self, name: str, *options: str) -> list[str]:
        """`edge NAME` with the settings of the demo."""
        own = [f"mqtt.url={self.mqtt_url}", f"service.data_dir={self.data}", f"api.host={HOST}"]
        own += [f"api.port={self.page_port}", f"mqtt.protocol={self.broker.protocol if self.broker else '5'}"]
        sets = [part for value in (*self._overrides, *own) for part in ("--set", value)]
        return [sys.executable, "-m", "edge", name, "--config", str(self._config), *sets, *options]


def _run(
    demo: Arrangement,
    parts: ExitStack,
    stop: threading.Event,
    simulation: Sequence[str],
    *,
    browser: bool,
    duration_s: float | None,
) -> None:
    children: list[Child] = []

    def start(name: str, command: Sequence[str]) -> None:
        children.append(parts.enter_context(Child(name, command, demo.folder / f"{name}.log")))

    assert demo.broker is not None
    start("broker", demo.broker.command)
    if not _until(lambda: _answers(demo.mqtt_port), BROKER_S, "the broker does not answer", children, stop):
        return
    start("service", demo.command("run"))
    if not _until(lambda: _is_ready(demo.page), SERVICE_S, "the service is not ready", children, stop):
        return
    start("simulator", demo.command("simulate", *simulation))
    _introduce(demo)
    if browser and (sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(demo.page)
    _until(stop.is_set, duration_s, None, children, stop)


def _until(
    done: Callable[[], bool], limit_s: float | None, complaint: str | None, children: list[Child], stop: threading.Event
) -> bool:
    """Wait until `done` (True) or a signal (False); DemoError where a part ends, or in the end for the `complaint`."""
    deadline = time.monotonic() + limit_s if limit_s is not None else float("inf")
    while not done():
        for child in children:
            if child.status is not None and not (child.name == "simulator" and child.status == 0):
                raise DemoError(f"the {child.name} ended with status {child.status}:\n{child.last_words()}")
        if time.monotonic() > deadline:
            if complaint is None:
                return True
            raise DemoError(f"{complaint} after {limit_s:g} s:\n{children[-1].last_words()}")
        if stop.wait(POLL_S):
            return False
    return True


def _simulation(rate: float, seed: int, backfill_h: float) -> list[str]:
    return ["--rate", str(rate), "--seed", str(seed), "--backfill-hours", str(backfill_h)]


def _introduce(demo: Arrangement) -> None:
    assert demo.broker is not None
    _say(
        f"""running; Ctrl-C ends it and leaves nothing behind

  page     {demo.page}
  API      {demo.page}docs
  broker   {demo.mqtt_url} ({demo.broker.name}, MQTT {demo.broker.protocol})
  topics   {demo.root}/<site>/<area>/<line>/<machine>/<kind>
  watch    mosquitto_sub -p {demo.mqtt_port} -v -t '{demo.root}/#'
  data     {demo.data}
"""
    )


def free_port(wanted: int = 0) -> int:
    """`wanted` where nobody listens there, else a port that is free at this moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just left is free
        try:
            probe.bind((HOST, wanted))
        except OSError:
            return free_port()
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_ready(page: str) -> bool:
    try:
        with urllib.request.urlopen(f"{page}health/ready", timeout=2) as answer:  # noqa: S310 (an address of our own)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end the demo in order."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    sys.stdout.write(f"edge demo: {text}\n")
    sys.stdout.flush()
