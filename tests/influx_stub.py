"""A small InfluxDB for the faults: takes line protocol, joins points as the real one does, and answers as it is told.

The parser here is its own: it shares nothing with the encoder that it judges.
"""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.httpserver import HttpServer

Tags = tuple[tuple[str, str], ...]
Series = tuple[str, Tags]


def _until(text: str, at: int, ends: str) -> tuple[str, int]:
    """The unescaped text up to one of `ends`, and where that is."""
    out = []
    while at < len(text) and text[at] not in ends:
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in ",= ":
            at += 1
        out.append(text[at])
        at += 1
    return "".join(out), at


def parse(line: str) -> tuple[Series, dict[str, Any], int]:
    """(series, fields, time) of a line; ValueError where it is none."""
    measurement, at = _until(line, 0, ", ")
    tags = []
    while line[at] == ",":
        key, at = _until(line, at + 1, "=")
        value, at = _until(line, at + 1, ", ")
        if not key or not value:
            raise ValueError(f"empty tag: {line!r}")
        tags.append((key, value))
    fields: dict[str, Any] = {}
    while True:
        key, at = _until(line, at + 1, "=")
        value, at = _value(line, at + 1)
        if not key:
            raise ValueError(f"empty field: {line!r}")
        fields[key] = value
        if line[at] != ",":
            break
    return (measurement, tuple(tags)), fields, int(line[at + 1 :])


def _value(line: str, at: int) -> tuple[Any, int]:
    if line[at] != '"':
        end = min(place for mark in ", " if (place := line.find(mark, at)) > 0)
        word = line[at:end]
        if word in ("true", "false"):
            return word == "true", end
        return (int(word[:-1]) if word[-1] == "i" else float(word)), end
    out, at = [], at + 1
    while line[at] != '"':
        at += line[at] == "\\" and line[at + 1] in '\\"'
        out.append(line[at])
        at += 1
    return "".join(out), at + 1


def split_lines(text: str) -> list[str]:
    """Lines of a request: a line break inside quotes belongs to its text, a line that begins with # is a comment.
    Quotes mean something only in fields, after the first space that is not escaped, and right after a `=`."""
    lines, start, at = [], 0, 0
    in_fields = quoted = after_equals = False
    while at < len(text):
        mark = text[at]
        if mark == "\\":
            at += 2
            after_equals = False
            continue
        if quoted:
            quoted = mark != '"'
        elif mark == '"' and in_fields and after_equals:
            quoted = True
        elif mark == "\n":
            lines.append(text[start:at])
            start, in_fields = at + 1, False
        in_fields = in_fields or mark == " "
        after_equals = mark == "=" and not quoted
        at += 1
    return [line for line in [*lines, text[start:]] if line and not line.startswith("#")]


@dataclass(frozen=True)
class Reply:
    """An answer: after `delay_s`, with the lines stored or not; status 0 cuts the connection."""

    status: int = 204
    message: str = ""
    stored: bool = False
    retry_after: str | None = None
    delay_s: float = 0.0


TAKEN = Reply(stored=True)


@dataclass
class Stub(HttpServer):
    """`with Stub() as stub`: `stub.reply` decides the answer to (number of the request, its lines)."""

    reply: Callable[[int, list[str]], Reply] = lambda number, lines: TAKEN
    points: dict[tuple[Series, int], dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[float, int, int]] = field(default_factory=list)  # (monotonic, lines, status)
    tokens: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if request.path.startswith("/query"):
            return self._send(request, 200, {"results": [{}]})
        text = gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body
        lines = split_lines(text.decode())
        with self.lock:
            self.tokens.append(request.headers.get("Authorization", ""))
            reply = self.reply(len(self.requests), lines)
            self.requests.append((time.monotonic(), len(lines), reply.status))
            if reply.stored:
                self.store(lines)
        time.sleep(reply.delay_s)
        if reply.status == 0:
            request.close_connection = True
            request.connection.close()
            return None
        extra = {} if reply.retry_after is None else {"Retry-After": reply.retry_after}
        return self._send(
            request, reply.status, {"code": "x", "message": reply.message} if reply.message else None, extra
        )

    def store(self, lines: list[str]) -> None:
        """Points with equal series and time join their fields; a later value of a field counts."""
        for line in lines:
            series, fields, at = parse(line)
            self.points.setdefault((series, at), {}).update(fields)

    def _send(
        self, request: BaseHTTPRequestHandler, status: int, body: Any, extra: dict[str, str] | None = None
    ) -> None:
        text = b"" if body is None else json.dumps(body).encode()
        request.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(text)),
            **(extra or {}),
        }.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(text)
