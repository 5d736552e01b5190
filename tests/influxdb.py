"""A real influxd on a free port for the length of a test, and plain HTTP to look into it."""

from __future__ import annotations

import contextlib
import ctypes
import gzip
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.brokers import free_port
from tests.patience import WAIT_S
from tests.servers import PATH, ServerMissing

BESIDE = Path(__file__).resolve().parent.parent / "../shared/bin/influxd"


def executable() -> str:
    """The influxd of EDGE_TEST_INFLUXD, of PATH, or of the folder beside the repository; ServerMissing without any."""
    named = os.environ.get("EDGE_TEST_INFLUXD")
    found = named or shutil.which("influxd", path=PATH) or (str(BESIDE.resolve()) if BESIDE.exists() else None)
    if found is None or not os.access(found, os.X_OK):
        raise ServerMissing("influxd is not here (set EDGE_TEST_INFLUXD to an InfluxDB 2 server)", installable=False)
    return found


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Influx:
    """influxd on 127.0.0.1 with a bucket `shopfloor`: `with Influx() as influx: influx.query("select ...")`.

    `kill`, `stop` and `start` keep its folder and port."""

    org = bucket = "shopfloor"
    token = "test-token-of-nobody"

    def __init__(self, *, begin: bool = True) -> None:
        self._begin = begin  # with its set-up done
        self.folder = Path(tempfile.mkdtemp(prefix="edge-influx-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token_file = self.folder / "token"
        self.token_file.write_text(self.token)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
            said = {"username": "u", "password": "password-of-nobody", "org": self.org, "bucket": self.bucket}
            if self._begin:
                self.request("POST", "/api/v2/setup", {**said, "token": self.token, "retentionPeriodSeconds": 0})
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def settings(self) -> list[str]:
        """What the service has to be told."""
        return [f"influx.url={self.url}", f"influx.token_file={self.token_file}", "influx.windows_every_s=1"]

    def start(self, *, ready: bool = True) -> None:
        """Start on the same port with the same folder; with `ready` wait until it answers."""
        with (self.folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [executable(), "--bolt-path", str(self.folder / "b"), "--engine-path", str(self.folder / "e"),
                 "--sqlite-path", str(self.folder / "s"), "--http-bind-address", f"127.0.0.1:{self.port}",
                 "--reporting-disabled"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent,
            )  # fmt: skip
        if ready:
            self.wait_ready()

    def wait_ready(self) -> None:
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                raise RuntimeError(f"influxd ended:\n{self.log}")
            with contextlib.suppress(OSError):
                if self.request("GET", "/health").get("status") == "pass":
                    return
            time.sleep(0.05)
        raise RuntimeError(f"influxd is not ready after {WAIT_S} s:\n{self.log}")

    @property
    def log(self) -> str:
        return (self.folder / "influxd.log").read_text(errors="replace")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def request(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Any:
        """The JSON answer; urllib.error.HTTPError for an error status."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Token {token or self.token}", "Accept-Encoding": "gzip"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            text = answer.read()
            if answer.headers.get("Content-Encoding") == "gzip":
                text = gzip.decompress(text)
        return json.loads(text) if text else None

    def query(self, text: str, *, epoch: str = "ns") -> list[dict[str, Any]]:
        """All rows of an InfluxQL query, each with its tags and measurement (`_`)."""
        asked = urllib.parse.urlencode({"db": self.bucket, "q": text, "epoch": epoch})
        (result,) = self.request("POST", f"/query?{asked}").get("results", [{}])
        assert "error" not in result, result
        return [
            {"_": series.get("name"), **series.get("tags", {}), **dict(zip(series["columns"], row, strict=True))}
            for series in result.get("series", ())
            for row in series["values"]
        ]

    def write(self, lines: str, *, token: str | None = None) -> None:
        """Line protocol in nanoseconds."""
        where = urllib.parse.urlencode({"org": self.org, "bucket": self.bucket, "precision": "ns"})
        self.request("POST", f"/api/v2/write?{where}", lines.encode(), token=token)

    def stop(self) -> None:
        """SIGTERM."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(WAIT_S)
            self._process = None

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
