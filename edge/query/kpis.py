"""KPI answers: facts of machines summed over a window, values of the sum, and what a reader needs to judge them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import apsw

from edge.cells import MachineCells, Sums
from edge.clock import DAY, to_text
from edge.errors import QueryError
from edge.facts import condensed, total
from edge.host import PluginHost
from edge.plant import Plant
from edge.query.decisive import settings_between
from edge.query.remembered import Remembered
from edge.query.window import Window
from edge.store.machines import MachineRow
from edge.timemodel import NAME, coverage


@dataclass(frozen=True)
class Question:
    """Who is asked about: machines, as they were known at `cut` (`as_of` is None in the present)."""

    db: apsw.Connection
    plant: Plant
    host: PluginHost
    machines: Sequence[MachineRow]
    cut: int
    as_of: int | None
    lateness_us: int = DAY
    remembered: Remembered = field(default_factory=lambda: Remembered(0))
    versions: dict[int, int] = field(default_factory=dict)
    scope: tuple[Hashable, ...] = ()  # whose numbers these are, and which losses of messages were known

    def cells(self) -> list[MachineCells]:
        return [MachineCells(self.db, self.plant, row, self.cut, self.as_of) for row in self.machines]


def kpi_number(db: apsw.Connection, name: str) -> int:
    """The number of a KPI in the store; -1 where nothing of it is stored."""
    found = db.execute("select id from kpis where name=?", (name,)).fetchone()
    return -1 if found is None else int(found[0])


def answer(question: Question, cells: Sequence[MachineCells], name: str, window: Window) -> dict[str, Any]:
    """The members of one window's answer; of a window that is over they are remembered."""
    key = ("answer", name, window, *question.scope)
    found = question.remembered.get(key) if question.as_of is None else None
    if found is None:
        found = _worked_out(question, cells, name, window)
        _keep(question, cells, key, window.start, window.end, found)
    return {
        **found,
        "as_of": to_text(question.cut),
        "provisional": question.cut < window.end + question.lateness_us,
    }


def _worked_out(question: Question, cells: Sequence[MachineCells], name: str, window: Window) -> dict[str, Any]:
    sums, times = _sums(question, cells, name, window), _sums(question, cells, NAME, window)
    facts = total(sums.parts)
    found = question.host.values(name, facts) if sums.parts else None
    values, named = found if found is not None else ({}, [])
    flags = set(named)
    if sums.incomplete or found is None:
        flags.add("incomplete")
    if _messages_lost(question.db, window, question.cut):
        flags.add("messages_lost")
    return {
        **window.label(),
        "values": values,
        "facts": facts,
        "flags": sorted(flags),
        "coverage": coverage(total(times.parts)),
        "revision": sums.revision,
    }


def _sums(question: Question, cells: Sequence[MachineCells], name: str, window: Window) -> Sums:
    """The window's facts, in pieces: of a long window its days, which are remembered."""
    out = Sums()
    for start, end in pieces(window.start, window.end, _extent(cells)):
        key = ("sums", name, start, end, *question.scope)
        found: Sums | None = question.remembered.get(key) if question.as_of is None else None
        if found is None:
            found = _pooled(question, cells, name, start, end)
            if end - start == DAY:
                _keep(question, cells, key, start, end, found)
        out.add(found)
    return out


def _pooled(question: Question, cells: Sequence[MachineCells], name: str, start: int, end: int) -> Sums:
    out = Sums()
    number = kpi_number(question.db, name)
    for machine in cells:
        out.add(machine.sums(number, name, start, end, question.host))
    out.parts = [*condensed(out.parts)] if out.parts else []
    return out


def _extent(cells: Sequence[MachineCells]) -> tuple[int, int]:
    """From the first to the last hour in which anything is known of the machines."""
    extents = [extent for machine in cells if (extent := machine.extent()) is not None]
    return min((first for first, _ in extents), default=0), max((last for _, last in extents), default=0)


def pieces(start: int, end: int, extent: tuple[int, int]) -> list[tuple[int, int]]:
    """A window as it is; where it is long, its whole UTC days within `extent`, and what is left at its ends."""
    first, last = -(-max(start, extent[0]) // DAY) * DAY, min(end, extent[1]) // DAY * DAY
    if last - first < 2 * DAY:
        return [(start, end)]
    bounds = [start, *range(first, last + 1, DAY), end]
    return [(a, b) for a, b in pairwise(bounds) if a < b]


def _keep(question: Question, cells: Sequence[MachineCells], key: Hashable, start: int, end: int, value: Any) -> None:
    """Remember what is worked out of a window that is over."""
    if question.as_of is not None or end > question.cut:
        return
    needs = [machine.needs(start, end) for machine in cells]
    if None not in needs:
        question.remembered.keep(key, value, [n for n in needs if n is not None], question.versions)


def _messages_lost(db: apsw.Connection, window: Window, cut: int) -> bool:
    """Whether the service has noticed that messages of this time never arrived."""
    sql = "select 1 from notices where received<=? and coalesce(until, received)>=? and coalesce(since, received)<?"
    return db.execute(sql + " limit 1", (cut, window.start, window.end)).fetchone() is not None


def known_kpi(host: PluginHost, name: str) -> None:
    """QueryError (404) where no plugin brought a KPI of this name."""
    if name not in host.kpis:
        raise QueryError("name", name, f"there is no KPI {name!r}", 404, expected=f"one of {', '.join(host.kpis)}")


def settings_of(plant: Plant, machines: Sequence[MachineRow], window: Window) -> Mapping[str, Any]:
    """The settings that decided the numbers: of the machine asked for, or of each machine of a group."""
    found = {row.path: settings_between(plant, row.path, window.start, window.end) for row in machines}
    return next(iter(found.values())) if len(found) == 1 else found
