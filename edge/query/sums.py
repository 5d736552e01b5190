"""Facts of a window over all machines asked about: pools of whole lines, and what they leave over from cells."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter

from edge.cells import MachineCells, Sums
from edge.facts import condensed
from edge.query.question import Question, kpi_number
from edge.query.remembered import Entry, Stretch
from edge.store import pools
from edge.store.pools import Pool

BLOCK_DAYS = 8  # of a long window are added up apart, so that a change has only them added up again

_start, _end = attrgetter("start"), attrgetter("end")


class Source:
    """The numbers of some machines for one question about windows in [start, end)."""

    def __init__(self, question: Question, cells: Sequence[MachineCells], start: int, end: int) -> None:
        by_line = groupby(sorted(cells, key=_line), key=_line)
        around = start, min(end, question.cut)
        self.machines = tuple(machine.row.number for machine in cells)
        self._lines = [_LineSource(question, number, list(of_line), around) for number, of_line in by_line]

    def sums(self, name: str, start: int, end: int) -> Sums:
        """Facts of one KPI in [start, end)."""
        out = Sums()
        for line in self._lines:
            out.add(line.sums(name, start, end))
        return out

    def is_settled(self, start: int, end: int) -> bool:
        """Whether [start, end) is over and its numbers follow from what is worked out in the store."""
        return all(line.is_settled(start, end) for line in self._lines)


class _LineSource:
    """Machines of one line."""

    def __init__(self, question: Question, number: int, cells: Sequence[MachineCells], around: Stretch) -> None:
        self._question, self._number, self._cells = question, number, cells
        self._start, self._end = around
        self._asked = tuple(machine.row.number for machine in cells)
        self._calendar = question.plant.calendar(cells[0].row.path)
        self._pools: dict[tuple[str, int], list[Pool]] = {}
        self._cells_between: dict[tuple[str, int, int], Sums] = {}

    def is_settled(self, start: int, end: int) -> bool:
        if not self._unsettled or end <= self._unsettled[0][0]:
            return end <= self._question.cut
        return end <= self._question.cut and not any(a < end and start < b for a, b in self._unsettled)

    @cached_property
    def _unsettled(self) -> list[Stretch]:
        return merged(stretch for machine in self._cells for stretch in machine.unsettled(self._end))

    def sums(self, name: str, start: int, end: int) -> Sums:
        first, after = bisect_left(self._blocks, start), bisect_right(self._blocks, end)
        out = Sums()
        for a, b in pairwise(sorted({start, *self._blocks[first:after], end})):
            whole = a in self._blocks and b in self._blocks
            out.add(self._remembered(name, a, b) if whole else self._pooled(name, a, b))
        return out

    @cached_property
    def _blocks(self) -> list[int]:
        """Where blocks of days begin in the time that is known: at local midnights, which no pool lies across."""
        start, end = max(self._start, self._extent[0]), min(self._end, self._extent[1])
        if start >= end:
            return []
        first, last = (self._calendar.local_date(at).toordinal() for at in (start, end))
        days = range(first + -first % BLOCK_DAYS, last + 1, BLOCK_DAYS)
        return [self._calendar.local_day(date.fromordinal(day))[0] for day in days]

    @cached_property
    def _extent(self) -> Stretch:
        """From the first to the last hour in which anything is known of the machines."""
        extents = [extent for machine in self._cells if (extent := machine.extent()) is not None]
        return min((first for first, _ in extents), default=0), max((last for _, last in extents), default=0)

    def _remembered(self, name: str, start: int, end: int) -> Sums:
        """Facts of a block, which the next question about a long window has as well."""
        if not self.is_settled(start, end):
            return self._pooled(name, start, end)
        key = ("sums", name, start, end)
        found: Sums | None = self._question.remembered_of(self._asked, key)
        if found is None:
            found = self._pooled(name, start, end)
            found.parts = [*condensed(found.parts)] if found.parts else []
            self._question.remember(self._asked, {key: Entry(start, end, found)})
        return found

    def _pooled(self, name: str, start: int, end: int) -> Sums:
        out = Sums()
        covered = start
        for pool in self._pools_in(name, start, end):
            if covered < pool.start:
                out.add(self._by_cells(name, covered, pool.start))
            out.add(Sums([*pool.parts], pool.revision))
            covered = pool.end
        if covered < end:
            out.add(self._by_cells(name, covered, end))
        return out

    def _pools_in(self, name: str, start: int, end: int) -> list[Pool]:
        """Pools of the whole line that no change since has reached; none in questions about what was known then."""
        if self._question.as_of is not None or self._mark is None:
            return []
        bounds = [self._start, *(at for at in self._blocks if self._start < at < self._end), self._end]
        first, after = bisect_right(bounds, start) - 1, bisect_left(bounds, end)
        out: list[Pool] = []
        for block in pairwise(bounds[first : after + 1]):
            found = self._usable(name, self._mark, *block)
            inside = bisect_left(found, start, key=_start), bisect_right(found, end, key=_end)
            out += found[slice(*inside)]
        return out

    def _usable(self, name: str, mark: int, start: int, end: int) -> list[Pool]:
        """The pools of a block, read once."""
        found = self._pools.get((name, start))
        if found is None:
            db = self._question.db
            found = pools.read(db, self._number, mark, kpi_number(db, name), start, end)
            found = self._pools[name, start] = [pool for pool in found if self.is_settled(pool.start, pool.end)]
        return found

    @cached_property
    def _mark(self) -> int | None:
        """The mark of the line's pools; None where not all of its machines are asked about."""
        members = pools.members(self._question.db, self._number)
        return members.mark if members.machines == set(self._asked) else None

    def _by_cells(self, name: str, start: int, end: int) -> Sums:
        """Facts from cells, cut where windows mostly are: several of one question share what lies between."""
        first, last = max(start, self._extent[0]), min(end, self._extent[1])
        bounds = {at for at in self._calendar.bounds(first, last) if start < at < end} if first < last else ()
        out = Sums()
        for a, b in pairwise(sorted({start, *bounds, end})):
            found = self._cells_between.get((name, a, b))
            if found is None:
                found = self._cells_between[name, a, b] = self._of_cells(name, a, b)
            out.add(found)
        return out

    def _of_cells(self, name: str, start: int, end: int) -> Sums:
        out = Sums()
        number = kpi_number(self._question.db, name)
        for machine in self._cells:
            out.add(machine.sums(number, name, start, end, self._question.host))
        out.parts = [*condensed(out.parts)] if out.parts else []
        return out


def _line(cells: MachineCells) -> int:
    return cells.row.line


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches that overlap or touch as one, in order."""
    out: list[Stretch] = []
    for start, end in sorted(stretches):
        if out and start <= out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((start, end))
    return out
