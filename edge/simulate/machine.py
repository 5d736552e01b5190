"""One machine of a line: what it is doing, what it makes, and what its gateway tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from edge.clock import SECOND
from edge.simulate.sensors import Sensors, with_units
from edge.simulate.stops import (
    BREAKDOWN,
    CAUSES,
    OUTAGE_EVERY_S,
    OUTAGE_MEDIAN_S,
    OUTAGE_SPREAD,
    SLOW_EVERY_S,
    SLOW_MEDIAN_S,
    SLOW_SPEED,
    SLOW_SPREAD,
    alarm_code,
    lognormal_s,
)

STEP_S = 5
STEP = STEP_S * SECOND
MS = 1000
HEARTBEAT_STEPS, COUNT_STEPS, UNITS_STEPS = 6, 2, 60
PRODUCING = ("running", "slow")

Doing = tuple[str, str | None]  # state and reason


class Message(NamedTuple):
    """`members` without `ts`, `boot` and `seq`; `ts` in microseconds, whole milliseconds."""

    ts: int
    machine: str
    kind: str
    members: dict[str, Any]


class Machine:
    """To be stepped every STEP microseconds: `decide`, then `tell`, then `produce`."""

    def __init__(self, path: str, random: Random, *, first: bool, counter: bool, slowest: bool, wears: bool) -> None:
        self.path = path
        self.doing: Doing = ("unknown", None)
        self.sensors = Sensors(random, Random(path), wears=wears)
        self._random = random
        self._causes = [cause for cause in CAUSES if first or not cause.first_only]
        self._pace = random.uniform(0.93, 0.95) if slowest else random.uniform(0.965, 0.99)
        self._scrap = random.uniform(0.006, 0.018)
        self._counter = counter
        self.phase = random.randrange(20, STEP_S * 1000 - 500) * MS
        self._told: Doing | None = None
        self._alarm: str | None = None
        self._stop: Doing = ("running", None)
        self._stop_until = self._slow_until = 0
        self._silent_from = self._silent_until = 0
        self._share = 0.0  # of the next part
        self._total = self._bad = 0  # since the last report
        self._levels = {"total": 0, "bad": 0}

    @property
    def producing(self) -> bool:
        return self.doing[0] in PRODUCING

    @property
    def made(self) -> int:
        """Parts since the simulation began, good or not."""
        return self._levels["total"]

    def silent(self, t: int) -> bool:
        """Whether its gateway is off the network."""
        return self._silent_from <= t < self._silent_until

    def decide(self, t: int, forced: Doing | None, *, starved: bool, blocked: bool) -> None:
        """What it does in the step from `t`: what the plant forces, else its own stop, else its neighbours."""
        if forced is not None:
            self.doing = forced
        elif t < self._stop_until:
            self.doing = self._stop
        elif blocked or starved:
            self.doing = ("blocked" if blocked else "starved", None)
        else:
            self.doing = ("slow" if t < self._slow_until else "running", None)
            self._meet_trouble(t)

    def _meet_trouble(self, t: int) -> None:
        """Perhaps something happens while it runs: each cause with its own mean running time between."""
        draw = self._random.random()
        for cause in self._causes:
            draw -= STEP_S / cause.every_s
            if draw < 0:
                self._stop = (cause.state, self._random.choice(cause.reasons))
                self._stop_until = t + STEP + round(cause.length_s(self._random) * SECOND)
                return
        if draw > 1 - STEP_S / SLOW_EVERY_S - sum(STEP_S / cause.every_s for cause in self._causes):
            self._slow_until = t + round(lognormal_s(self._random, SLOW_MEDIAN_S, SLOW_SPREAD) * SECOND)

    def produce(self, ideal_s: float, supply: int, room: int) -> int:
        """Good parts of one step, from at most `supply` parts and into at most `room`."""
        if not self.producing:
            return 0
        self._share += STEP_S / ideal_s * self._pace * (SLOW_SPEED if self.doing[0] == "slow" else 1.0)
        parts = min(int(self._share), supply, room)
        self._share = min(self._share - parts, 1.0)
        bad = sum(self._random.random() < self._scrap for _ in range(parts))
        self._total += parts
        self._bad += bad
        self._levels["total"] += parts
        self._levels["bad"] += bad
        return parts - bad

    def tell(self, t: int, ideal_s: float) -> Iterator[Message]:
        """The messages of the step from `t`, in any order; none while the gateway is off the network."""
        if self.silent(t):
            self._total = self._bad = 0  # increments are lost with the link, a counter shows them afterwards
            self._told = None
            return
        step = t // STEP
        if self.doing != self._told:
            yield from self._tell_change(t + self._random.randrange(20, STEP_S * 1000 - 20) * MS)
        elif self._total and step % COUNT_STEPS == 0:
            yield from self._tell_count(t + self.phase)
        speed = (SLOW_SPEED if self.doing[0] == "slow" else 1.0) if self.producing else 0.0
        values = self.sensors.show(t, STEP_S, speed, 60 / ideal_s)
        yield self._message(t + self.phase, "reading", signals=values if step % UNITS_STEPS else with_units(values))
        if step % HEARTBEAT_STEPS == 0:
            yield self._message(t + self.phase + MS, "heartbeat")
        if self._random.random() < STEP_S / OUTAGE_EVERY_S and not self.sensors.wears:  # that one is to be watched
            self._silent_from = t + STEP
            self._silent_until = t + STEP + round(lognormal_s(self._random, OUTAGE_MEDIAN_S, OUTAGE_SPREAD) * SECOND)
            yield self._message(t + STEP - MS, "offline")

    def _tell_change(self, ts: int) -> Iterator[Message]:
        if self._total:
            yield from self._tell_count(ts - MS)  # parts belong to the time that made them
        state, reason = self._told = self.doing
        yield self._message(ts, "state", state=state, **({"reason": reason} if reason else {}))
        if self._alarm is not None:
            yield self._message(ts + MS, "alarm", code=self._alarm, active=False)
        self._alarm = alarm_code(reason or "") if state == BREAKDOWN.state else None
        if self._alarm is not None:
            yield self._message(ts + MS, "alarm", code=self._alarm, severity="high", text=reason)

    def _tell_count(self, ts: int) -> Iterator[Message]:
        if self._counter:
            yield self._message(ts, "count", counter="total", value=self._levels["total"])
            yield self._message(ts, "count", counter="bad", value=self._levels["bad"])
        else:
            yield self._message(ts, "count", total=self._total, bad=self._bad)
        self._total = self._bad = 0

    def _message(self, ts: int, kind: str, **members: Any) -> Message:
        return Message(ts, self.path, kind, members)
