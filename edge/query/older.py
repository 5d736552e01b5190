"""Answers that reach back beyond the embedded store: what it has let go comes from InfluxDB, joined without a seam.

Where InfluxDB does not answer, what is here is answered all the same, and the answer says which part is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from edge.clock import SECOND, to_text
from edge.influx.history import History
from edge.influx.querying import InfluxRefused, InfluxUnavailable
from edge.store.hours import FactsRow
from edge.store.machines import MachineRow
from edge.store.minutes import Stat, merge
from edge.store.reading_queries import ReadingsReader, Series, width_for

MISSING = "comes from InfluxDB, which does not answer"


@dataclass
class Older:
    """InfluxDB in one answer; `missing` has the parts [start, end) that it did not give, and why."""

    history: History
    missing: dict[tuple[int, int], str] = field(default_factory=dict)
    _facts: dict[tuple[str, str], tuple[int, int, list[FactsRow]]] = field(default_factory=dict)

    def note(self, start: int, end: int, error: Exception) -> None:
        self.missing[start, end] = f"{MISSING}: {error}"

    def facts(self, path: str, kpi: str, start: int, end: int) -> Iterable[FactsRow]:
        """Cells of a machine and KPI wholly in [start, end); asked once where windows follow in a larger one."""
        if start >= end:
            return []
        known = self._facts.get((path, kpi))
        if known is None or not (known[0] <= start and end <= known[1]):
            try:
                found = self.history.facts(path, kpi, start, end)
            except (InfluxUnavailable, InfluxRefused) as error:
                self.note(start, end, error)
                found = []
            known = self._facts[path, kpi] = start, end, found
        return [cell for cell in known[2] if start <= cell[0] and cell[1] <= end]

    def told(self) -> list[dict[str, Any]]:
        """The missing parts, for the answer."""
        return [
            {"from": to_text(start), "to": to_text(end), "reason": why} for (start, end), why in self.missing.items()
        ]


def joined_series(reader: ReadingsReader, older: Older | None, row: MachineRow, signal: str, start: int, end: int,
                  points: int) -> Series:  # fmt: skip
    """A signal's series, as if all of it were in the embedded store."""
    kept = reader.kept_from()
    if older is None or start >= min(kept, end):
        return reader.series(row.number, signal, start, end, points)
    cut = min(end, kept)
    width = width_for(start, end, points)
    try:
        before = older.history.figures(row.path, signal, start, cut, width)
        parts = before + reader.figures(row.number, signal, cut, end, width)
        count = sum(stat.n for _, stat in parts)
        if count <= points:
            plain = older.history.points(row.path, signal, start, cut)
            plain += [(ts, value) for ts, value, _ in reader.raw(row.number, signal, cut, end)]
            return Series(0, len(plain), [(ts, value, value, value, 1) for ts, value in plain])
    except (InfluxUnavailable, InfluxRefused) as error:
        older.note(start, cut, error)
        return reader.series(row.number, signal, start, end, points)
    buckets: dict[int, list[Stat]] = {}
    for at, stat in parts:
        buckets.setdefault(at // width, []).append(stat)
    merged = [(bucket * width, merge(buckets[bucket])) for bucket in sorted(buckets)]
    return Series(width / SECOND, count, [(at, s.mean, s.low, s.high, s.n) for at, s in merged])
