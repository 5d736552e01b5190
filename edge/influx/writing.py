"""Writes to InfluxDB with influxdb-client: one request, and what its answer means. Loads the library when needed."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from influxdb_client import InfluxDBClient

CONNECT_MS, ANSWER_MS = 5_000, 60_000
"""A server may take its time: an answer after 30 s is one."""
REFUSED = (400, 413, 422)
DENIED = (401, 403, 404)
REASON_MAX = 500

Verdict = Literal["taken", "later", "refused", "denied"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request. `later`: it is worth trying again, not before `wait_s`; `refused`: something in it will
    never be taken; `denied`: nothing will be taken until somebody mends the token or makes the bucket."""

    verdict: Verdict
    status: int = 0
    reason: str = ""
    wait_s: float = 0.0


class Writing(Protocol):
    """Where lines go."""

    def write(self, lines: Sequence[str]) -> Answer: ...
    def close(self) -> None: ...


@dataclass
class InfluxWriting:
    """One connection, used by one thread. `token` is asked again after a denial, so that a new one needs no restart."""

    url: str
    org: str
    bucket: str
    token: Callable[[], str]

    def __post_init__(self) -> None:
        self._client: InfluxDBClient | None = None

    def write(self, lines: Sequence[str]) -> Answer:
        """Write lines (nanoseconds) in one request, compressed, and wait for the answer."""
        from influxdb_client import WriteService
        from influxdb_client.rest import ApiException
        from urllib3.exceptions import HTTPError

        try:
            client = self._client or self._connect()
        except OSError as error:
            return Answer("denied", reason=f"no token: {error}")
        try:
            WriteService(client.api_client).post_write(
                org=self.org, bucket=self.bucket, body=_packed("\n".join(lines)), precision="ns",
                content_encoding="gzip", content_type="text/plain; charset=utf-8",
            )  # fmt: skip
        except ApiException as error:
            found = _answer(error)
            if found.verdict == "denied":
                self.close()
            return found
        except (HTTPError, OSError) as error:
            return Answer("later", reason=f"{type(error).__name__}: {error}"[:REASON_MAX])
        return Answer("taken", 204)

    def _connect(self) -> InfluxDBClient:
        from influxdb_client import InfluxDBClient

        self._client = InfluxDBClient(self.url, self.token(), org=self.org, timeout=(CONNECT_MS, ANSWER_MS))
        return self._client

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _packed(text: str) -> bytes:
    """gzip at its quickest: the library's own level takes five times as long for a tenth less."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(text.encode()) + packer.flush()


def _answer(error: object) -> Answer:
    """What an error status means."""
    status = int(getattr(error, "status", 0) or 0)
    reason = f"{getattr(error, 'reason', '')} {getattr(error, 'body', '') or ''}".strip()[:REASON_MAX]
    if status in REFUSED:
        return Answer("refused", status, reason)
    if status in DENIED:
        return Answer("denied", status, reason)
    headers = getattr(error, "headers", None) or {}
    return Answer("later", status, reason, wait_s=retry_after_s(headers.get("Retry-After"), time.time()))


def retry_after_s(text: str | None, now_s: float) -> float:
    """Seconds that a Retry-After asks for: a number, or a date; 0 where it says nothing that can be read."""
    if not text:
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now_s
        except ValueError:
            return 0.0
    return min(max(seconds, 0.0), 86_400.0) if math.isfinite(seconds) else 0.0
