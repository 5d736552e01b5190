"""KPI windows: facts of a machine's cells (hours, cut where shifts begin and end), again whenever they have changed.

Each hour of a machine has a version that rises with every change (`edge/store/hours.py`); what is durable here is the
version up to which all is sent. Hours that are marked as changed and not worked out yet are left out: they get a higher
version when they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import apsw

from edge.influx.batch import LINES, Batch
from edge.influx.catalog import path_of
from edge.influx.kpipoints import KpiPoints, is_over
from edge.influx.positions import Positions
from edge.influx.restating import Over

HOURS = 50
"""Of one machine at once."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How far one machine has come."""

    machine: int
    version: int
    more: bool


class Windows:
    """`changed` may be called from any thread; machines named so wait until `every_s` has passed since they were sent
    last, because a running hour changes all the time."""

    def __init__(self, positions: Positions, points: KpiPoints, clock: Callable[[], float], every_s: float) -> None:
        self._positions, self._points, self._clock, self._every_s = positions, points, clock, every_s
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
        over: list[Over] = []
        moved: list[Moved] = []
        for number in [number for number, at in self._due.items() if at <= now]:
            one = self._machine(db, number, lines, over)
            if one is None:
                del self._due[number]
            else:
                moved.append(one)
            if len(lines) >= LINES:
                break
        return Batch(lines, lambda: self._move(moved, now), over) if moved else None

    def _move(self, moved: Iterable[Moved], now: float) -> None:
        for one in moved:
            self._positions.set_version(one.machine, one.version)
            self._sent_at[one.machine] = now
            if not one.more:
                self._due.pop(one.machine, None)

    def _machine(self, db: apsw.Connection, number: int, lines: list[str], over: list[Over]) -> Moved | None:
        """Add the lines of a machine's hours that changed; None where there are none."""
        version = self._positions.version(number)
        sql = "select hour, dirty, version from hours where machine=? and version>? order by version limit ?"
        hours: list[Any] = db.execute(sql, (number, version, HOURS)).fetchall()
        if not hours:
            return None
        path = self._paths.get(number) or self._paths.setdefault(number, path_of(db, number))
        for hour, dirty, _ in hours:
            if dirty:
                continue
            points = self._points.of_hour(db, number, path, hour)
            lines += [point.line() for point in points]
            if is_over(points, hour):
                over.append(Over(path, hour, points))
        return Moved(number, hours[-1][2], more=len(hours) == HOURS)
