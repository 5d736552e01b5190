"""KPI answers: facts of machines summed over a window, values of the sum, and what a reader needs to judge them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import apsw

from edge.cells import MachineCells, Sums
from edge.clock import to_text
from edge.errors import QueryError
from edge.facts import total
from edge.host import PluginHost
from edge.plant import Plant
from edge.query.decisive import settings_between
from edge.query.question import Question
from edge.query.remembered import Entry, Stretch
from edge.query.sums import Source
from edge.query.window import Window
from edge.store.machines import MachineRow
from edge.timemodel import NAME, coverage


def answers(
    question: Question, cells: Sequence[MachineCells], name: str, windows: Sequence[Window]
) -> list[dict[str, Any]]:
    """The members of each window's answer. Those that are over are remembered."""
    if not windows:
        return []
    around = Window(min(window.start for window in windows), max(window.end for window in windows))
    source = Source(question, cells, around.start, around.end)
    lost = messages_lost(question.db, around, question.cut)
    as_of = to_text(question.cut)
    out: list[dict[str, Any]] = []
    new: dict[Hashable, Entry] = {}
    for window in windows:
        settled = source.is_settled(window.start, window.end)
        found = question.remembered_of(source.machines, (name, window)) if settled else None
        if found is None:
            found = _worked_out(question, source, lost, name, window)
            if settled:
                new[name, window] = Entry(window.start, window.end, found)
        provisional = question.cut < window.end + question.lateness_us
        out.append({**found, "as_of": as_of, "provisional": provisional})
    question.remember(source.machines, new)
    return out


def answer(question: Question, cells: Sequence[MachineCells], name: str, window: Window) -> dict[str, Any]:
    """The members of one window's answer."""
    return answers(question, cells, name, [window])[0]


def _worked_out(question: Question, source: Source, lost: Sequence[Stretch], name: str,
                window: Window) -> dict[str, Any]:  # fmt: skip
    sums, times = source.sums(name, window.start, window.end), source.sums(NAME, window.start, window.end)
    return {**window.label(), **judged(question, lost, name, window, sums, times)}


def judged(question: Question, lost: Sequence[Stretch], name: str, window: Window, sums: Sums,
           times: Sums) -> dict[str, Any]:  # fmt: skip
    """The values of a window from what adds up in it, of the KPI and of the time model, and how far they hold."""
    facts = total(sums.parts)
    found = question.host.values(name, facts) if sums.parts else None
    values, named = found if found is not None else ({}, [])
    flags = set(named)
    if sums.incomplete or found is None or question.lacks:
        flags.add("incomplete")
    if any(start < window.end and end >= window.start for start, end in lost):
        flags.add("messages_lost")
    return {
        "values": values,
        "facts": facts,
        "flags": sorted(flags),
        "coverage": coverage(total({"classes": part["classes"]} for part in times.parts if "classes" in part)),
        "revision": sums.revision,
    }


def messages_lost(db: apsw.Connection, window: Window, cut: int) -> list[Stretch]:
    """When in a window messages never arrived, as far as the service has noticed."""
    sql = (
        "select coalesce(since, received), coalesce(until, received) from notices where received<=? "
        "and coalesce(until, received)>=? and coalesce(since, received)<?"
    )
    found = db.execute(sql, (cut, window.start, window.end))
    return [(int(start), int(end)) for start, end in found]


def known_kpi(host: PluginHost, name: str) -> None:
    """QueryError (404) where no plugin brought a KPI of this name."""
    if name not in host.kpis:
        raise QueryError("name", name, f"there is no KPI {name!r}", 404, expected=f"one of {', '.join(host.kpis)}")


def settings_of(plant: Plant, machines: Sequence[MachineRow], window: Window) -> Mapping[str, Any]:
    """The settings that decided the numbers: of the machine asked for, or of each machine of a group."""
    found = {row.path: settings_between(plant, row.path, window.start, window.end) for row in machines}
    return next(iter(found.values())) if len(found) == 1 else found
