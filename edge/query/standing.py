"""How a machine stands in the window that runs: what is over is remembered, and only the last hours are worked out.

What is over ends with the hour before the last one, for a later message of that one may still reach the hour before.
It is remembered once for each machine and goes on from there as hours pass, so that a question costs the same at the
end of a shift as at its beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from edge.cells import MachineCells, Sums
from edge.clock import HOUR, MINUTE
from edge.facts import condensed, total
from edge.kpi import Facts
from edge.query.question import Question, kpi_number
from edge.query.remembered import Entry
from edge.query.window import Window
from edge.slices import Slice, Span
from edge.timeline.rules import Rules
from edge.timemodel import NAME

LOOK_BACK = 24 * HOUR
AT_HAND = 10 * MINUTE
KEY = "standing"


class Over(NamedTuple):
    """Of one machine: facts of the window from `start` as far as it was over at `until`, by KPI, the state just before
    `until`, and since when it was that (at most `LOOK_BACK` before)."""

    start: int
    until: int
    sums: Mapping[str, Sums]
    state: str
    since: int


class Standing:
    """One machine in one window that has begun, for a question about the present."""

    def __init__(self, question: Question, cells: MachineCells, window: Window, names: Iterable[str]) -> None:
        self.cells, self.window = cells, window
        self._question, self._cut = question, question.cut
        self._start, self._end = window.start, min(window.end, question.cut)
        self._kpis = {name: kpi_number(question.db, name) for name in (NAME, *names)}
        self._sums: dict[str, Sums] = {}

    def sums(self, name: str) -> Sums:
        """Facts of one KPI in the window so far."""
        found = self._sums.get(name)
        if found is None:
            found = self._sums[name] = self._added(name, self._over, self._end)
        return found

    @cached_property
    def held(self) -> list[tuple[Facts, Rules]]:
        """Facts of the time model in the window so far, and the rules that held, for each time in which others did."""
        number, host = self._kpis[NAME], self._question.host
        stretches = list(self.cells.rules.held(self.window.start, self.window.end))
        if len(stretches) == 1:
            return [(total(self.sums(NAME).parts), stretches[0][2])]
        found = ((self.cells.sums(number, NAME, start, end, host), rules) for start, end, rules in stretches)
        return [(total(sums.parts), rules) for sums, rules in found]

    def _added(self, name: str, over: Over | None, end: int) -> Sums:
        """Facts of [start, end) of the window: those that are over, and what has come since."""
        out, at = Sums(), self._start
        if over is not None and over.start == at < over.until:
            out.add(over.sums[name])
            at = min(over.until, self._end)
        if at < end or at == self._start:
            out.add(self.cells.sums(self._kpis[name], name, at, end, self._question.host))
        return out

    @property
    def last(self) -> Span:
        """The span that goes on now."""
        return self._spans[-1]

    @property
    def since(self) -> int:
        """When the state of the last span began, or a stop that began before all that was looked at; a day ago at the
        earliest, where it is the state."""
        last, looked_at = self.last, self._cut - AT_HAND
        since = _held(self._spans, last.state)
        if since <= looked_at:
            looked_at = self._cut - LOOK_BACK
            since = self._back(self._over, self._cut, last.state)
        return last.stop.start if last.stop is not None and last.stop.start < looked_at else since

    @cached_property
    def _spans(self) -> list[Span]:
        """Those of the last minutes; of the running hour, where that is worked out for the window anyway."""
        begun = max(self._start, self._cut - self._cut % HOUR)
        return _spans(self.cells.slices(min(begun, self._cut - AT_HAND), self._cut))

    def _back(self, over: Over | None, at: int, state: str) -> int:
        """Since when the state before `at` has been `state`; `LOOK_BACK` before at the earliest, `at` where it is
        another one."""
        earliest = at - LOOK_BACK
        if over is None:
            return self._hour_by_hour(at, earliest, state)
        known = max(over.until, earliest)
        since = _held(_spans(self.cells.slices(known, at)), state)
        return max(over.since, earliest) if since == over.until and over.state == state else since

    def _hour_by_hour(self, at: int, earliest: int, state: str) -> int:
        while at > earliest:
            start = max(earliest, at - 1 - (at - 1) % HOUR)
            since = _held(_spans(self.cells.slices(start, at)), state)
            if since > start:
                return since
            at = start
        return at

    @cached_property
    def _over(self) -> Over | None:
        until = self.cells.over_until()
        if until is None:
            return None
        machines = (self.cells.row.number,)
        known: Over | None = self._question.remembered_of(machines, KEY)
        if known is not None and known.until > until:
            known = None
        if known is not None and (known.start, known.until) == (self._start, until):
            return known
        found = self._until(until, known)
        stretch = min(found.start, found.since), found.until
        self._question.remember(machines, {KEY: Entry(*stretch, found)})
        return found

    def _until(self, until: int, known: Over | None) -> Over:
        if known is not None and known.until == until:
            state, since = known.state, known.since
        else:
            state = _spans(self.cells.slices(until - HOUR, until))[-1].state
            since = self._back(known, until, state)
        sums = {}
        if self._start < until:
            for name in self._kpis:
                sums[name] = found = self._added(name, known, min(until, self._end))
                found.parts = [*condensed(found.parts)] if found.parts else []
        return Over(self._start, until, sums, state, since)


def added(standings: Iterable[Standing], name: str) -> Sums:
    """Facts of one KPI over machines."""
    out = Sums()
    for standing in standings:
        out.add(standing.sums(name))
    return out


def _spans(slices: Iterable[Slice]) -> list[Span]:
    return [span for part in slices for span in part.spans]


def _held(spans: Sequence[Span], state: str) -> int:
    """Since when the last of neighbouring spans are in a state; where they end if the last one is in another."""
    since = spans[-1].end
    for span in reversed(spans):
        if span.state != state:
            break
        since = span.start
    return since
