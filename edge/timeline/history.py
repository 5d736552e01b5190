"""Hours of one machine kept consistent with each other: what changed is evaluated again, and nothing else.

An hour depends on what came before it only by its `Carry` and on what comes after only by the `Lead` of the next one.
`settle` evaluates changed hours and goes on to a neighbour only where one of these two changed, so a late message
costs its own hour and as far as its consequences reach.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import NamedTuple, Protocol

import msgspec

from edge.clock import HOUR
from edge.timeline.hour import HourEvents
from edge.timeline.rules import Rules
from edge.timeline.states import FAR
from edge.timeline.walk import ALWAYS, Carry, Lead, Walk, first_carry, walk


class Row(msgspec.Struct, frozen=True, array_like=True):
    """An evaluated hour: what it was given and what it gives. `until` is where its evaluation ended; at `review` it has
    to be evaluated again though nothing new has come: it was not over, or a state or stop had no class for good."""

    hour: int
    until: int
    carry_in: Carry
    carry_out: Carry
    lead: Lead
    ahead: Lead | None
    review: int = FAR


class Base(NamedTuple):
    """What hours that are no longer kept have left: what was known at the end of the last of them."""

    at: int
    carry: Carry


class History(Protocol):
    """Where the hours of one machine are: the store, or the memory of a question about the past."""

    @property
    def base(self) -> Base | None: ...
    def before(self, hour: int) -> Row | None: ...
    def after(self, hour: int) -> Row | None: ...
    def get(self, hour: int) -> Row | None: ...
    def events(self, hour: int) -> HourEvents: ...
    def put(self, row: Row, walked: Walk, events: HourEvents) -> None: ...


def carry_into(history: History, hour: int, rules: Rules) -> Carry:
    """What is known at the start of `hour`, over any silent time since the hour before that has messages (which need
    not be kept any more)."""
    row, base = history.before(hour), history.base
    if base is not None and base.at <= hour and (row is None or row.hour < base.at):
        at, carry = base
    elif row is not None:
        at, carry = row.hour + HOUR, row.carry_out
    else:
        first = first_carry(rules)
        return silence(first, ALWAYS, hour, None, rules).carry if rules.changes(ALWAYS, hour) else first
    return silence(carry, at, hour, None, rules).carry if at < hour else carry


def silence(carry: Carry, start: int, end: int, ahead: Lead | None, rules: Rules) -> Walk:
    """A walk over time without messages."""
    return walk(HourEvents(start), carry, start, end, ahead, rules)


def evaluate(history: History, hour: int, cut: int, rules: Rules) -> tuple[Row, Walk, HourEvents]:
    """The hour as it stands at `cut` (the present, or the instant a question is asked for)."""
    events = history.events(hour)
    carry = carry_into(history, hour, rules)
    end = min(hour + HOUR, cut)
    following = history.after(hour)
    if following is not None and following.hour >= cut:
        following = None
    if end < hour + HOUR:
        walked, ahead = walk(events, carry, hour, end, None, rules), None
    else:
        walked, ahead = completed(events, carry, hour, end, lambda walk: _ahead(walk, following, cut, rules), rules)
    review = FAR if following else _review(walked, hour, cut, rules)
    return Row(hour, end, carry, walked.carry, walked.lead, ahead, review), walked, events


def completed(events: HourEvents, carry: Carry, start: int, end: int, look_ahead: Callable[[Walk], Lead | None],
              rules: Rules) -> tuple[Walk, Lead | None]:  # fmt: skip
    """A walk that knows how the time after it goes on, and that lead."""
    walked = walk(events, carry, start, end, None, rules)
    ahead = look_ahead(walked)
    if ahead is None or not (walked.carry.stop_start or rules.settles):
        return walked, ahead
    again = walk(events, carry, start, end, ahead, rules)
    if again.carry != walked.carry:  # the last state is not absorbed after all (or is), so the time after it differs
        ahead = look_ahead(again)
        again = walk(events, carry, start, end, ahead, rules)
    return again, ahead


def _review(walked: Walk, hour: int, cut: int, rules: Rules) -> int:
    """When the last hour that is known has to be evaluated again."""
    carry = walked.carry
    instants = [hour + HOUR]
    if carry.stop_start:
        instants.append(carry.stop_start + rules.at(carry.stop_start).threshold_us)
    if rules.settles:
        instants.append(carry.raw_ts + rules.at(carry.raw_ts).settle_us)
    return min((at for at in instants if at > cut), default=FAR)


def _ahead(walked: Walk, following: Row | None, cut: int, rules: Rules) -> Lead | None:
    """How the time after a finished hour goes on; None where it ends at `cut`."""
    end, lead = (cut, None) if following is None else (following.hour, following.lead)
    if walked.end >= end:
        return lead
    return silence(walked.carry, walked.end, end, lead, rules).lead


def settle(history: History, changed: set[int], cut: int, rules: Rules) -> None:
    """Evaluate the changed hours and every hour that their changes reach; hours at or after `cut` wait."""
    todo = sorted(hour for hour in changed if hour < cut)  # a heap; an hour may be in it twice
    while todo:
        hour = heappop(todo)
        while todo and todo[0] == hour:
            heappop(todo)
        known = history.get(hour)
        row, walked, events = evaluate(history, hour, cut, rules)
        history.put(row, walked, events)
        following = history.after(hour)
        if following is not None and following.hour < cut and _misled(history, following, rules):
            heappush(todo, following.hour)
        previous = history.before(hour)
        changed_lead = known is None or known.lead != row.lead
        if previous is not None and changed_lead and _needs(history, previous, row, rules):
            heappush(todo, previous.hour)


def _misled(history: History, following: Row, rules: Rules) -> bool:
    return following.carry_in != carry_into(history, following.hour, rules)


def _needs(history: History, previous: Row, row: Row, rules: Rules) -> bool:
    """Whether the hour before has to be evaluated again: it was unfinished, or it assumed another lead."""
    if previous.until < previous.hour + HOUR:
        return True
    if not (previous.carry_out.stop_start or rules.settles):
        return False
    lead: Lead | None = row.lead
    if previous.hour + HOUR < row.hour:
        lead = silence(previous.carry_out, previous.hour + HOUR, row.hour, row.lead, rules).lead
    return previous.ahead != lead
