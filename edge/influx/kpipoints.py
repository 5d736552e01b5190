"""The points of KPI windows of one machine and hour, from the facts that the store keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apsw

from edge.clock import HOUR
from edge.host import PluginHost
from edge.influx.lineprotocol import Field, Point
from edge.influx.points import kpi_point
from edge.plant import Plant
from edge.plants import Plants
from edge.store import hours as hour_store
from edge.timemodel import NAME, coverage


@dataclass(frozen=True)
class KpiPoints:
    """Windows are the store's cells: UTC hours of a machine, cut where its shifts begin and end."""

    plants: Plants
    host: PluginHost

    def of_hour(self, db: apsw.Connection, machine: int, path: str, hour: int) -> list[Point]:
        """Every KPI in every cell of an hour; of a KPI that fails, or whose plugin is gone, nothing."""
        cells: dict[int, list[tuple[str, hour_store.FactsRow]]] = {}
        known: dict[int, float] = {}
        for name, kpi in db.execute("select name, id from kpis").fetchall():
            for row in hour_store.facts(db, int(kpi), machine, hour, hour + HOUR):  # type: ignore[arg-type]
                cells.setdefault(row[0], []).append((str(name), row))
                if name == NAME and (share := coverage(row[3])) is not None:
                    known[row[0]] = share
        found = []
        plant, _ = self.plants.known(db)
        for start, of_cell in cells.items():
            about = self._about(plant, path, start)
            if start in known:
                about["coverage"] = known[start]
            for name, row in of_cell:
                point = self._point(path, name, row, about)
                if point is not None:
                    found.append(point)
        return found

    def _about(self, plant: Plant, path: str, start: int) -> dict[str, Field]:
        shift = plant.calendar(path).shift_at(start)
        return {"shift": shift.name, "date": shift.date.isoformat()} if shift else {"shift": "", "date": ""}

    def _point(self, path: str, name: str, row: hour_store.FactsRow, about: dict[str, Field]) -> Point | None:
        start, end, revision, facts = row
        values: dict[str, Any] = {}
        flags: list[str] = []
        if name != NAME:
            found = self.host.values(name, facts) if name in self.host.kpis else None
            if found is None:
                return None
            values, flags = found
        said: dict[str, Field] = {**about, "revision": revision, "flags": ",".join(sorted(flags))}
        return kpi_point(path, name, start, end, facts, values, said)


def is_over(points: list[Point], hour: int) -> bool:
    """Whether the windows of an hour reach to its end, so that only a correction will change them."""
    return any(point.time_ns // 1000 + round(float(point.fields["window_s"]) * 1e6) == hour + HOUR for point in points)
