"""The real service as a process of its own, for the length of a test."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.brokers import free_port
from tests.patience import WAIT_S

CLOCK_AHEAD = """\
import time

clock_ns = time.time_ns
time.time_ns = lambda: clock_ns() + {ahead_ns}
"""


def toml(value: Any) -> str:
    """A value as inline TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return json.dumps(value)


def plant_toml(plant: Mapping[str, Any]) -> str:
    """A plant file: one table for each product, site, line and machine."""
    lines = []
    for section, entries in plant.items():
        for name, settings in entries.items():
            lines.append(f"[{section}.{json.dumps(name)}]")
            lines += [f"{key} = {_instant(key, value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def _instant(key: str, value: Any) -> str:
    """Slots have instants, which TOML writes bare."""
    if key not in ("planned", "unscheduled"):
        return toml(value)
    slots = []
    for slot in value:
        rest = {k: v for k, v in slot.items() if k not in ("from", "to")}
        members = [f"from = {slot['from']}", f"to = {slot['to']}", *(f"{k} = {toml(v)}" for k, v in rest.items())]
        slots.append("{ " + ", ".join(members) + " }")
    return "[" + ", ".join(slots) + "]"


class Service:
    """`edge run` with a data folder of its own: `with Service(broker_url) as service: service.get("/api/v1/assets")`.

    `kill`, `stop` and `start` keep the folder and the port. Its clock is `ahead_us` ahead of this machine's."""

    def __init__(self, broker: str, *, plant: Mapping[str, Any] | str | None = None, settings: Sequence[str] = (),
                 folder: Path | None = None, ahead_us: int = 0) -> None:  # fmt: skip
        self.folder = folder or Path(tempfile.mkdtemp(prefix="edge-service-"))
        self._own_folder = folder is None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = self.folder / "config"
        self.config.mkdir(exist_ok=True)
        (self.folder / "plugins.d").mkdir(exist_ok=True)
        (self.config / "edge.toml").write_text("", encoding="utf-8")
        text = plant if isinstance(plant, str) else plant_toml(plant or {})
        (self.config / "plant.toml").write_text(text, encoding="utf-8")
        self.settings = [
            f"service.data_dir={self.folder / 'data'}",
            f"mqtt.url={broker}",
            f"api.port={self.port}",
            f"plugins.directory={self.folder / 'plugins.d'}",
            *settings,
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if ahead_us:
            (self.folder / "sitecustomize.py").write_text(
                CLOCK_AHEAD.format(ahead_ns=ahead_us * 1000), encoding="utf-8"
            )
            self.environment["PYTHONPATH"] = str(self.folder)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, *, ready: bool = True) -> None:
        """Start the process; with `ready` wait until it is subscribed at the broker."""
        sets = [part for setting in self.settings for part in ("--set", setting)]
        with (self.folder / "service.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge", "run", "--config", str(self.config), *sets],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
            )
        if ready:
            self.wait_ready()

    def wait_ready(self, timeout_s: float = WAIT_S) -> float:
        """Wait for /health/ready; returns the seconds it took."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            assert self.process is not None
            if self.process.poll() is not None:
                raise RuntimeError(f"the service ended with {self.process.returncode}:\n{self.log}")
            with contextlib.suppress(OSError):
                self.get("/health/ready")
                return time.monotonic() - began
            time.sleep(0.02)
        raise RuntimeError(f"the service is not ready after {timeout_s} s:\n{self.log}")

    @property
    def log(self) -> str:
        return (self.folder / "service.log").read_text(encoding="utf-8", errors="replace")

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON answer of a GET; urllib.error.HTTPError for an error status."""
        query = urllib.parse.urlencode({k: v for k, v in parameters.items() if v is not None}, doseq=True)
        with urllib.request.urlopen(f"{self.url}{path}{'?' + query if query else ''}", timeout=WAIT_S) as answer:
            body = answer.read()
        return json.loads(body) if answer.headers.get_content_type().endswith("json") else body.decode()

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer of a POST; urllib.error.HTTPError for an error status."""
        return self._send("POST", path, body)

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer of a PUT; urllib.error.HTTPError for an error status."""
        return self._send("PUT", path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        request = urllib.request.Request(
            f"{self.url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            said = json.loads(answer.read())
        if "offset" in said:
            self._wait_kept(said["offset"])
        return said

    def _wait_kept(self, offset: int) -> None:
        """Wait until the store has the journal up to here: a question waits for that only for a moment."""
        deadline = time.monotonic() + WAIT_S
        kept = -1.0
        while kept < offset:
            assert time.monotonic() < deadline, self.log[-4000:]
            metrics = self.metrics()
            kept = metrics["edge_journal_last_offset"] - metrics["edge_processing_lag_messages"]

    def metrics(self) -> dict[str, float]:
        """All figures of /metrics, by name with labels."""
        lines = (line.rpartition(" ") for line in self.get("/metrics").splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def wait_processed(self, messages: int, timeout_s: float = WAIT_S) -> None:
        """Wait until so many messages have been processed since the data folder began."""
        deadline = time.monotonic() + timeout_s
        seen = -1.0
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, KeyError):
                seen = self.metrics()["edge_messages_processed_total"]
                if seen >= messages:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"{seen:.0f} of {messages} messages processed after {timeout_s} s:\n{self.log[-4000:]}")

    def stop(self, timeout_s: float = WAIT_S) -> int:
        """SIGTERM; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout_s)
        self.process = None
        return status

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self) -> None:
        self.kill()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def is_refused(error: urllib.error.HTTPError) -> dict[str, Any]:
    """The problem that an error answer carries."""
    problem: dict[str, Any] = json.loads(error.read())
    return problem
