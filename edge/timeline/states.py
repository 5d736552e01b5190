"""From reported states to what the machine did: PackML, debounce, unknown time, contiguous stops.

The order is that of the definitions: debounce, unknown overlay, stop episodes; each is a pure function of its input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from edge.timeline.alive import Alive
from edge.timeline.rules import Rules

RUNNING = frozenset({"running", "slow"})
SETTING_UP = frozenset({"setup", "changeover"})
EXTERNAL = frozenset({"starved", "blocked"})
FAR = 1 << 62

_PACKML = {
    1: "fault", 2: "stopped", 3: "stopped", 4: "idle", 5: "starved", 6: "running", 7: "stopped", 8: "fault",
    9: "fault", 10: "stopped", 11: "stopped", 12: "stopped", 13: "starved", 14: "starved", 15: "stopped",
    16: "running", 17: "idle",
}  # fmt: skip
_PACKML_EXECUTE, _PACKML_FAILED = 6, frozenset({1, 8, 9})


@dataclass(frozen=True, slots=True)
class Segment:
    """One effective state over [start, end)."""

    start: int
    end: int
    state: str
    reason: str | None
    manual: bool = False  # a person said so, not the machine


@dataclass(frozen=True, slots=True)
class Group:
    """A state as reported, from `ts` on; equal states in a row are one group."""

    ts: int
    state: str
    reason: str | None


def plain_state(state: str, latched: bool) -> tuple[str, bool]:
    """The state of the vocabulary for a reported one, and whether a PackML failure now lasts (until Execute)."""
    if not state.startswith("packml:"):
        return state, False
    number = int(state[7:])
    if number == _PACKML_EXECUTE:
        return "running", False
    if latched or number in _PACKML_FAILED:
        return "fault", True
    return _PACKML[number], False


def reported(changes: Iterable[tuple[int, str, str | None]], latched: bool) -> tuple[list[Group], bool]:
    """Plain states in order, of (event time, state, reason), and the PackML latch after them."""
    groups = []
    for ts, state, reason in changes:
        plain, latched = plain_state(state, latched)
        groups.append(Group(ts, plain, reason))
    return groups, latched


def debounced(groups: Sequence[Group], rules: Rules, known_until: int) -> list[Group]:
    """Groups without the states that did not last long enough: the state before absorbs them (ruling 35).

    A change of reason within one state does not end it. The first group is never absorbed; the last one lasts to
    `known_until`."""
    if not rules.settles:
        return list(groups)
    kept: list[Group] = []
    at = 0
    while at < len(groups):
        run = at + 1
        while run < len(groups) and groups[run].state == groups[at].state:
            run += 1
        until = groups[run].ts if run < len(groups) else known_until
        state = groups[at].state
        lasts = until - groups[at].ts >= rules.at(groups[at].ts).settle_us or not rules.absorbs(state)
        if not kept or state == kept[-1].state or lasts:
            kept.extend(groups[at:run])
        at = run
    return kept


def segments(groups: Sequence[Group], start: int, end: int) -> list[Segment]:
    """The groups as contiguous segments that fill [start, end); the first group must not begin after `start`."""
    out = []
    for group, following in zip(groups, [*groups[1:], None], strict=True):
        a, b = max(group.ts, start), end if following is None else min(following.ts, end)
        if a < b:
            out.append(Segment(a, b, group.state, group.reason))
    return out


def unheard(alive: Alive, offline: Sequence[int], last_alive: int, last_offline: int, rules: Rules,
            start: int, end: int) -> list[tuple[int, int]]:  # fmt: skip
    """Disjoint intervals of [start, end) in which the machine was silent for too long or had said that it is gone.

    `last_alive` is the last instant it was heard before `start` (0: never), `last_offline` a death notice after
    that (0: none)."""
    quiet = zip([last_alive, *alive.ends], [*alive.starts, end], strict=True)  # (heard last, heard again)
    notices = [last_offline, *offline] if last_offline else offline
    if notices:
        gaps = [(_gone_from(heard, back, notices, _stale_us(heard, rules)), back) for heard, back in quiet]
    elif rules.later:
        gaps = [(heard + _stale_us(heard, rules), back) for heard, back in quiet]
    else:  # the usual case, once for every message
        stale_us = rules.stale_us or FAR
        gaps = [(heard + stale_us, back) for heard, back in quiet if back - heard > stale_us]
    clipped = ((max(gone, start), min(back, end)) for gone, back in gaps)
    return [(gone, back) for gone, back in clipped if gone < back]


def _stale_us(heard: int, rules: Rules) -> int:
    """How long silence may last that began at `heard`."""
    return rules.at(heard).stale_us or FAR


def _gone_from(heard: int, back: int, notices: Sequence[int], stale_us: int) -> int:
    return min(next((notice for notice in notices if heard <= notice < back), FAR), heard + stale_us)


def cut(run: Sequence[Segment], rules: Rules) -> list[Segment]:
    """Segments over which the rules do not change, so that each is one thing to the time model."""
    if not run or not rules.changes(run[0].start, run[-1].end):
        return list(run)
    out = []
    for one in run:
        bounds = [one.start, *rules.changes(one.start, one.end), one.end]
        out += [Segment(a, b, one.state, one.reason, one.manual) for a, b in pairwise(bounds)]
    return out


def overlaid(base: Sequence[Segment], gaps: Sequence[tuple[int, int]]) -> list[Segment]:
    """Segments with the gaps cut out and put in as `unknown`."""
    if not gaps:
        return list(base)
    out: list[Segment] = []
    at = 0
    for segment in base:
        start = segment.start
        while at < len(gaps) and gaps[at][1] <= start:
            at += 1
        look = at
        while look < len(gaps) and gaps[look][0] < segment.end:
            a, b = max(gaps[look][0], segment.start), min(gaps[look][1], segment.end)
            if start < a:
                out.append(Segment(start, a, segment.state, segment.reason))
            out.append(Segment(a, b, "unknown", None))
            start = b
            look += 1
        if start < segment.end:
            out.append(Segment(start, segment.end, segment.state, segment.reason))
    return out


def kind_of(state: str, rules: Rules) -> str:
    """What a state is to the time model, by the rules of its time: run, setup, unknown, no_order or stop."""
    if state in RUNNING:
        return "run"
    if state in SETTING_UP:
        return "setup"
    if state == "unknown":
        return "unknown"
    if state == "no_order" and not rules.no_order_is_loss:
        return "no_order"
    return "stop"


@dataclass(frozen=True, slots=True)
class Episode:
    """A contiguous stop as far as it is seen here: `end` is None where it goes on beyond."""

    first: int  # index of its first segment
    start: int
    end: int | None
    fault: bool
    lost: bool  # it ended in unknown time


def episodes(run: Sequence[Segment], rules: Rules, open_since: int, open_fault: bool) -> Iterator[Episode]:
    """Stops among contiguous segments. `open_since` is the start of one that was open before them (0: none)."""
    began, fault, first = open_since, open_fault, 0
    for index, segment in enumerate(run):
        kind = kind_of(segment.state, rules.at(segment.start))
        if kind == "stop":
            if not began:
                began, fault, first = segment.start, False, index
            fault = fault or segment.state == "fault"
        elif began:
            yield Episode(first, began, segment.start, fault, lost=kind == "unknown")
            began = 0
    if began:
        yield Episode(first, began, None, fault, lost=False)
