"""Tries plugins on a made-up hour: what breaks the contract shows before there is data.

A KPI is asked for the hour and its two parts; a monitor sees it through, and once more with a restart in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from math import isclose
from typing import Any

import msgspec

from edge.clock import MINUTE, SECOND
from edge.contract import said_of, unfit_values
from edge.facts import copied, total, unfit
from edge.fence import Loaded, LoadedMonitor
from edge.host import PluginHost
from edge.kpi import Facts, Kpi
from edge.monitor import Assessment, Monitor, Observation, Watched
from edge.monitoring.post import checked, refuse_other_than_plain
from edge.settings.machine import MachineSettings
from edge.slices import (
    DOWN,
    MICRO,
    RUN,
    SETUP,
    Count,
    OrderAction,
    OrderSpan,
    SignalSummary,
    Slice,
    Span,
    Stop,
    Unit,
)

ASSET = "site/area/line/machine"
CUT, END = 25, 60  # minutes
JAM = Stop(20 * MINUTE, 30 * MINUTE, fault=True, micro=False, begun_in="scheduled", ended_in="scheduled")
PAUSE = Stop(45 * MINUTE, 46 * MINUTE, fault=False, micro=True, begun_in="scheduled", ended_in="scheduled")
SPANS: list[tuple[int, int, str, str, str, Stop | None]] = [
    (0, 20, "running", RUN, "P1", None), (20, 30, "fault", DOWN, "P1", JAM), (30, 33, "changeover", SETUP, "P2", None),
    (33, 45, "running", RUN, "P2", None), (45, 46, "stopped", MICRO, "P2", PAUSE), (46, 60, "running", RUN, "P2", None),
]  # fmt: skip
MADE = [(10, "P1", 100, 4), (40, "P2", 60, 0), (50, "P2", 80, 1)]
TESTED = [(12, "S1", "pass", "pass", 0), (41, "S2", "fail", "pass", 2), (52, "S3", "fail", "fail", 1)]
READ = [(5 * n, 3.0 + (7 * n) % 5) for n in range(12)]  # minute and value, each holding until the next
IDEAL_S = 5.0
RESTART = 181  # of the observations of a monitor
STATE_BYTES = 64 * 1024


def tried(host: PluginHost) -> Iterator[str]:
    """What is wrong with each KPI and monitor of these plugins, one sentence each; what hangs is interrupted."""
    with host.minded():
        for name, kpi in host.kpis.items():
            for doubt in _fenced(host, kpi, lambda kpi=kpi: doubts(kpi.kpi)):  # type: ignore[misc]
                yield f"KPI {name} (plugin {kpi.plugin}): {doubt}"
        for name, one in host.monitors.items():
            for doubt in _fenced(host, one, lambda one=one: doubts_of_monitor(one.monitor)):  # type: ignore[misc]
                yield f"monitor {name} (plugin {one.plugin}): {doubt}"


def _fenced(host: PluginHost, loaded: Loaded | LoadedMonitor, asked: Callable[[], Iterable[str]]) -> list[str]:
    found, worked = host.tried(loaded, "a made-up hour", lambda: list(asked()))
    return found or [] if worked else [f"fails on {loaded.last_error}"]


def doubts(kpi: Kpi) -> Iterator[str]:
    """What is wrong with a KPI, each in one sentence; nothing where it keeps its contract."""
    try:
        whole, parts = made_up(kpi, 0, END), [made_up(kpi, 0, CUT), made_up(kpi, CUT, END)]
        facts = copied(kpi.facts(whole))
        if problem := unfit(facts):
            yield problem
            return
        if copied(kpi.facts(whole)) != facts:
            yield "facts of the same slice are not the same when they are asked for twice"
            return
        yield from _not_adding_up(facts, total([kpi.facts(part) for part in parts]), "facts")
        yield from _of_values(kpi, facts)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a plugin raises is what is sought here
        yield f"fails on a made-up hour: {said_of(error)}"
        return
    try:
        kpi.values(copied(kpi.facts(Slice(ASSET, 0, 0, (), settings=whole.settings))))
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the same
        yield f"fails on a window in which nothing happened: {said_of(error)}"


def doubts_of_monitor(monitor: type[Monitor]) -> Iterator[str]:
    """The same of a monitor."""
    try:
        straight, _ = _watching(monitor, None)
        restarted, kept = _watching(monitor, RESTART)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a plugin raises is what is sought here
        yield f"fails on a made-up hour: {said_of(error)}"
        return
    if restarted != straight:
        yield "says something else after a restart in between: all that it remembers must be in `self.state`"
    if kept > STATE_BYTES:
        yield f"keeps {kept} bytes of each machine after an hour: keep it to a few kilobytes"


def _watching(monitor: type[Monitor], restart: int | None) -> tuple[list[Assessment | None], int]:
    """(what it says of each observation, bytes of its state in the end)."""
    common = MachineSettings().model_dump(mode="json", exclude={"signals", "monitors", "kpis"})
    machine = Watched(ASSET, {**common, **monitor.settings})
    watching, said, packed = monitor(machine), [], b""
    for number, seen in enumerate(_observations(monitor)):
        if number == restart:
            watching = monitor(machine, msgspec.msgpack.decode(packed))
        answer = watching.update(seen)
        said.append(None if answer is None else checked(answer))
        state = watching.checkpoint()
        refuse_other_than_plain(state, "state")
        packed = msgspec.msgpack.encode(state)
    return said, len(packed)


def _observations(monitor: type[Monitor]) -> Iterator[Observation]:
    """An hour of readings, one in ten seconds, and in it what else a monitor may be shown."""
    names = [_name(want) for want in monitor.signals]
    for n in range(360):
        ts, value = n * 10 * SECOND, 50.0 + (7 * n) % 5 + (30.0 if n > RESTART else 0.0)
        known: dict[str, Any] = {"state": "running", "product": "P1", "run_s": 10.0 * n, "cycles": 2 * n, "starts": 1}
        yield Observation(ASSET, ts, "reading", dict.fromkeys(names, value), **known)
        if n in (100, 300):
            yield Observation(ASSET, ts, "alarm", code="E1", active=True, severity="error", **known)
        if n == 200:
            yield Observation(ASSET, ts, "maintenance", component="bearing", action="replaced", **known)
            yield Observation(ASSET, ts, "tick", **known)


def _not_adding_up(whole: Facts, parts: Facts, path: str) -> Iterator[str]:
    for name in dict.fromkeys([*whole, *parts]):
        if (path, name) == ("facts", "flags"):  # of which only counts whether there are any
            continue
        one, other, here = whole.get(name, 0), parts.get(name, 0), f"{path}[{name!r}]"
        if isinstance(one, Mapping) or isinstance(other, Mapping):
            yield from _not_adding_up(one or {}, other or {}, here)
        elif not isclose(one, other, rel_tol=1e-9, abs_tol=1e-9):
            yield f"{here} does not add up: {one:g} of an hour, but {other:g} of its two parts together"


def _of_values(kpi: Kpi, facts: Facts) -> Iterator[str]:
    values = kpi.values(copied(facts))
    if problem := unfit_values(values):
        yield problem
        return
    shown = {"headline": (kpi.headline or kpi.name,), "details": kpi.details, "of_line": kpi.of_line}
    for attribute, names in shown.items():
        for name in names:
            if name not in values:
                yield f"{attribute} names {name!r}, which is none of its values ({', '.join(values) or 'none'})"


def made_up(kpi: Kpi, start: int, end: int) -> Slice:
    """Minutes [start, end) of the hour, with the readings that the KPI asks for."""
    a, b = start * MINUTE, end * MINUTE
    spans = [
        Span(max(a, s * MINUTE), min(b, e * MINUTE), state, of, scheduled=True, product=product, order="4711",
             shift="early", shift_start=0, stop=stop, ideal_s=IDEAL_S, reason="jam" if stop is JAM else None)
        for s, e, state, of, product, stop in SPANS
        if s < end and e > start
    ]  # fmt: skip
    return Slice(
        ASSET, a, b, tuple(spans), counts=tuple(_counts(start, end)),
        units=tuple(
            Unit(serial, "station", at * MINUTE, first, final, "P1", defects, 10)
            for at, serial, first, final, defects in TESTED if start <= at < end
        ),
        readings={_name(want): _summary(want, start, end) for want in kpi.signals},
        orders=tuple(
            OrderAction(at * MINUTE, "4711", action, "P2", 240.0, 0, 5 * MINUTE, 90 * MINUTE, 240.0, closes=at > CUT)
            for at, action in ((5, "start"), (55, "finish")) if start <= at < end
        ),
        in_process=(OrderSpan("4711", max(a, 5 * MINUTE), min(b, 55 * MINUTE), "P2", 240.0),) if kpi.orders else (),
        alarms=tuple((at * MINUTE, "E1", True) for at in (21, 44) if start <= at < end),
        flags={"reset": 1} if start <= 40 < end else {},
        stops_begun=tuple(stop for stop in (JAM, PAUSE) if a <= stop.start < b),
        stops_ended=tuple(stop for stop in (JAM, PAUSE) if stop.end is not None and a <= stop.end < b),
        settings=MachineSettings().model_dump(mode="json", exclude={"signals", "monitors", "kpis"}),
    )  # fmt: skip


def _counts(start: int, end: int) -> Iterator[Count]:
    for product in ("P1", "P2"):
        made = [(total, bad) for at, of, total, bad in MADE if of == product and start <= at < end]
        if made:
            parts, bad = sum(total for total, _ in made), sum(bad for _, bad in made)
            yield Count(product, "scheduled", parts, bad, parts, IDEAL_S)


def _name(want: str) -> str:
    return want.removeprefix("kind:").replace("*", "1")


def _summary(want: str, start: int, end: int) -> SignalSummary:
    """A signal as such a wish finds it."""
    before = [value for at, value in READ if at < start]
    values = [value for at, value in READ if start <= at < end]
    steps = [b - a for a, b in pairwise([*before[-1:], *values])]
    held = [(max(0, min(end, at + 5) - max(start, at)) * MINUTE / SECOND, value) for at, value in READ]
    kind = want.removeprefix("kind:") if want.startswith("kind:") else "other"
    return SignalSummary(
        n=len(values), sum=sum(values), min=min(values), max=max(values), last=values[-1], values=tuple(values),
        before=tuple(before), origin=5.0, deviations=sum(v - 5.0 for v in values),
        squares=sum((v - 5.0) ** 2 for v in values), steps=len(steps), step_sum=sum(map(abs, steps)),
        rise=sum(step for step in steps if step > 0), falls=sum(step < 0 for step in steps),
        integral=sum(seconds * value for seconds, value in held), held_s=sum(seconds for seconds, _ in held),
        kind=kind, unit={"power": "kW", "energy": "kWh"}.get(kind), low=1.0, high=6.5, target=5.0, sigma=1.5,
    )  # fmt: skip
