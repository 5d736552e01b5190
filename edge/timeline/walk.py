"""One pass over a stretch of a machine's history: states, unknown time, stops, and what the next stretch must know.

A stretch is an hour with its events, or a silent time without any. `Carry` goes forward from stretch to stretch: with
it an hour is evaluated without reading what was before. `Lead` goes backward: how the time after goes on with a stop
that was open, so that a stop has one class wherever it is cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from edge.timeline.counters import Made, made
from edge.timeline.hour import HourEvents
from edge.timeline.inferred import part_times, producing
from edge.timeline.manual import Changes, corrected, overlaid_changes
from edge.timeline.rules import Rules
from edge.timeline.states import (
    FAR,
    Episode,
    Group,
    Segment,
    cut,
    debounced,
    episodes,
    kind_of,
    overlaid,
    reported,
    segments,
    unheard,
)

ALWAYS = 1  # the start of a stop that no message began


class Carry(msgspec.Struct, frozen=True, array_like=True):
    """What is known at the start of a stretch: the state in effect (`base`), and where the last reported one (`raw`)
    has lasted too short to count yet, when that began. `product` is what a message said, None until one has. It holds
    nothing without a consequence, so that what a late message changes ends soon."""

    base: str
    raw: str
    raw_reason: str | None = None
    raw_ts: int = -FAR
    latched: bool = False
    product: str | None = None
    order: str | None = None
    last_alive: int = 0
    last_offline: int = 0
    stop_start: int = 0
    stop_fault: bool = False
    unknown_until: int = 0
    levels: dict[str, tuple[int, int]] = {}
    base_reason: str | None = None


class Lead(msgspec.Struct, frozen=True, array_like=True):
    """How a stretch goes on with what was open before it: the carried stop, and a carried state that is too short."""

    stop_end: int | None = None
    stop_fault: bool = False
    stop_lost: bool = False
    stop_micro: bool = False
    absorbed: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """A stretch walked: contiguous segments, its stops with their full ends, products, orders, parts of counters."""

    start: int
    end: int
    segments: list[Segment]
    stops: list[tuple[Episode, bool]]  # with "is a micro-stop"
    products: list[tuple[int, str | None]]
    orders: list[tuple[int, str | None]]
    made: list[Made]
    carry: Carry
    lead: Lead


def first_carry(rules: Rules) -> Carry:
    """What is known before the first message of a machine: its default state, which has always been."""
    state = rules.default_state
    stopped = kind_of(state, rules) == "stop" and not rules.stale_us  # with a silence limit it is unknown until heard
    return Carry(
        base=state,
        raw=state,
        stop_start=ALWAYS * stopped,
        stop_fault=stopped and state == "fault",
    )


def walk(events: HourEvents, carry: Carry, start: int, end: int, ahead: Lead | None, rules: Rules) -> Walk:
    """Walk [start, end). `ahead` is the lead of what follows; None where nothing does, and the stretch ends now."""
    events.sort()
    groups, latched = _groups(events, carry, end, rules)
    known_until = end if ahead is None else groups[-1].ts if ahead.absorbed else FAR
    gaps = unheard(events.alive, events.offline, carry.last_alive, carry.last_offline, rules, start, end)
    run = cut(overlaid(segments(debounced(groups, rules, known_until), start, end), gaps), rules)
    run = corrected(run, events.manual, rules)
    found = list(episodes(run, rules, carry.stop_start, carry.stop_fault))
    open_stop = found[-1] if found and found[-1].end is None else None
    reported_products = _products(events, carry, start, end, rules)
    reported_orders = _orders(events, carry)
    products = overlaid_changes(reported_products, [(i.start, i.end, i.product) for i in events.manual if i.product])
    orders = overlaid_changes(reported_orders, [(i.start, i.end, i.order) for i in events.manual if i.order])
    unknown = [(s.start, s.end) for s in run if s.state == "unknown"]
    levels = [(key[0], counter, value, product) for key, counter, value, product in events.levels]
    parts, last_levels = made(levels, carry.levels, products, unknown, carry.unknown_until, rules)
    base, raw_ts = _last_groups(groups, end, rules)
    carry_out = Carry(
        base=base.state,
        base_reason=base.reason,
        raw=groups[-1].state,
        raw_reason=groups[-1].reason,
        raw_ts=raw_ts,
        latched=latched,
        product=events.products[-1][1] if events.products else carry.product,
        order=reported_orders[-1][1],
        last_alive=events.alive.ends[-1] if events.alive else carry.last_alive,
        last_offline=_last_notice(events, carry),
        stop_start=open_stop.start if open_stop else 0,
        stop_fault=open_stop.fault if open_stop else False,
        unknown_until=_unknown_until(unknown, carry, last_levels),
        levels=last_levels,
    )
    stops = [_whole(episode, end, ahead, rules) for episode in found]
    lead = _lead(stops, groups, carry, end, ahead, rules)
    return Walk(start, end, run, stops, products, orders, parts, carry_out, lead)


def _groups(events: HourEvents, carry: Carry, end: int, rules: Rules) -> tuple[list[Group], bool]:
    if rules.parts_timeout_us:
        times = part_times(events, carry.levels, end)
        return _carried(carry) + producing(times, rules), False
    changes = [(key[0], state, reason) for key, state, reason in events.states if key[0] < end]
    groups, latched = reported(changes, carry.latched)
    return _carried(carry) + groups, latched


def _carried(carry: Carry) -> list[Group]:
    before = [Group(-FAR, carry.base, carry.base_reason)]
    if carry.raw_ts != -FAR:
        before.append(Group(carry.raw_ts, carry.raw, carry.raw_reason))
    return before


def _last_groups(groups: list[Group], end: int, rules: Rules) -> tuple[Group, int]:
    """The group in effect at `end`, and -FAR; where the last state is still too short to count, the group in effect
    before it and when it began."""
    first = len(groups) - 1
    while first and groups[first - 1].state == groups[-1].state:
        first -= 1
    if not first or end - groups[first].ts >= rules.at(groups[first].ts).settle_us:
        return groups[-1], -FAR
    return debounced(groups[:first], rules, groups[first].ts)[-1], groups[first].ts


def _products(events: HourEvents, carry: Carry, start: int, end: int, rules: Rules) -> Changes:
    """(from, product) in order: until a message says what is made, it is what the rules say."""
    said: Changes = [(key[0], product) for key, product in events.products]
    if carry.product is not None:
        return [(-FAR, carry.product), *said]
    until = said[0][0] if said else end
    assumed = [(since, rules.at(since).product) for since in rules.changes(start, until)]
    return [(-FAR, rules.at(start).product), *assumed, *said]


def _orders(events: HourEvents, carry: Carry) -> list[tuple[int, str | None]]:
    orders: list[tuple[int, str | None]] = [(-FAR, carry.order)]
    for key, order, action, _, _ in events.orders:
        if action == "start":
            orders.append((key[0], order))
        elif action == "finish" and orders[-1][1] == order:
            orders.append((key[0], None))
    return orders


def _last_notice(events: HourEvents, carry: Carry) -> int:
    last_heard = events.alive.ends[-1] if events.alive else carry.last_alive
    notices = [n for n in (carry.last_offline, *events.offline) if n >= last_heard and n]
    return notices[0] if notices else 0


def _unknown_until(unknown: list[tuple[int, int]], carry: Carry, levels: dict[str, tuple[int, int]]) -> int:
    """The end of the last unknown time, where a counter counts across it; else 0."""
    until = unknown[-1][1] if unknown else carry.unknown_until
    return until if any(ts < until for ts, _ in levels.values()) else 0


def _whole(episode: Episode, end: int, ahead: Lead | None, rules: Rules) -> tuple[Episode, bool]:
    """The episode with its end and fault beyond this stretch, and whether it is a micro-stop (ruling 34), by the
    threshold of the instant at which it began."""
    threshold_us = rules.at(episode.start).threshold_us
    if episode.end is not None:
        return episode, episode.end - episode.start < threshold_us
    if ahead is None:
        return episode, end - episode.start < threshold_us
    fault = episode.fault or ahead.stop_fault
    whole = Episode(episode.first, episode.start, ahead.stop_end, fault, ahead.stop_lost)
    return whole, ahead.stop_micro


def _lead(stops: list[tuple[Episode, bool]], groups: list[Group], carry: Carry, end: int, ahead: Lead | None,
          rules: Rules) -> Lead:  # fmt: skip
    absorbed = False
    if carry.raw_ts != -FAR and rules.settles:
        settle_us = rules.at(carry.raw_ts).settle_us
        changed = next((g.ts for g in groups[1:] if g.state != carry.raw), None)
        if changed is not None:
            absorbed = changed - carry.raw_ts < settle_us
        else:
            absorbed = ahead.absorbed if ahead else end - carry.raw_ts < settle_us
    if not carry.stop_start or not stops or stops[0][0].start != carry.stop_start:
        return Lead(absorbed=absorbed)
    stop, micro = stops[0]
    return Lead(stop.end, stop.fault, stop.lost, micro, absorbed)
