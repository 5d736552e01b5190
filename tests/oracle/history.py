"""What a machine did, from the beginning of time to a cut: states, unknown time, stops, the class of each second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.oracle.machine import Machine
from tests.oracle.messages import NOT_HEARD, Fact, microseconds

BEGINNING = 0
PACKML = {
    1: "fault", 8: "fault", 9: "fault",  # clearing, aborting, aborted
    2: "stopped", 3: "stopped", 7: "stopped", 10: "stopped", 11: "stopped", 12: "stopped", 15: "stopped",
    4: "idle", 17: "idle", 5: "starved", 13: "starved", 14: "starved", 6: "running", 16: "running",
}  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """One state over [start, end)."""

    start: int
    end: int
    state: str


@dataclass(frozen=True)
class Stop:
    """A contiguous stop. `end` is where it ended as far as is known: at the cut it is still open."""

    start: int
    end: int
    open: bool
    fault: bool
    lost: bool  # it ended in unknown time: nobody knows how long it really was


class History:
    """The facts of one machine up to `cut`, in the order of evaluation of section 9."""

    def __init__(self, machine: Machine, facts: Sequence[Fact], cut: int) -> None:
        self.machine, self.cut = machine, cut
        self.facts = sorted(facts, key=lambda fact: fact.order)
        reported = debounced(plain(self.facts, cut), machine, cut)
        known = with_unknown(reported, unknown_times(self.facts, machine, cut), cut)
        told = corrected(known, sorted(self.facts, key=lambda fact: fact.place), machine)
        self.stretches = [Stretch(a, b, s.state) for s in told for a, b in machine.stretches(s.start, s.end)]
        self.stops = stops(self.stretches, machine, cut)

    def state_at(self, ts: int) -> str:
        return next((s.state for s in self.stretches if s.start <= ts < s.end), "unknown")

    def unknown(self) -> list[tuple[int, int]]:
        return [(s.start, s.end) for s in self.stretches if s.state == "unknown"]

    def classes(self, start: int, end: int) -> list[tuple[int, str, str]]:
        """(microseconds, class, state) of every stretch of [start, end)."""
        out = []
        for a, b, kind in self.machine.pieces(start, end):
            for stretch in self.stretches:
                x, y = max(a, stretch.start), min(b, stretch.end)
                if x < y:
                    out.append((y - x, self.class_of(stretch, kind), stretch.state))
        return out

    def class_of(self, stretch: Stretch, calendar: str) -> str:
        """Not scheduled > producing > planned downtime > state."""
        if calendar == "unscheduled":
            return "unscheduled"
        machine = self.machine.at(stretch.start)
        does = doing(stretch.state, machine)
        if does == "run":
            return "run"
        believed = stretch.state == "maintenance" and not machine.planned_maintenance_only  # ruling 7
        if calendar == "planned" or believed:
            return "planned"
        if does != "stop":
            return does
        stop = next(s for s in self.stops if s.start <= stretch.start < s.end)
        return "micro" if self.is_micro(stop) else "down"

    def is_micro(self, stop: Stop) -> bool:
        """Ruling 34: the whole stop, strictly shorter than the threshold that held when it began."""
        return stop.end - stop.start < self.machine.at(stop.start).threshold


def plain(facts: Sequence[Fact], cut: int) -> list[tuple[int, str]]:
    """(from, state) as reported before the cut, PackML numbers as states; a failure lasts until Execute."""
    out = []
    failed = False
    for fact in facts:
        if fact.kind != "state" or fact.ts >= cut:
            continue
        state = fact.body["state"]
        if not state.startswith("packml:"):
            failed = False
        else:
            number = int(state[7:])
            failed = number != 6 and (failed or number in (1, 8, 9))
            state = "fault" if failed else PACKML[number]
        out.append((fact.ts, state))
    return out


def debounced(reported: Sequence[tuple[int, str]], machine: Machine, cut: int) -> list[tuple[int, str]]:
    """Ruling 35: a state shorter than the debounce time is absorbed by the one before."""
    runs: list[tuple[int, str]] = []
    for ts, state in reported:
        if not runs or runs[-1][1] != state:
            runs.append((ts, state))
    kept = [(BEGINNING, machine.default_state)]
    for number, (ts, state) in enumerate(runs):
        until = runs[number + 1][0] if number + 1 < len(runs) else cut
        if until - ts >= machine.at(ts).debounce or state == kept[-1][1]:
            kept.append((ts, state))
    return kept


def unknown_times(facts: Sequence[Fact], machine: Machine, cut: int) -> list[tuple[int, int]]:
    """Ruling 25: from `stale_after` after a message, or from a death notice, until the next message."""
    heard = sorted({fact.ts for fact in facts if fact.kind not in NOT_HEARD and fact.ts < cut})
    notices = sorted(fact.ts for fact in facts if fact.kind == "offline")
    out = []
    for last, following in zip([BEGINNING, *heard], [*heard, cut], strict=True):
        begins = [notice for notice in notices if last <= notice < following]
        stale = machine.at(last).stale
        if stale and last + stale < following:
            begins.append(last + stale)
        if begins:
            out.append((min(begins), following))
    return out


def with_unknown(states: Sequence[tuple[int, str]], unknown: Sequence[tuple[int, int]], cut: int) -> list[Stretch]:
    """Contiguous stretches over [beginning, cut): the states, and unknown laid over them. Neighbours differ."""
    edges = sorted({BEGINNING, cut, *(ts for ts, _ in states), *(at for gap in unknown for at in gap)})
    out: list[Stretch] = []
    for a, b in pairwise(edges):
        if b > cut:
            break
        state = next(state for ts, state in reversed(states) if ts <= a)
        if any(x <= a < y for x, y in unknown):
            state = "unknown"
        if out and out[-1].state == state:
            out[-1] = Stretch(out[-1].start, b, state)
        else:
            out.append(Stretch(a, b, state))
    return out


def corrected(stretches: Sequence[Stretch], facts: Sequence[Fact], machine: Machine) -> list[Stretch]:
    """Ruling 5: manual records over the machine's states, the later one on top. A merged time is one stop: what stood
    stays as it was, everything else stood. Neighbours differ again."""
    layers = [(fact.ts, min(microseconds(fact.body["to"]), fact.received), fact.body.get("state"))
              for fact in facts if fact.kind == "interval"]  # fmt: skip
    edges = {at for start, end, _ in layers for at in (start, end) if start < end}
    out: list[Stretch] = []
    for stretch in stretches:
        inner = sorted({stretch.start, stretch.end, *(at for at in edges if stretch.start < at < stretch.end)})
        for a, b in pairwise(inner):
            state = stretch.state
            for start, end, said in layers:
                if start <= a < end:
                    state = said or (state if doing(state, machine.at(a)) == "stop" else "stopped")
            if out and out[-1].state == state:
                out[-1] = Stretch(out[-1].start, b, state)
            else:
                out.append(Stretch(a, b, state))
    return out


def doing(state: str, machine: Machine) -> str:
    """What a state is to the time model."""
    if state in ("running", "slow"):
        return "run"
    if state in ("setup", "changeover"):
        return "setup"
    if state == "unknown" or (state == "no_order" and not machine.no_order_is_loss):
        return state
    return "stop"


def stops(stretches: Sequence[Stretch], machine: Machine, cut: int) -> list[Stop]:
    """Contiguous stops, over changes of reason."""
    out: list[Stop] = []
    inside: list[Stretch] = []
    for stretch in [*stretches, None]:
        if stretch is not None and doing(stretch.state, machine.at(stretch.start)) == "stop":
            inside.append(stretch)
        elif inside:
            fault = any(s.state == "fault" for s in inside)
            lost = stretch is not None and stretch.state == "unknown"
            out.append(Stop(inside[0].start, inside[-1].end, inside[-1].end == cut, fault, lost))
            inside = []
    return out
