"""What decides one machine's numbers, looked up in the tables of a plant file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from tests.oracle.calendar import Calendar
from tests.oracle.changes import Change, plants
from tests.oracle.messages import SECOND

DEFAULTS: dict[str, Any] = {
    "microstop_threshold_s": 120.0, "debounce_s": 0.0, "stale_after_s": 60.0, "default_state": "unknown",
    "no_order_is_loss": False, "counter_modulus": None, "counter_plausibility_factor": 1.5, "reject_signal": "auto",
    "product": None, "planned_maintenance_only": True, "planned_stops_are_loss": False,
}  # fmt: skip


class Machine:
    """Settings of the machine at `path` (site/area/line/machine); lengths of time in microseconds.

    They are those that have always held; `at` gives those of an instant, and the calendar is that of each instant."""

    def __init__(self, plant: Mapping[str, Any], path: str, changes: Sequence[Change] = ()) -> None:
        (_, plant), *later = plants(plant, changes)
        self.later = [(since, Machine(changed, path)) for since, changed in later]
        self.path = path
        self.line = path.rpartition("/")[0]
        self.name = path.rpartition("/")[2]
        given = dict(DEFAULTS)
        tables = plant.get("machines", {})
        for pattern in sorted((p for p in tables if _matches(p, path)), key=lambda p: (p == path, len(p))):
            given |= tables[pattern]
        self.threshold = round(given["microstop_threshold_s"] * SECOND)
        self.debounce = round(given["debounce_s"] * SECOND)
        self.stale = round(given["stale_after_s"] * SECOND)
        self.default_state: str = given["default_state"]
        self.no_order_is_loss: bool = given["no_order_is_loss"]
        self.planned_maintenance_only: bool = given["planned_maintenance_only"]
        self.modulus: int | None = given["counter_modulus"]
        self.factor: float = given["counter_plausibility_factor"]
        self.reject_signal: str = given["reject_signal"]
        self.product: str | None = given["product"]
        self.products: Mapping[str, Any] = plant.get("products", {})
        line = plant.get("lines", {}).get(self.line, {})
        self.route: list[str] = list(line.get("route", ()))
        last = line.get("last") or (self.route[-1] if self.route else None)
        judged = last is not None and line.get("constraint") is not None  # the line has an OEE of its own
        self.is_constraint = judged and self.name == line["constraint"]
        self.is_last = judged and self.name == last
        self.line_ideal: float | None = line.get("ideal_cycle_s")
        site = plant.get("sites", {}).get(path.partition("/")[0], {})
        self.calendar = Calendar({**site, "planned": []} if given["planned_stops_are_loss"] else site)  # ruling 7

    def at(self, ts: int) -> Machine:
        """The settings that hold at an instant."""
        return next((machine for since, machine in reversed(self.later) if since <= ts), self)

    def stretches(self, start: int, end: int) -> list[tuple[int, int]]:
        """[start, end) cut where settings change."""
        return list(pairwise([start, *(since for since, _ in self.later if start < since < end), end]))

    def pieces(self, start: int, end: int) -> list[tuple[int, int, str]]:
        """(from, to, kind) of planned time that fill [start, end)."""
        return [piece for a, b in self.stretches(start, end) for piece in self.at(a).calendar.pieces(a, b)]

    def kind_at(self, ts: int) -> str:
        return self.at(ts).calendar.kind_at(ts)

    def ideal(self, product: str | None) -> float | None:
        """Ideal seconds per part (ruling 37)."""
        found = self.products.get(product) if product is not None else None
        return None if found is None else found["ideal_cycle_s"] / found.get("parts_per_cycle", 1)


def _matches(pattern: str, path: str) -> bool:
    return pattern == path or (pattern.endswith("/*") and path.startswith(pattern[:-1])) or pattern == "*"
