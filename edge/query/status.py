"""What a line or a machine is doing now, and its current shift so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Any

from edge.cells import MachineCells
from edge.clock import HOUR, SECOND, to_text
from edge.plant import line_of
from edge.query.assessments import worst
from edge.query.kpis import judged, messages_lost
from edge.query.lists import rejected_of
from edge.query.question import Question
from edge.query.remembered import Stretch
from edge.query.standing import Standing, added
from edge.query.window import Window, running_window
from edge.store import assessments
from edge.store import events as event_store
from edge.timemodel import NAME

KIND_BY_LEVELS = {1: "site", 2: "area", 3: "line", 4: "machine"}
URGENCY = {"down": 0, "unknown": 2, "setup": 3, "micro": 4, "no_order": 5, "run": 6, "planned": 7, "unscheduled": 8}


class Present:
    """What the answers about all machines of a question share."""

    def __init__(self, question: Question, now: int) -> None:
        self.question, self.now = question, now
        self.said = assessments.current(question.db, [row.number for row in question.machines])
        self.rejections = rejected_of(question.db, question.machines)
        self._windows: dict[str, Window] = {}
        self._lost: dict[Window, Sequence[Stretch]] = {}

    def window(self, path: str) -> Window:
        """The window that runs at a path; it is the same at all paths of a site."""
        site = path.partition("/")[0]
        found = self._windows.get(site)
        if found is None:
            found = self._windows[site] = running_window(self.question.plant.calendar(path), self.now)
        return found

    def lost(self, window: Window) -> Sequence[Stretch]:
        """When in a window messages never arrived."""
        found = self._lost.get(window)
        if found is None:
            found = self._lost[window] = messages_lost(self.question.db, window, self.question.cut)
        return found

    def standings(self) -> list[Standing]:
        """How each machine stands."""
        names = [name for name, loaded in self.question.host.kpis.items() if loaded.kpi.board]
        return [Standing(self.question, cells, self.window(cells.row.path), names) for cells in self.question.cells()]


def machine_statuses(question: Question, now: int) -> list[dict[str, Any]]:
    """The status of each machine asked about."""
    at = Present(question, now)
    return [_machine_status(at, standing) for standing in at.standings()]


def _machine_status(at: Present, standing: Standing) -> dict[str, Any]:
    """The status of one machine in the shape of the API."""
    cells, question = standing.cells, at.question
    row, now = cells.row, at.now
    settings = question.plant.at(question.cut).machine(row.path)
    state, connection = _state(standing, question.cut), _connection(cells, now)
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
        **_window_members(question, row.path, standing.window),
        "parts": _parts(question, [standing]),
        "kpis": _kpis(at, [standing], standing.window),
        "provisional": True,
        "maintenance": worst(at.said.get(row.number, ())),
        "rejections": at.rejections.get(row.path, 0),
        "as_of": to_text(question.cut),
    }


def group_status(question: Question, path: str, now: int) -> dict[str, Any]:
    """The status of a line, area or site: its machines, worst first, and their pooled numbers."""
    at = Present(question, now)
    known, window = at.standings(), at.window(path)
    machines = [_machine_status(at, standing) for standing in known]
    line = question.plant.settings.line(path) if path.count("/") == 2 else None
    return {
        "asset": path,
        "kind": KIND_BY_LEVELS.get(path.count("/") + 1, "area"),
        "title": line.title if line else None,
        **_window_members(question, path, window),
        "parts": _output(question, known),
        "kpis": _kpis(at, known, window),
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


def _state(standing: Standing, cut: int) -> dict[str, Any]:
    last, heard = standing.last, standing.cells.row.last_heard > 0
    since = standing.since if heard else cut
    return {
        "state": last.state,
        "time_class": last.time_class,
        "reason": last.reason,
        "since": to_text(since) if heard else None,
        "in_state_s": (cut - since) / SECOND if heard else None,
        "product": last.product,
        "order": last.order,
    }


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


def _output(question: Question, standings: Sequence[Standing]) -> dict[str, Any]:
    """The parts of a group, each counted once: of a line with a last station those that leave it there (`of`)."""
    paths = {standing: standing.cells.row.path for standing in standings}
    ends = {line: f"{line}/{last}" for line, last in _last_stations(question, paths.values())}
    heard = set(paths.values())
    ends = {line: end for line, end in ends.items() if end in heard}
    counted = [one for one, path in paths.items() if ends.get(line_of(path), path) == path]
    return _parts(question, counted) | ({"of": [paths[one] for one in counted]} if ends else {})


def _last_stations(question: Question, machines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in {line_of(path) for path in machines}:
        settings = question.plant.settings.line(line)
        if settings is not None and settings.last_station is not None:
            yield line, settings.last_station


def _parts(question: Question, standings: Sequence[Standing]) -> dict[str, Any]:
    sums = {"total_count": 0, "bad_count": 0}
    target = target_full = 0.0
    for standing in standings:
        so_far = 0.0
        for facts, rules in standing.held:
            for name in sums:
                sums[name] += facts.get(name, 0)
            so_far += facts.get("target_count", 0.0) * rules.settings["target_oee"]
        target += so_far
        target_full += _prorated(standing.cells, standing.window, question, so_far)
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
    for start, end, rules in machine.rules.held(question.cut, window.end):
        pieces = rules.schedule.pieces(start, end)
        planned = sum(piece.end - piece.start for piece in pieces if rules.kind(piece) == "scheduled") / SECOND
        rest += planned / (rules.ideal(product) or inf) * rules.settings["target_oee"]
    return so_far + rest


def _kpis(at: Present, standings: Sequence[Standing], window: Window) -> dict[str, Any]:
    out = {}
    times = added(standings, NAME)
    for name, loaded in at.question.host.kpis.items():
        kpi = loaded.kpi
        if not kpi.board:
            continue
        found = judged(at.question, at.lost(window), name, window, added(standings, name), times)
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
