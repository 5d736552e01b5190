"""KPI answers: facts of machines summed over a window, values of the sum, and what a reader needs to judge them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from edge.clock import DAY, to_text
from edge.errors import QueryError
from edge.facts import total
from edge.host import PluginHost
from edge.plant import Plant
from edge.query.cells import MachineCells, Sums
from edge.query.reading import MachineRow
from edge.query.window import Window
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

    def cells(self) -> list[MachineCells]:
        return [MachineCells(self.db, self.plant, row, self.cut, self.as_of) for row in self.machines]


def kpi_number(db: apsw.Connection, name: str) -> int:
    """The number of a KPI in the store; -1 where nothing of it is stored."""
    found = db.execute("select id from kpis where name=?", (name,)).fetchone()
    return -1 if found is None else int(found[0])


def answer(question: Question, cells: Sequence[MachineCells], name: str, window: Window) -> dict[str, Any]:
    """The members of one window's answer."""
    sums, times = _sums(question, cells, name, window), _sums(question, cells, NAME, window)
    facts = total(sums.parts)
    found = question.host.values(name, facts) if sums.parts else None
    values, named = found if found is not None else ({}, [])
    flags = set(named)
    if sums.incomplete or found is None:
        flags.add("incomplete")
    if _messages_lost(question.db, window, question.cut):
        flags.add("messages_lost")
    cut = min(window.end, question.cut)
    return {
        **window.label(),
        "values": values,
        "facts": facts,
        "flags": sorted(flags),
        "coverage": coverage(total(times.parts)),
        "as_of": to_text(question.cut),
        "revision": sums.revision,
        "provisional": question.cut < window.end + question.lateness_us or cut < window.end,
    }


def _sums(question: Question, cells: Sequence[MachineCells], name: str, window: Window) -> Sums:
    out = Sums()
    number = kpi_number(question.db, name)
    for machine in cells:
        out.add(machine.sums(number, name, window.start, window.end, question.host))
    return out


def _messages_lost(db: apsw.Connection, window: Window, cut: int) -> bool:
    """Whether the service has noticed that messages of this time never arrived."""
    sql = "select 1 from notices where received<=? and coalesce(until, received)>=? and coalesce(since, received)<?"
    return db.execute(sql + " limit 1", (cut, window.start, window.end)).fetchone() is not None


def known_kpi(host: PluginHost, name: str) -> None:
    """QueryError (404) where no plugin brought a KPI of this name."""
    if name not in host.kpis:
        raise QueryError("name", name, f"there is no KPI {name!r}", 404, expected=f"one of {', '.join(host.kpis)}")


def settings_of(plant: Plant, machines: Sequence[MachineRow]) -> Mapping[str, Any]:
    """The settings that decided the numbers: of the machine asked for, or of each machine of a group."""
    found = {row.path: _decisive(plant, row.path) for row in machines}
    return next(iter(found.values())) if len(found) == 1 else found


def _decisive(plant: Plant, path: str) -> dict[str, Any]:
    machine = plant.settings.machine(path)
    shown = machine.model_dump(mode="json", exclude={"signals", "title"}, exclude_none=True)
    shown["ideal_s"] = dict(plant.rules(path).ideal_s)
    return shown
