"""How long a machine will last: said by a model, else by the trend of a signal to its limit."""

from __future__ import annotations

from math import isfinite
from typing import Any

from edge import Observation, Reason, RemainingLife, Watched
from edge_maintenance import life_model, trend
from edge_maintenance.limits import ACT, PLAN, WATCH, Limit, limits_of

UNKNOWN = RemainingLife(None)
SHORTEST_S, LONGEST_S = 6 * 3600.0, 30 * 86_400.0
"""Memory of a trend: it goes by half of what was seen, within these."""

SHORT_S = ((PLAN, 8 * 3600.0), (WATCH, 24 * 3600.0))
"""The tier of a trend that meets its limit in less: within a shift, within a day."""

LONGER = 1.25
"""An alarm holds until the life is so many times longer than what raises one: a trend is not that exact."""


class LifeWatch:
    """Watches one machine. `state` is plain data, kept up to date by `update`; give it back after a restart.

    Settings of the machine: `model` (path of a model file), `max_life` (to hold that model's lower), `model_component`
    (whose replacement makes the machine new to the model; default: any work). Of a signal: its limits."""

    def __init__(self, machine: Watched, state: dict[str, Any] | None = None) -> None:
        self.machine = machine
        self.model = life_model.model_at(machine.settings.get("model"))
        self.max_life: float | None = machine.settings.get("max_life")
        self.state: dict[str, Any] = {} if state is None else state
        self._limits: dict[str, list[Limit]] = {}
        self._trend: RemainingLife | None = None
        self._signal, self._trend_at_s = "", 0.0  # whose trend that is, and the time of running that it counts from
        self._trend_is_old = True  # it follows from the state, and is worked out when that has changed

    @property
    def version(self) -> str:
        """Of the model; empty without one."""
        return "" if self.model is None else self.model.version

    def update(self, observation: Observation) -> RemainingLife:
        """Take one observation; what is known of the remaining life now, without a value where nothing is."""
        if observation.kind == "maintenance":
            self._renew(observation)
        if observation.kind == "reading" and (observation.running or observation.state == "unknown"):
            self._follow(observation)
        return self._by_model(observation) or self._by_trend(observation.run_s) or UNKNOWN

    def _renew(self, observation: Observation) -> None:
        """Work was done: trends begin anew, and so does the model if it is told by that component."""
        self.state.pop("trends", None)
        self._trend_is_old = True
        if self.machine.settings.get("model_component") in (None, observation.component):
            self.state.pop("model", None)

    def _by_model(self, observation: Observation) -> RemainingLife | None:
        if self.model is None:
            return None
        state = self.state.get("model")
        if state is None:
            state = self.state["model"] = life_model.start(self.model, observation)
        elif state["of"] != self.model.version:
            state = self.state["model"] = life_model.continued(self.model, state, observation)
        return life_model.life_of(self.model, state, observation, self.max_life)

    def _follow(self, observation: Observation) -> None:
        """Signals with a limit: how they change while the machine runs."""
        at_s = observation.run_s
        for name, value in observation.signals.items():
            if not self._limits_of(name) or not isinstance(value, float | int) or not isfinite(value):
                continue
            trends = self.state.setdefault("trends", {})
            if name not in trends:
                trends[name] = trend.start(at_s, float(value))
            if trend.take(trends[name], at_s, float(value), SHORTEST_S, LONGEST_S):
                self._trend_is_old = True

    def _limits_of(self, name: str) -> list[Limit]:
        if name not in self._limits:
            self._limits[name] = limits_of(name, self.machine.signal(name))
        return self._limits[name]

    def _by_trend(self, at_s: float) -> RemainingLife | None:
        """A line is laid anew only now and then; meanwhile what is left of it goes down with what was run."""
        line = self._newest()
        if line is None:
            return None
        run_s = max(at_s - self._trend_at_s, 0.0)
        value, low, high = (max((one or 0.0) - run_s, 0.0) for one in (line.value, line.low, line.high))
        return RemainingLife(value, low, high, line.coverage, line.unit, line.basis, line.text)

    def _newest(self) -> RemainingLife | None:
        if self._trend_is_old:
            self._trend, self._trend_is_old = self._first_to_meet_a_limit(), False
        return self._trend

    def due(self, life: RemainingLife, tier: int) -> tuple[int, list[Reason]]:
        """The tier that the trend is worth that `life` follows from, while the alarm is of `tier`; and why. Lives by
        models and ages are worth none: what is short there depends on the part."""
        for worth, below_s in SHORT_S if life.basis == "trend" else ():
            if life.value is not None and life.value < below_s * (LONGER if tier >= worth else 1.0):
                self._newest()
                seen = self.state["trends"][self._signal]
                if life.value > seen["open"][0] - seen["from"]:
                    return 0, []  # longer than all that was seen: a machine that warms up goes nowhere
                return worth, [Reason(self._signal, text=life.text.removeprefix(f"{self._signal} "))]
        return 0, []

    def _first_to_meet_a_limit(self) -> RemainingLife | None:
        found: list[tuple[float, str, RemainingLife]] = []
        for name, state in self.state.get("trends", {}).items():
            line = trend.line_of(state)
            memory_s = trend.memory_of(state, SHORTEST_S, LONGEST_S)
            for limit in self._limits_of(name):
                to = trend.time_to(line, limit.bound, limit.sign, memory_s) if line else None
                met = to is not None and to.value == 0.0 and limit.tier < ACT  # the next one counts
                if line and to and not met:
                    text = f"{name} goes to {limit.bound:g} ({limit.text}) at {line.slope * 86_400:+.3g} a day"
                    life = RemainingLife(to.value, to.low, to.high, trend.COVERAGE, "s", "trend", text)
                    found.append((to.value, name, life))
        if not found:
            return None
        _, self._signal, first = min(found, key=lambda one: one[0])
        self._trend_at_s = self.state["trends"][self._signal]["last"]
        return first
