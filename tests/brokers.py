"""A real mosquitto on a free port for the length of a test, and a plain publisher to talk to it."""

from __future__ import annotations

import contextlib
import ctypes
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.patience import WAIT_S
from tests.servers import find

FIRST_PORT = 10_000
PERSISTENT = ("persistence true", "autosave_interval 1", "max_queued_messages 1000000")
"""Keeps sessions over a restart and queues as the shipped configuration does."""


def free_port() -> int:
    """A port to listen on, now and after a restart: below those that the kernel gives to anybody who connects."""
    given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    below = given - FIRST_PORT
    while True:
        port = FIRST_PORT + secrets.randbelow(below) if below > 0 else 0  # `random` is seeded by what tests with it
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Broker:
    """mosquitto on 127.0.0.1: `with Broker() as broker: ... broker.url`.

    `lines` replace the settings below the listener (default: persistent, long queues); relative file names in them are
    seen from `broker.folder`. The port, given or chosen freely, is kept over `stop` and `start`.
    """

    def __init__(self, lines: Sequence[str] = PERSISTENT, *, anonymous: bool = True, port: int | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edge-broker-"))
        self.lines = [f"allow_anonymous {str(anonymous).lower()}", *lines]
        self.port = port or free_port()
        self._fixed = port is not None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        path = self.folder / "mosquitto.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def __enter__(self) -> Self:
        for _ in range(5):
            if self.start():
                return self
            self.port = self.port if self._fixed else free_port()
        text = self.log
        self.close()
        raise RuntimeError(f"mosquitto did not start:\n{text}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> bool:
        """Start on the same port with the same folder; True once it takes connections."""
        config = [f"listener {self.port} 127.0.0.1", "user root", f"persistence_location {self.folder}/", *self.lines]
        (self.folder / "mosquitto.conf").write_text("\n".join(config) + "\n")
        executable = find("mosquitto")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [executable, "-c", "mosquitto.conf"],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        return self._ready()

    def _ready(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.01)
                continue
            return True
        self._end(signal.SIGKILL)
        return False

    def _end(self, signum: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signum)
            try:
                self._process.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def signal(self, signum: signal.Signals) -> None:
        """For SIGSTOP and SIGCONT; `stop` and `kill` end it."""
        assert self._process is not None
        self._process.send_signal(signum)

    def stop(self) -> None:
        """End it in order: what it queued is on disk (where the lines say persistence)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once; what it had not saved is lost."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        if not self.start():
            raise RuntimeError(f"mosquitto did not come back:\n{self.log}")

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _remaining_length(n: int) -> bytes:
    out = b""
    while True:
        digit, n = n % 128, n // 128
        out += bytes([digit | (0x80 if n else 0)])
        if not n:
            return out


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("!H", len(raw)) + raw


def publish(
    port: int,
    messages: Iterable[tuple[str, bytes]],
    *,
    qos: int = 1,
    retain: bool = False,
    client_id: str = "test-publisher",
    timeout_s: float = WAIT_S,
) -> int:
    """Publish over one plain MQTT 3.1.1 connection and wait for every PUBACK (QoS 1); how many went out.

    At most 500 are under way at once, so that the broker's limits do not decide the result."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as link:
        hello = _string("MQTT") + b"\x04\x02" + struct.pack("!H", 600) + _string(client_id)
        link.sendall(b"\x10" + _remaining_length(len(hello)) + hello)
        if _exactly(link, 4)[:2] != b"\x20\x02":
            raise RuntimeError("the broker refused the publisher")
        sent = acknowledged = 0
        for sent, (topic, payload) in enumerate(messages, 1):
            body = _string(topic) + (struct.pack("!H", sent % 65535 + 1) if qos else b"") + payload
            link.sendall(bytes([0x30 | qos << 1 | retain]) + _remaining_length(len(body)) + body)
            if qos and sent - acknowledged >= 500:
                _exactly(link, 4 * (sent - acknowledged))
                acknowledged = sent
        if qos:
            _exactly(link, 4 * (sent - acknowledged))
        link.sendall(b"\xe0\x00")
        return sent


def _exactly(link: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        chunk = link.recv(size - len(got))
        if not chunk:
            raise RuntimeError("the broker closed the publisher's connection")
        got += chunk
    return got
