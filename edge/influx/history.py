"""What InfluxDB still has when the embedded store has let it go: readings and facts, asked by InfluxQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from edge.influx.influxql import field, select, where
from edge.influx.points import KPI, READING
from edge.influx.querying import InfluxUnavailable, Querying, Series
from edge.store.hours import FactsRow
from edge.store.minutes import Stat

_decode = msgspec.json.Decoder(dict[str, Any]).decode


ANSWER_S = 5.0
"""Somebody is waiting: longer than that an answer may not take."""
AWAY_S = 10.0


class History:
    """Questions about one machine and [start, end) in microseconds. Each may raise InfluxUnavailable."""

    def __init__(self, querying: Querying, clock: Callable[[], float] = time.monotonic) -> None:
        self._querying, self._clock = querying, clock
        self._away_until = -1e9

    def figures(self, path: str, signal: str, start: int, end: int, width: int) -> list[tuple[int, Stat]]:
        """Figures of a signal by bucket: (begin of the bucket, which `width` divides evenly since 1970, figures)."""
        name = field(signal)
        what = [f"{function}({name}) as {short}" for function, short in _FIGURES]
        statement = select(what, [READING], where(path, start, end), f"group by time({int(width)}u) fill(none)")
        return [
            (row["time"] // 1000, Stat(row["n"], float(row["low"]), float(row["high"]), float(row["total"])))
            for row in self._rows(statement)
            if row.get("n")
        ]

    def points(self, path: str, signal: str, start: int, end: int) -> list[tuple[int, float]]:
        """Every value of a signal, rising."""
        statement = select([f"{field(signal)} as v"], [READING], where(path, start, end))
        return [(row["time"] // 1000, float(row["v"])) for row in self._rows(statement) if "v" in row]

    def facts(self, path: str, kpi: str, start: int, end: int) -> list[FactsRow]:
        """Cells of a KPI that lie wholly in the time, in order."""
        what = [f'"window_{name}"' for name in ("s", "revision", "facts")]
        found = []
        for row in self._rows(select(what, [KPI + kpi], where(path, start, end))):
            begin = row["time"] // 1000
            until = begin + round(row["window_s"] * 1e6)
            if until <= end:
                found.append((begin, until, int(row["window_revision"]), _decode(row["window_facts"])))
        return found

    def _rows(self, statement: str) -> Iterator[dict[str, Any]]:
        return (row for series in self._asked(statement) for row in series.rows())

    def _asked(self, statement: str) -> list[Series]:
        """The answer; while InfluxDB is away, nobody waits for it again for a while."""
        if self._clock() < self._away_until:
            raise InfluxUnavailable("it did not answer a moment ago")
        try:
            return self._querying.series(statement)
        except InfluxUnavailable:
            self._away_until = self._clock() + AWAY_S
            raise


_FIGURES = (("count", "n"), ("min", "low"), ("max", "high"), ("sum", "total"))
