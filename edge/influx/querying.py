"""Asks InfluxDB by `/query`, which InfluxDB 1, 2 and 3 have in common; plain HTTP of the standard library."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

import msgspec

TIMEOUT_S = 20.0


class InfluxUnavailable(Exception):
    """InfluxDB gave no answer: not reached, too slow, busy, or the token is not (any more) the right one."""


class InfluxRefused(Exception):
    """InfluxDB understood the statement and will not do it."""


class Series(msgspec.Struct, frozen=True):
    """One series of an answer; `values` row by row, in the order of `columns`. Times are nanoseconds."""

    name: str = ""
    tags: dict[str, str] = {}
    columns: list[str] = []
    values: list[list[Any]] = []
    partial: bool = False

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each row by column, without what is null."""
        for row in self.values:
            yield {name: value for name, value in zip(self.columns, row, strict=True) if value is not None}


class _Result(msgspec.Struct):
    series: list[Series] = []
    error: str | None = None


class _Answer(msgspec.Struct):
    results: list[_Result] = []
    error: str | None = None


_decode = msgspec.json.Decoder(_Answer).decode
_NEVER = re.compile(r"not (yet )?(supported|implemented)|unsupported", re.IGNORECASE)
"""InfluxDB 3 may say so with a status of its own trouble."""


@dataclass(frozen=True)
class Querying:
    """Questions to one bucket. May be used from several threads.

    In InfluxDB 1 and 3 the bucket is a database, or a database and its retention policy with `/` between."""

    url: str
    bucket: str
    token: Callable[[], str] = field(repr=False)
    timeout_s: float = TIMEOUT_S

    def series(self, statement: str) -> list[Series]:
        """The answer of one statement; InfluxUnavailable, InfluxRefused."""
        database, _, policy = self.bucket.partition("/")
        form = {"db": database, **({"rp": policy} if policy else {}), "epoch": "ns", "q": statement}
        asked = urllib.parse.urlencode(form).encode()
        try:
            token = self.token()
        except OSError as error:
            raise InfluxUnavailable(f"no token: {error}") from error
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/x-www-form-urlencoded"}
        request = urllib.request.Request(f"{self.url.rstrip('/')}/query", asked, headers)  # noqa: S310  # checked
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:  # noqa: S310
                found = _decode(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read(500).decode(errors="replace")
            never = error.code == 400 or _NEVER.search(text)
            kind: type[Exception] = InfluxRefused if never else InfluxUnavailable
            raise kind(f"{error.code} {text}".strip()) from error
        except (OSError, HTTPException, msgspec.DecodeError) as error:
            raise InfluxUnavailable(f"{type(error).__name__}: {error}") from error
        said = found.error or next((result.error for result in found.results if result.error), None)
        if said is not None:
            raise InfluxRefused(said)
        answered = [series for result in found.results for series in result.series]
        if any(series.partial for series in answered):
            raise InfluxRefused("the answer was cut: the server allows fewer rows (max-row-limit)")
        return answered
