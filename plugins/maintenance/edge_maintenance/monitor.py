"""The monitor of a machine: its signals against their baselines, and what follows from that."""

from __future__ import annotations

import math
from typing import Any

from edge import Assessment, Monitor, Observation, Reason, Watched
from edge_maintenance.life import LifeWatch
from edge_maintenance.presets import PRESETS


class Maintenance(Monitor):
    name = "maintenance"
    title = "Maintenance"
    version = "1"

    def __init__(self, machine: Watched, state: dict[str, Any] | None = None) -> None:
        super().__init__(machine, state)
        self.preset = PRESETS[machine.settings.get("preset") or "process"]
        self.life = LifeWatch(machine, self.state.setdefault("life", {}))
        self.learn_s = machine.settings.get("learn_s") or self.preset.learn_s

    def update(self, observation: Observation) -> Assessment | None:
        return self.assess(observation)

    def assess(self, observation: Observation) -> Assessment:
        """What is to be said at this observation, new or not."""
        state = self.state
        start = state.setdefault("start", observation.ts)
        learning = observation.ts - start < self.learn_s * 1e6
        shifts: list[tuple[float, Reason]] = []
        for name, value in observation.signals.items():
            if isinstance(value, float | int) and math.isfinite(value):
                shifts.append(self._take(name, float(value), observation.ts, learning))
        shifts.sort(key=lambda shift: -shift[0])
        score = shifts[0][0] / 6 if shifts else None
        alarm = score is not None and score > 1 and not learning
        return Assessment(
            observation.ts,
            "unknown" if score is None else "learning" if learning else "watch" if alarm else "ok",
            health=None if score is None else 1 / (1 + score),
            score=score,
            life=self.life.update(observation),
            reasons=tuple(reason for _, reason in shifts[:3]) if alarm else (),
        )

    def _take(self, name: str, value: float, ts: int, learning: bool) -> tuple[float, Reason]:
        known = self.state.setdefault(name, [ts, value, value, 0.0])
        dt = max(0.0, (ts - known[0]) / 1e6)
        fast, slow, variance = known[1:]
        fast += (value - fast) * -math.expm1(-dt / self.preset.fast_s)
        pace = -math.expm1(-dt / self.preset.slow_s)
        slow += (value - slow) * pace
        variance += ((fast - slow) ** 2 - variance) * pace
        known[:] = [max(ts, known[0]), fast, slow, variance]
        sigma = (fast - slow) / math.sqrt(variance) if variance > 0 else 0.0
        change = (fast - slow) / abs(slow) * 100 if slow else None
        return abs(sigma), Reason(name, value, slow, change, sigma)
