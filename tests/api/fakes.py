"""A service behind the API that answers with the examples of its description, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import edge.api
from edge.api.answers import Answer, AssessmentFilter, EventFilter, Figures, Readiness, RejectionFilter
from edge.changes import PlantChange
from edge.clock import from_text
from edge.errors import QueryError

EXAMPLES: dict[str, dict[str, Any]] = json.loads((Path(edge.api.__file__).parent / "examples.json").read_text())
NOW = from_text("2025-03-03T09:00:00Z")
MACHINE = "demo/packing/l1/m001"


@dataclass(frozen=True)
class FakeWindow:
    asset: str
    start: int
    end: int
    shift: str | None


@dataclass
class FakeTable:
    """Rows of a cell of each kind; `read` says how many pieces were taken."""

    rows: Sequence[Sequence[Any]] = ((1, "=1+1", -2.5, True, NOW),)
    count: int = 3
    read: int = 0
    columns: Mapping[str, str] = field(
        default_factory=lambda: {"a": "integer", "b": "text", "c": "number", "d": "truth", "e": "instant"}
    )

    def __post_init__(self) -> None:
        self.pieces = self._pieces()

    def _pieces(self) -> Iterator[Sequence[Sequence[Any]]]:
        for _ in range(self.count):
            self.read += 1
            yield self.rows


@dataclass
class FakeAnswers:
    """`asked` has each question as (name, arguments). A machine `nowhere` does not exist, one `broken` is a fault."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    table: FakeTable = field(default_factory=FakeTable)

    def window(
        self, asset: str, start: int | None, end: int | None, shift: str | None, as_of: int | None = None
    ) -> FakeWindow:
        self.asked.append(("window", asset, start, end, shift))
        return FakeWindow(asset, NOW - 1 if start is None else start, NOW if end is None else end, shift)

    def _answer(self, name: str, *arguments: Any, example: str | None = None) -> Answer:
        self.asked.append((name, *arguments))
        found: Answer = EXAMPLES[name][example or next(iter(EXAMPLES[name]))]
        return found

    def assets(self) -> Answer:
        return self._answer("assets")

    def status(self, path: str) -> Answer:
        if path.endswith("nowhere"):
            raise QueryError("asset", path, f"there is no asset {path}", 404, expected=MACHINE)
        if path.endswith("broken"):
            raise RuntimeError("the secret reason")
        return self._answer("status", path, example="machine" if path.count("/") == 3 else "line")

    def timeline(self, path: str, start: int, end: int) -> Answer:
        return self._answer("timeline", path, start, end)

    def readings(self, path: str, signals: Sequence[str], start: int, end: int, points: int) -> Answer:
        return self._answer("readings", path, signals, start, end, points)

    def losses(self, path: str, window: FakeWindow) -> Answer:
        return self._answer("losses", path, window)

    def kpis(self) -> Answer:
        return self._answer("kpis")

    def corrections(self, path: str | None, start: int | None, end: int | None, limit: int) -> Answer:
        return self._answer("corrections", path, start, end, limit)

    def can_revoke(self, number: str) -> bool:
        return number == "c1"

    def check_machine(self, path: str) -> Answer:
        if path.endswith("nowhere"):
            raise QueryError("asset", path, "no such machine", 404)
        return {}

    def explain(self, name: str, window: FakeWindow, as_of: int | None) -> Answer:
        return self._answer("explain", name, window, as_of)

    def revisions(self, name: str, window: FakeWindow, as_of: int | None, limit: int) -> Answer:
        return self._answer("revisions", name, window, as_of, limit)

    def kpi(self, name: str, window: FakeWindow, step: str | None, as_of: int | None) -> Answer:
        return self._answer("kpi", name, window, step, as_of, example="stepped" if step else "window")

    def export(self, table: str, window: FakeWindow, kpi: str | None, step: str | None, as_of: int | None) -> FakeTable:
        self.asked.append(("export", table, window, kpi, step, as_of))
        if window.asset.endswith("nowhere"):
            raise QueryError("asset", window.asset, "no machine has published there", 404)
        return self.table

    def assessments(self, filters: AssessmentFilter) -> Answer:
        history = filters["start"] is not None or filters["after"] is not None
        return self._answer("assessments", filters, example="history" if history else "now")

    def rejections(self, filters: RejectionFilter) -> Answer:
        return self._answer("rejections", filters)

    def events(self, filters: EventFilter) -> Answer:
        return self._answer("events", filters)

    def message(self, offset: int) -> Answer | None:
        return self._answer("message", offset) if offset == 4712 else None


@dataclass
class FakePlant:
    """Plant data of an example. A product `wrong` does not fit, and only the change c1 holds."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def data(self, at: int | None, as_of: int | None) -> Answer:
        return self._answer("plant", "now", at, as_of)

    def settings(self, path: str, at: int | None, as_of: int | None) -> Answer:
        return self._answer("plant_settings", "now", path, at, as_of)

    def changes(self, kind: str | None, name: str | None, as_of: int | None) -> Answer:
        return self._answer("plant_changes", "one", kind, name, as_of)

    def _answer(self, name: str, example: str, *arguments: Any) -> Answer:
        self.asked.append((name, *arguments))
        found: Answer = EXAMPLES[name][example]
        return found

    def check(self, change: PlantChange) -> Answer:
        if change.name == "wrong":
            raise QueryError("ideal_cycle_s", 0, "must be greater than 0", expected="greater than 0")
        if change.revokes not in (None, "c1"):
            raise QueryError("id", change.revokes, "there is no change of this id that holds", 404)
        return {"warnings": ["many reasons"]} if len(change.value.get("stop_reasons", ())) > 12 else {}


@dataclass
class FakeJournal:
    """Entries that were written, as (topic, payload)."""

    written: list[tuple[str, Any]] = field(default_factory=list)

    async def append(self, topic: str, payload: bytes) -> int:
        self.written.append((topic, json.loads(payload)))
        return len(self.written)


@dataclass
class FakeService:
    """Health and figures of a service that tests change."""

    ready: bool = True
    figures_now: Figures = field(default_factory=Figures)

    def readiness(self) -> Readiness:
        components: Mapping[str, Mapping[str, Any]] = EXAMPLES["ready"]["ready"]["components"]
        return Readiness(self.ready, components)

    def figures(self) -> Figures:
        return self.figures_now
