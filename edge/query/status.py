"""What a line or a machine is doing now, and its current shift so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf
from typing import Any

from edge.cells import MachineCells
from edge.clock import HOUR, MINUTE, SECOND, to_text
from edge.facts import total
from edge.plant import line_of
from edge.query.assessments import worst
from edge.query.kpis import answer
from edge.query.question import Question, kpi_number
from edge.query.window import Window, running_window
from edge.slices import Span
from edge.store import events as event_store
from edge.store.machines import MachineRow
from edge.timeline.rules import Rules
from edge.timemodel import NAME

KIND_BY_LEVELS = {1: "site", 2: "area", 3: "line", 4: "machine"}
URGENCY = {"down": 0, "unknown": 2, "setup": 3, "micro": 4, "no_order": 5, "run": 6, "planned": 7, "unscheduled": 8}
LOOK_BACK = 24 * HOUR


def machine_status(question: Question, row: MachineRow, now: int) -> dict[str, Any]:
    """The status of one machine in the shape of the API."""
    window = running_window(question.plant.calendar(row.path), now)
    cells = MachineCells(question.db, question.plant, row, question.cut, question.as_of)
    settings = question.plant.at(question.cut).machine(row.path)
    state, connection = _state(cells, question.cut), _connection(cells, now)
    return {
        "asset": row.path,
        "kind": "machine",
        "title": settings.title,
        "configured": question.plant.at(question.cut).configured(row.path),
        **state,
        "connection": connection,
        "behind_s": _behind_s(cells, now) if connection == "online" and state["state"] == "unknown" else None,
        "last_heard": to_text(row.last_heard) if row.last_heard else None,
        "last_heard_s": max(0, (now - row.last_heard) / SECOND) if row.last_heard else None,
        **_window_members(question, row.path, window),
        "parts": _parts(question, [cells], window),
        "kpis": _kpis(question, [cells], window),
        "provisional": True,
        "maintenance": worst(question.db, row.number),
        "rejections": _rejections(question, row.path),
        "as_of": to_text(question.cut),
    }


def group_status(question: Question, path: str, now: int) -> dict[str, Any]:
    """The status of a line, area or site: its machines, worst first, and their pooled numbers."""
    window = running_window(question.plant.calendar(path), now)
    cells = question.cells()
    machines = [machine_status(question, row, now) for row in question.machines]
    line = question.plant.settings.line(path) if path.count("/") == 2 else None
    return {
        "asset": path,
        "kind": KIND_BY_LEVELS.get(path.count("/") + 1, "area"),
        "title": line.title if line else None,
        **_window_members(question, path, window),
        "parts": _output(question, cells, window),
        "kpis": _kpis(question, cells, window),
        "provisional": True,
        "as_of": to_text(question.cut),
        "machines": sorted(machines, key=_urgency),
    }


def _urgency(status: dict[str, Any]) -> tuple[int, float, str]:
    return URGENCY.get(status["time_class"], 9), -(status["in_state_s"] or 0.0), status["asset"]


def _window_members(question: Question, path: str, window: Window) -> dict[str, Any]:
    label = window.label()
    shift = {"name": window.shift, "date": window.shift_date, "from": label["from"], "to": label["to"]}
    return {
        "timezone": question.plant.timezone(path),
        "shift": shift if window.shift else None,
        "window": {"from": label["from"], "to": label["to"]},
    }


def _state(cells: MachineCells, cut: int) -> dict[str, Any]:
    spans = [span for part in cells.slices(cut - 10 * MINUTE, cut) for span in part.spans]
    if _began_before(spans):
        spans = [span for part in cells.slices(cut - LOOK_BACK, cut) for span in part.spans]
    last = spans[-1]
    since = last.start
    for before, after in pairwise(reversed(spans)):
        if (after.state, after.end) != (last.state, before.start):
            break
        since = after.start
    if last.stop is not None and last.stop.start < spans[0].start:
        since = last.stop.start
    heard = cells.row.last_heard > 0
    return {
        "state": last.state,
        "time_class": last.time_class,
        "reason": last.reason,
        "since": to_text(since) if heard else None,
        "in_state_s": (cut - since) / SECOND if heard else None,
        "product": last.product,
        "order": last.order,
    }


def _began_before(spans: Sequence[Span]) -> bool:
    """Whether the state of the last span reaches back over all of them."""
    return all(span.state == spans[-1].state for span in spans)


def _connection(cells: MachineCells, now: int) -> str:
    """Whether messages come: online, silent for longer than its limit, offline by its own word, or never heard."""
    row = cells.row
    if not row.last_heard:
        return "never"
    if cells.gone():
        return "offline"
    stale_us = cells.rules.at(row.last_heard).stale_us
    return "silent" if stale_us and now - row.last_heard > stale_us else "online"


def _behind_s(cells: MachineCells, now: int) -> float | None:
    """How old what a machine said last was when it came, in seconds, where that is why nobody knows what it does now:
    its clock is slow, writes local time as UTC, or a gateway hands over what it has kept."""
    row = cells.row
    newest = event_store.newest(cells.db, row.number, now + HOUR)
    stale_us = cells.rules.at(row.last_heard).stale_us
    if newest is None or not stale_us or row.last_heard - newest <= stale_us:
        return None
    return (row.last_heard - newest) / SECOND


def _output(question: Question, cells: Sequence[MachineCells], window: Window) -> dict[str, Any]:
    """The parts of a group, each counted once: of a line with a last station those that leave it there (`of`)."""
    ends = {line: f"{line}/{last}" for line, last in _last_stations(question, cells)}
    heard = {machine.row.path for machine in cells}
    ends = {line: end for line, end in ends.items() if end in heard}
    counted = [one for one in cells if ends.get(line_of(one.row.path), one.row.path) == one.row.path]
    return _parts(question, counted, window) | ({"of": [one.row.path for one in counted]} if ends else {})


def _last_stations(question: Question, cells: Sequence[MachineCells]) -> Iterator[tuple[str, str]]:
    for line in {line_of(machine.row.path) for machine in cells}:
        settings = question.plant.settings.line(line)
        if settings is not None and settings.last_station is not None:
            yield line, settings.last_station


def _parts(question: Question, cells: Sequence[MachineCells], window: Window) -> dict[str, Any]:
    number = kpi_number(question.db, NAME)
    sums = {"total_count": 0, "bad_count": 0}
    target = target_full = 0.0
    for machine in cells:
        so_far = 0.0
        for start, end, rules in _held(machine.rules, window.start, window.end):
            facts = total(machine.sums(number, NAME, start, end, question.host).parts)
            for name in sums:
                sums[name] += facts.get(name, 0)
            so_far += facts.get("target_count", 0.0) * rules.settings["target_oee"]
        target += so_far
        target_full += _prorated(machine, window, question, so_far)
    return {
        "total": sums["total_count"],
        "good": sums["total_count"] - sums["bad_count"],
        "bad": sums["bad_count"],
        "target": round(target, 1) if target else None,
        "target_full": round(target_full, 1) if target_full else None,
    }


def _prorated(machine: MachineCells, window: Window, question: Question, so_far: float) -> float:
    """The target of the whole window: what is planned of the rest counts at the ideal cycle of the product made now."""
    if window.end <= question.cut:
        return so_far
    product, rest = machine.product(), 0.0
    for start, end, rules in _held(machine.rules, question.cut, window.end):
        pieces = rules.schedule.pieces(start, end)
        planned = sum(piece.end - piece.start for piece in pieces if rules.kind(piece) == "scheduled") / SECOND
        rest += planned / (rules.ideal(product) or inf) * rules.settings["target_oee"]
    return so_far + rest


def _held(rules: Rules, start: int, end: int) -> Iterator[tuple[int, int, Rules]]:
    """Which rules held when in [start, end)."""
    for a, b in pairwise([start, *rules.changes(start, end), end]):
        yield a, b, rules.at(a)


def _kpis(question: Question, cells: Sequence[MachineCells], window: Window) -> dict[str, Any]:
    out = {}
    for name, loaded in question.host.kpis.items():
        kpi = loaded.kpi
        if not kpi.board:
            continue
        found = answer(question, cells, name, window)
        out[name] = {
            "title": kpi.title or name,
            "headline": kpi.headline or name,
            "details": list(kpi.details),
            "unit": kpi.unit,
            "units": dict(kpi.units),
            "better": kpi.better,
            "values": found["values"],
            "flags": found["flags"],
            "coverage": found["coverage"],
        }
    return out


def _rejections(question: Question, path: str) -> int:
    found = question.db.execute("select count(*) from rejections where asset=?", (path,)).fetchone()
    return int(found[0]) if found else 0
