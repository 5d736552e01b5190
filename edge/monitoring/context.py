"""What is known of a machine's production as its events go by: state, product, and how much it has run. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from edge.events import (
    AnyEvent,
    CounterLevel,
    Event,
    MachineState,
    Offline,
    OrderEvent,
    PartCount,
    ProductChange,
)
from edge.monitoring.window import NEVER
from edge.timeline.counters import increment
from edge.timeline.rules import Rules
from edge.timeline.states import RUNNING, plain_state

MOST_CYCLES = 2**53  # as many as one message may say; no machine gets there


class Context(msgspec.Struct, array_like=True):
    """The machine at event time `at`. Times are microseconds; `run_us`, `cycles` and `starts` count from the first
    message on. Silence beyond the machine's limit is no running time."""

    state: str
    product: str | None = None  # that messages said
    at: int = NEVER
    state_ts: int = NEVER
    latched: bool = False  # a PackML failure that lasts
    gone: int | None = None  # the machine's last will
    last_part: int | None = None  # where the state follows from parts
    run_us: int = 0
    cycles: int = 0
    starts: int = 0
    levels: dict[str, tuple[int, int]] = {}

    def go_to(self, ts: int, rules: Rules) -> None:
        """Let time pass until `ts`, at which the machine is heard; nothing where it lies before."""
        if self.at == NEVER:
            self.at = ts
        if ts <= self.at:
            return
        rules = rules.at(self.at)
        until = ts if not rules.stale_us else min(ts, self.at + rules.stale_us)
        if self.gone is not None:
            until, self.gone = min(until, max(self.at, self.gone)), None
        running = self.state in RUNNING
        if rules.parts_timeout_us and self.last_part is not None and ts - self.last_part >= rules.parts_timeout_us:
            until = min(until, self.last_part + rules.parts_timeout_us)
            self.state = "stopped"
        if running and until > self.at:
            self.run_us += until - self.at
        self.at = ts

    def silent_state(self, ts: int, rules: Rules) -> str:
        """The state at `ts` if nothing was heard until then."""
        stale_us = rules.at(self.at).stale_us
        silent = stale_us and ts - self.at > stale_us
        return "unknown" if silent or self.gone is not None else self.state

    def take(self, event: AnyEvent, rules: Rules) -> None:
        """Take what an event says; a state or product that came late counts where no later one is known."""
        learn = _LEARN.get(event.__class__)
        if learn is not None:
            learn(self, event, rules.at(event.ts))

    def become(self, state: str, ts: int) -> None:
        """From `ts` on the machine is in this state."""
        if ts < self.state_ts:
            return
        if state in RUNNING and self.state not in RUNNING:
            self.starts += 1
        self.state, self.state_ts = state, ts


def _state(context: Context, event: MachineState, rules: Rules) -> None:
    if event.ts >= context.state_ts and not rules.parts_timeout_us:
        plain, context.latched = plain_state(event.state, context.latched)
        context.become(plain, event.ts)
    if event.product is not None:
        context.product = event.product


def _made(context: Context, parts: int, ts: int, rules: Rules) -> None:
    context.cycles = min(context.cycles + parts, MOST_CYCLES)
    if parts > 0 and rules.parts_timeout_us:
        context.last_part = ts if context.last_part is None else max(ts, context.last_part)
        context.become("running", ts)


def _count(context: Context, event: PartCount, rules: Rules) -> None:
    _made(context, event.total, event.ts, rules)


def _level(context: Context, event: CounterLevel, rules: Rules) -> None:
    before = context.levels.get(event.counter)
    if before is not None and event.ts < before[0]:
        return
    context.levels[event.counter] = (event.ts, event.value)
    if before is not None and event.counter == "total":
        ideal = rules.ideal(event.product or context.product or rules.product)
        parts, _ = increment(before[1], event.value, event.ts - before[0], ideal, rules)
        _made(context, parts, event.ts, rules)


def _product(context: Context, event: ProductChange, rules: Rules) -> None:
    context.product = event.product


def _order(context: Context, event: OrderEvent, rules: Rules) -> None:
    if event.action == "start" and event.product is not None:
        context.product = event.product


def _offline(context: Context, event: Offline, rules: Rules) -> None:
    if context.gone is None:
        context.gone = event.ts


_LEARN: dict[type[Event], Callable[[Context, Any, Rules], None]] = {
    MachineState: _state, PartCount: _count, CounterLevel: _level, ProductChange: _product, OrderEvent: _order,
    Offline: _offline,
}  # fmt: skip
