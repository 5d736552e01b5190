"""How long a machine will last: said by a model, else by the trend of a signal to its limit."""

from __future__ import annotations

from math import isfinite
from typing import Any

from edge import Observation, RemainingLife, Watched
from edge_maintenance import life_model, trend
from edge_maintenance.limits import ACT, Limit, limits_of

UNKNOWN = RemainingLife(None)
SHORTEST_S, LONGEST_S = 6 * 3600.0, 30 * 86_400.0
"""Memory of a trend: it goes by half of what was seen, within these."""


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
        return self._by_model(observation) or self._by_trend() or UNKNOWN

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

    def _by_trend(self) -> RemainingLife | None:
        if self._trend_is_old:
            self._trend, self._trend_is_old = self._first_to_meet_a_limit(), False
        return self._trend

    def _first_to_meet_a_limit(self) -> RemainingLife | None:
        found: list[tuple[float, RemainingLife]] = []
        for name, state in self.state.get("trends", {}).items():
            line = trend.line_of(state)
            memory_s = trend.memory_of(state, SHORTEST_S, LONGEST_S)
            for limit in self._limits_of(name):
                to = trend.time_to(line, limit.bound, limit.sign, memory_s) if line else None
                met = to is not None and to.value == 0.0 and limit.tier < ACT  # the next one counts
                if line and to and not met:
                    text = f"{name} goes to {limit.bound:g} ({limit.text}) at {line.slope * 86_400:+.3g} a day"
                    life = RemainingLife(to.value, to.low, to.high, trend.COVERAGE, "s", "trend", text)
                    found.append((to.value, life))
        return min(found, key=lambda one: one[0])[1] if found else None
