"""KPI windows: facts of a machine's cells (hours, cut where shifts begin and end), again whenever they have changed.

Each hour of a machine has a version that rises with every change (`edge/store/hours.py`); what is durable here is the
version up to which all is sent. Hours that are marked as changed and not worked out yet are left out: they get a higher
version when they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apsw

from edge.clock import HOUR
from edge.host import PluginHost
from edge.influx.batch import LINES, Batch
from edge.influx.catalog import path_of
from edge.influx.lineprotocol import Field
from edge.influx.points import kpi_line
from edge.influx.positions import Positions
from edge.plant import Plant
from edge.store import hours as hour_store
from edge.timemodel import NAME, coverage

HOURS = 50
"""Of one machine at once."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How far one machine has come."""

    machine: int
    version: int
    last_hour: int
    more: bool


class Windows:
    """`changed` may be called from any thread; machines named so wait until `every_s` has passed since they were sent
    last, because a running hour changes all the time."""

    def __init__(self, positions: Positions, plant: Plant, host: PluginHost, clock: Callable[[], float],
                 every_s: float) -> None:  # fmt: skip
        self._positions, self._plant, self._host, self._clock = positions, plant, host, clock
        self._every_s = every_s
        self._changed: deque[str] = deque()
        self._due: dict[int, float] = {}  # machine -> not before (monotonic)
        self._sent_at: dict[int, float] = {}
        self._numbers: dict[str, int] = {}
        self._paths: dict[int, str] = {}

    def changed(self, paths: Iterable[str]) -> None:
        """Facts of these machines changed."""
        self._changed.extend(paths)

    def look_at_all(self, db: apsw.Connection) -> None:
        """Look at every machine: at the start, and now and then, since a word of a change may be lost."""
        for number, path in db.execute("select id, path from machines"):
            self._numbers[str(path)] = int(number)
            self._due.setdefault(int(number), 0.0)

    def _take_changed(self, db: apsw.Connection) -> None:
        while self._changed:
            path = self._changed.popleft()
            number = self._numbers.get(path)
            if number is None:
                found: Any = db.execute("select id from machines where path=?", (path,)).fetchone()
                if found is None:
                    continue
                number = self._numbers[path] = int(found[0])
            self._due.setdefault(number, self._sent_at.get(number, -self._every_s) + self._every_s)

    def next(self, db: apsw.Connection) -> Batch | None:
        """Windows of machines that are due, in one state of the store."""
        self._take_changed(db)
        now = self._clock()
        lines: list[str] = []
        moved: list[Moved] = []
        kpis = list(db.execute("select name, id from kpis"))
        for number in [number for number, at in self._due.items() if at <= now]:
            one = self._machine(db, number, kpis, lines)
            if one is None:
                del self._due[number]
            else:
                moved.append(one)
            if len(lines) >= LINES:
                break
        return Batch(lines, lambda: self._move(moved, now)) if moved else None

    def _move(self, moved: Iterable[Moved], now: float) -> None:
        for one in moved:
            self._positions.set_machine(one.machine, one.version, one.last_hour)
            self._sent_at[one.machine] = now
            if not one.more:
                self._due.pop(one.machine, None)

    def _machine(self, db: apsw.Connection, number: int, kpis: list[tuple[str, int]], lines: list[str]) -> Moved | None:
        """Add the lines of a machine's hours that changed; None where there are none."""
        version, last_hour = self._positions.machine(number)
        sql = "select hour, dirty, version from hours where machine=? and version>? order by version limit ?"
        hours: list[tuple[int, int, int]] = db.execute(sql, (number, version, HOURS)).fetchall()  # type: ignore[assignment]
        if not hours:
            return None
        path = self._paths.get(number) or self._paths.setdefault(number, path_of(db, number))
        for hour, dirty, version in hours:  # noqa: B007  # the last one is how far it has come
            if not dirty:
                lines += self.lines(db, number, path, hour, kpis)
                last_hour = max(last_hour, hour)
        return Moved(number, version, last_hour, more=len(hours) == HOURS)

    def lines(self, db: apsw.Connection, number: int, path: str, hour: int,
              kpis: Iterable[tuple[str, int]]) -> Iterator[str]:  # fmt: skip
        """The windows of one machine and hour."""
        names = {kpi: name for name, kpi in kpis}
        cells: dict[int, list[tuple[str, hour_store.FactsRow]]] = {}
        known: dict[int, float] = {}
        for kpi, name in names.items():
            for row in hour_store.facts(db, kpi, number, hour, hour + HOUR):
                cells.setdefault(row[0], []).append((name, row))
                if name == NAME and (share := coverage(row[3])) is not None:
                    known[row[0]] = share
        for start, found in cells.items():
            shift = self._plant.calendar(path).shift_at(start)
            about: dict[str, Field] = {"shift": shift.name, "date": shift.date.isoformat()} if shift else {}
            if start in known:
                about["coverage"] = known[start]
            for name, (_, end, revision, facts) in found:
                yield from self._line(path, name, start, end, revision, facts, about)

    def _line(self, path: str, name: str, start: int, end: int, revision: int, facts: dict[str, object],
              about: dict[str, Field]) -> Iterator[str]:  # fmt: skip
        values: dict[str, object] = {}
        flags: list[str] = []
        if name != NAME:
            found = self._host.values(name, facts) if name in self._host.kpis else None
            if found is None:
                return  # the KPI fails, or its plugin is gone: what was sent of it stays
            values, flags = found
        said: dict[str, Field] = {**about, "revision": revision, "flags": ",".join(sorted(flags))}
        yield kpi_line(path, name, start, end, facts, values, said)
