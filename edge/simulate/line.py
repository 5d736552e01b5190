"""A line: machines that wait for each other, orders that follow each other, and the calendar over all of it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from edge.calendar import SCHEDULED
from edge.clock import MINUTE, SECOND
from edge.simulate.layout import Article, LineLayout
from edge.simulate.machine import MS, STEP, Doing, Machine, Message
from edge.simulate.sensors import bearing_state, warning_due
from edge.simulate.stops import CHANGEOVER_MEDIAN_S, CHANGEOVER_SPREAD, lognormal_s
from edge.simulate.units import Units

BUFFER, BUFFER_RESUME = 40, 12  # parts between two machines; so many must come or go before a waiting one starts again
PLENTY = 1 << 30
ORDER_S = (1.2 * 3600, 2.6 * 3600)  # of ideal production
SCRAP_EVERY_S = 2700.0
WARNING = {"code": "W301", "severity": "medium", "text": "bearing vibration high"}
WARNING_OVER = {"code": "W301", "active": False}


class Line:
    """One line over one stretch of time, repeatable by its random source; `step` from its start on, every STEP."""

    def __init__(self, layout: LineLayout, start: int, end: int, random: Random, *, stretch: int) -> None:
        self._layout, self._random = layout, random
        self.machines = [
            Machine(
                path, random, first=i == 0, counter=i == 1, slowest=i == layout.constraint, wears=i == layout.wearing
            )
            for i, path in enumerate(layout.machines)
        ]
        self._buffers = [BUFFER // 2] * len(self.machines)  # behind each machine; that of the last one is never full
        self._was_starved, self._was_blocked = [False] * len(self.machines), [False] * len(self.machines)
        self._pieces = list(layout.calendar.pieces(start, end))
        name = layout.path.rpartition("/")[2]
        self._units = Units(f"{name}-{stretch}", self.machines, random)
        self._order_prefix, self._orders = f"{name.upper()}-{stretch}", 0
        self._article = layout.articles[0]
        self._left = 0  # good parts until the order is done
        self._changeover_until: int | None = start  # the first order begins at once

    def step(self, t: int) -> Iterator[Message]:
        """The messages of [t, t + STEP), in any order."""
        silent = {machine.path for machine in self.machines if machine.silent(t)}
        return (message for message in self._step(t) if message.machine not in silent)

    def _step(self, t: int) -> Iterator[Message]:
        yield from self._follow_orders(t)
        forced = self._forced(t)
        for i in reversed(range(len(self.machines))):
            machine = self.machines[i]
            if i == self._layout.wearing:
                yield from self._tell_of_bearing(t, machine)
            own = bearing_state(t) if i == self._layout.wearing else None
            machine.decide(t, own or forced, starved=self._starved(i), blocked=self._blocked(i))
            yield from machine.tell(t, self._article.ideal_s)
            self._move(i, machine)
        yield from self._units.step(t)
        yield from self._late_scrap(t)

    def _forced(self, t: int) -> Doing | None:
        while self._pieces and self._pieces[0].end <= t:
            self._pieces.pop(0)
        if self._pieces and self._pieces[0].kind != SCHEDULED:
            return "idle", self._pieces[0].reason or "no shift"
        return ("changeover", f"to {self._article.name}") if self._changeover_until is not None else None

    def _starved(self, i: int) -> bool:
        enough = BUFFER_RESUME if self._was_starved[i] else 1
        self._was_starved[i] = i > 0 and self._buffers[i - 1] < enough
        return self._was_starved[i]

    def _blocked(self, i: int) -> bool:
        full = BUFFER - BUFFER_RESUME if self._was_blocked[i] else BUFFER
        self._was_blocked[i] = i < len(self.machines) - 1 and self._buffers[i] >= full
        return self._was_blocked[i]

    def _move(self, i: int, machine: Machine) -> None:
        last = i == len(self.machines) - 1
        supply = self._buffers[i - 1] if i else PLENTY
        before = machine.made
        good = machine.produce(self._article.ideal_s, supply, PLENTY if last else BUFFER - self._buffers[i])
        if i:
            self._buffers[i - 1] -= machine.made - before
        if last:
            self._left -= good
        else:
            self._buffers[i] += good

    def _follow_orders(self, t: int) -> Iterator[Message]:
        if self._changeover_until is not None:
            if t >= self._changeover_until:
                self._changeover_until = None
                yield from self._begin_order(t)
        elif self._left <= 0:
            yield from self._end_order(t)

    def _begin_order(self, t: int) -> Iterator[Message]:
        self._orders += 1
        self._left = round(self._random.uniform(*ORDER_S) / self._article.ideal_s)
        self._buffers = [BUFFER // 2] * len(self.machines)
        order = {"order": self._order_number(), "product": self._article.name, "quantity": self._left}
        yield Message(t + MS, self.machines[0].path, "order", order | {"action": "create"})
        for machine in self.machines:
            yield self._say(t + MS, machine, "product", {"product": self._article.name})
            yield self._say(t + MS, machine, "order", order | {"action": "start"})

    def _end_order(self, t: int) -> Iterator[Message]:
        for machine in self.machines:
            yield self._say(t, machine, "order", {"order": self._order_number(), "action": "finish"})
        yield self._say(t + MS, self.machines[-1], "order", {"order": self._order_number(), "action": "deliver"})
        self._article = self._next_article()
        length_s = lognormal_s(self._random, CHANGEOVER_MEDIAN_S, CHANGEOVER_SPREAD)
        self._changeover_until = t + round(length_s * SECOND)

    def _next_article(self) -> Article:
        articles = self._layout.articles
        return articles[self._orders % len(articles)]

    def _order_number(self) -> str:
        return f"{self._order_prefix}-{self._orders}"

    def _tell_of_bearing(self, t: int, machine: Machine) -> Iterator[Message]:
        warning = warning_due(t, STEP)
        if warning is not None:
            yield self._say(t, machine, "alarm", WARNING if warning else WARNING_OVER)
        if warning is False:
            done = {"component": "bearing", "action": "replaced", "by": "maintenance crew"}
            yield self._say(t, machine, "maintenance", done)

    def _late_scrap(self, t: int) -> Iterator[Message]:
        """Rejects that the scale at the end finds, booked to when they were made."""
        machine = self.machines[-1]
        if machine.producing and self._random.random() < STEP / SECOND / SCRAP_EVERY_S:
            made = t - self._random.randrange(2, 15) * MINUTE
            members = {"qty": self._random.randint(1, 3), "produced_ts": made // MS, "reason": "underweight"}
            yield self._say(t, machine, "scrap", members)

    def _say(self, t: int, machine: Machine, kind: str, members: dict[str, Any]) -> Message:
        return Message(t + machine.phase, machine.path, kind, members)
