"""Keeps the pools of lines: drops those that a changed hour reaches, and adds up what is over and settled."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import apsw

from edge.cells import FAR, MachineCells, Sums
from edge.clock import DAY
from edge.facts import condensed
from edge.host import PluginHost
from edge.plant import Plant, line_of
from edge.processing.machine import Machine
from edge.store import pools
from edge.store.machines import machines_under
from edge.timemodel import NAME

RETRY_S = 60.0  # of a stretch that is not settled: mostly the last one, which waits for the hour after it
AGAIN_S = 5.0  # late messages seldom come alone, and whoever asks right after one has better use for the time


@dataclass
class _Line:
    """UTC days whose stretches may lack a pool, those to be looked at again and when, and where the last pool ends."""

    number: int
    path: str
    first_day: int
    until: int
    last_day: int
    days: set[int] = field(default_factory=set)
    retry: dict[int, float] = field(default_factory=dict)


class Pooling:
    """Used in the processing thread; `kpi_ids` are the KPIs to pool, by number."""

    def __init__(self, db: apsw.Connection, host: PluginHost, plant: Plant, kpi_ids: Mapping[str, int]) -> None:
        self.db, self.host, self.plant, self.kpi_ids = db, host, plant, kpi_ids
        self._lines: dict[int, _Line] = {}

    def changed(self, machine: Machine, hour: int) -> None:
        """Drop what a changed hour reaches: its own time, and the silence before and after it."""
        line = self._lines.get(machine.line.number) or self._take_up(machine.line.number, line_of(machine.path))
        if line is None:
            return
        day = hour // DAY
        line.days.update(range(day, line.first_day))
        line.first_day = min(line.first_day, day)
        if not line.until:
            return
        previous, following = machine.before(hour), machine.after(hour)
        start = previous.hour if previous else -FAR
        end = min(following.hour if following else FAR, line.until)
        if start < end:
            pools.drop(self.db, line.number, start, end)
            days = range(max((start - pools.LONGEST) // DAY, line.first_day), end // DAY + 1)
            line.days.update(days)
            line.retry.update(dict.fromkeys(days, time.monotonic() + AGAIN_S))

    def work(self, plant: Plant, now: int, deadline: float, *, patient: bool = True, silence: bool = True) -> bool:
        """Pool stretches until `time.monotonic()` reaches the deadline; True while there is more to do at once. Who is
        not patient does not wait for late messages to come together; without `silence` what no machine spoke in is
        left for another time."""
        if plant is not self.plant:  # its changes have dropped pools
            self.plant = plant
            self._lines.clear()
        for number, path in list(self.db.execute("select id, path from lines")):
            if number not in self._lines:
                self._take_up(int(number), str(path))
        for line in self._lines.values():
            line.days.update(range(line.last_day + 1, now // DAY + 1))
            line.last_day = now // DAY
            moment = time.monotonic()
            due = [day for day in line.days if not patient or line.retry.get(day, 0.0) <= moment]
            for day in sorted(due, reverse=True):  # the newest are asked for most
                if time.monotonic() >= deadline:
                    return True
                if self._pool_day(line, day, now, deadline, silence=silence):
                    line.days.discard(day)
                    line.retry.pop(day, None)
        return False

    def _take_up(self, number: int, path: str) -> _Line | None:
        """A line from the first day on of which anything is stored; None where no machine has spoken yet."""
        sql = "select min((select min(hour) from hours where machine=m.id)) from machines m where line=?"
        found: Any = self.db.execute(sql, (number,)).fetchone()
        if found[0] is None:
            return None
        first_day = found[0] // DAY
        until = pools.last_end(self.db, number, self.kpi_ids[NAME]) or 0
        line = self._lines[number] = _Line(number, path, first_day, until, first_day - 1)
        return line

    def _pool_day(self, line: _Line, day: int, now: int, deadline: float, *, silence: bool) -> bool:
        """Pool the stretches that begin in a UTC day; False where some have to be looked at again."""
        start, end = day * DAY, (day + 1) * DAY
        bounds = self.plant.calendar(line.path).bounds(start, end + pools.LONGEST)
        mark = pools.members(self.db, line.number).mark
        there = pools.starts(self.db, line.number, mark, self.kpi_ids[NAME], start, end)
        missing = [(a, b) for a, b in pairwise(bounds) if a < end and a not in there]
        wanted = missing if silence else [m for m in missing if not pools.is_silent(self.db, line.number, *m)]
        if not wanted:
            return not missing
        machines = [MachineCells(self.db, self.plant, row, now, None) for row in machines_under(self.db, line.path)]
        for a, b in wanted:
            if b > now or not self._pool(line, machines, mark, a, b):
                line.retry[day] = time.monotonic() + RETRY_S
                return False
            if time.monotonic() >= deadline:
                return False
        return len(wanted) == len(missing)

    def _pool(self, line: _Line, machines: Sequence[MachineCells], mark: int, start: int, end: int) -> bool:
        with self.db:
            if any(a < end and start < b for machine in machines for a, b in machine.unsettled(end)):
                return False
            found = {number: self._sums(machines, name, start, end) for name, number in self.kpi_ids.items()}
            whole = {kpi: (sums.revision, condensed(sums.parts)) for kpi, sums in found.items() if not sums.incomplete}
            pools.drop(self.db, line.number, start, end)
            pools.save(self.db, line.number, mark, start, end, whole)
        line.until = max(line.until, end)
        return True

    def _sums(self, machines: Sequence[MachineCells], name: str, start: int, end: int) -> Sums:
        sums = Sums()
        for machine in machines:
            sums.add(machine.sums(self.kpi_ids[name], name, start, end, self.host))
        return sums
