"""Facts of a window over all machines asked about: pools of whole lines, and what they leave over from cells."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from functools import cached_property
from itertools import groupby, pairwise
from typing import Any

from edge.cells import MachineCells, Sums
from edge.clock import DAY
from edge.facts import condensed
from edge.query.question import Question, kpi_number
from edge.store import pools
from edge.store.pools import Pool


class Source:
    """The numbers of some machines for one question about windows in [start, end)."""

    def __init__(self, question: Question, cells: Sequence[MachineCells], start: int, end: int) -> None:
        self.start, self.end = start, min(end, question.cut)
        by_line = groupby(sorted(cells, key=_line), key=_line)
        self._lines = [_LineSource(self, question, number, list(of_line)) for number, of_line in by_line]

    def sums(self, name: str, start: int, end: int) -> Sums:
        """Facts of one KPI in [start, end)."""
        out = Sums()
        for line in self._lines:
            out.add(line.sums(name, start, end))
        return out


class _LineSource:
    """Machines of one line."""

    def __init__(self, source: Source, question: Question, number: int, cells: Sequence[MachineCells]) -> None:
        self._source, self._question, self._number, self._cells = source, question, number, cells
        self._asked = tuple(machine.row.number for machine in cells)
        self._pools: dict[str, tuple[list[int], list[Pool]]] = {}

    def sums(self, name: str, start: int, end: int) -> Sums:
        out = Sums()
        covered = start
        for pool in self._pools_in(name, start, end):
            if covered < pool.start:
                out.add(self._by_pieces(name, covered, pool.start))
            out.add(Sums([*pool.parts], pool.revision))
            covered = pool.end
        if covered < end:
            out.add(self._by_pieces(name, covered, end))
        return out

    def _pools_in(self, name: str, start: int, end: int) -> list[Pool]:
        if name not in self._pools:
            found = self._usable(name)
            self._pools[name] = [pool.start for pool in found], found
        starts, found = self._pools[name]
        first = bisect_left(starts, start)
        after = bisect_left(starts, end, first)
        return found[first : after - 1 if after > first and found[after - 1].end > end else after]

    def _usable(self, name: str) -> list[Pool]:
        """Pools of the whole line that no change since has reached; none in questions about what was known then."""
        if self._question.as_of is not None or self._mark is None:
            return []
        db, start, end = self._question.db, self._source.start, self._source.end
        changed = [stretch for machine in self._cells for stretch in machine.unsettled(end)]
        found = pools.read(db, self._number, self._mark, kpi_number(db, name), start, end)
        return [pool for pool in found if not any(a < pool.end and pool.start < b for a, b in changed)]

    @cached_property
    def _mark(self) -> int | None:
        """The mark of the line's pools; None where not all of its machines are asked about."""
        members = pools.members(self._question.db, self._number)
        return members.mark if members.machines == set(self._asked) else None

    def _by_pieces(self, name: str, start: int, end: int) -> Sums:
        """Facts from cells; of a long stretch by its days, which are remembered."""
        out = Sums()
        for a, b in pieces(start, end, self._extent):
            key = ("sums", name, a, b, *self._question.scope, *self._asked)
            found: Sums | None = self._question.remembered.get(key) if self._question.as_of is None else None
            if found is None:
                found = self._of_cells(name, a, b)
                if b - a == DAY:
                    keep(self._question, self._cells, key, a, b, found)
            out.add(found)
        return out

    def _of_cells(self, name: str, start: int, end: int) -> Sums:
        out = Sums()
        number = kpi_number(self._question.db, name)
        for machine in self._cells:
            out.add(machine.sums(number, name, start, end, self._question.host))
        out.parts = [*condensed(out.parts)] if out.parts else []
        return out

    @cached_property
    def _extent(self) -> tuple[int, int]:
        """From the first to the last hour in which anything is known of the machines."""
        extents = [extent for machine in self._cells if (extent := machine.extent()) is not None]
        return min((first for first, _ in extents), default=0), max((last for _, last in extents), default=0)


def _line(cells: MachineCells) -> int:
    return cells.row.line


def pieces(start: int, end: int, extent: tuple[int, int]) -> list[tuple[int, int]]:
    """A window as it is; where it is long, its whole UTC days within `extent`, and what is left at its ends."""
    first, last = -(-max(start, extent[0]) // DAY) * DAY, min(end, extent[1]) // DAY * DAY
    if last - first < 2 * DAY:
        return [(start, end)]
    bounds = [start, *range(first, last + 1, DAY), end]
    return [(a, b) for a, b in pairwise(bounds) if a < b]


def keep(question: Question, cells: Sequence[MachineCells], key: Hashable, start: int, end: int, value: Any) -> None:
    """Remember what is worked out of a window that is over."""
    if question.as_of is not None or end > question.cut or question.lacks:
        return
    needs = []
    for machine in cells:
        need = machine.needs(start, end)
        if need is None:
            return
        needs.append(need)
    question.remembered.keep(key, value, needs, question.versions)
