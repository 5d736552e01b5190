"""How long a machine will last: said by a model, else by the trend to a limit, else by the age of its components."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from edge import Observation, RemainingLife, Watched
from edge_maintenance.model import Model, load_model

UNKNOWN = RemainingLife(None)
COUNTED = ("cycles", "rows")
"""Units of a model that are counted by the machine's cycles; all others are times, of its running."""
STALE_S = 86_400.0
"""After so long without a row that says anything, what was said is marked as old."""


class LifeWatch:
    """Watches one machine. `state` is plain data, kept up to date by `update`; give it back after a restart.

    Settings of the machine: `model` (path of a model file), `max_life` (of that model, to hold it lower),
    `model_component` (the component whose replacement makes the machine new to the model; default: any work)."""

    def __init__(self, machine: Watched, state: dict[str, Any] | None = None) -> None:
        self.machine = machine
        self.model = model_at(machine.settings.get("model"))
        self.max_life: float | None = machine.settings.get("max_life")
        self.state: dict[str, Any] = {} if state is None else state

    @property
    def version(self) -> str:
        """Of the model; empty without one."""
        return "" if self.model is None else self.model.version

    def update(self, observation: Observation) -> RemainingLife:
        """Take one observation; what is known of the remaining life now, without a value where nothing is."""
        if self.model is None:
            return UNKNOWN
        if observation.kind == "maintenance":
            if self.machine.settings.get("model_component") in (None, observation.component):
                self.state.pop("model", None)
            return UNKNOWN
        return self._by_model(self.model, observation)

    def _by_model(self, model: Model, observation: Observation) -> RemainingLife:
        counted = model.file.unit in COUNTED
        at = float(observation.cycles) if counted else observation.run_s / model.file.unit_s
        known = self.state.get("model")
        if known is None:
            known = self.state["model"] = {"start": at, "ts": observation.ts, "said": None, **model.recipe.start()}
        at -= known["start"]
        if observation.kind == "reading" and model.recipe.take(known, observation.signals, at):
            life = model.life(model.recipe.features(known))
            known["ts"] = observation.ts
            known["said"] = [life.value, life.low, life.high, self._remark(model, known, life.outside)]
        if known["said"] is None:
            return UNKNOWN
        value, low, high, text = known["said"]
        gone = max(at - known["age"], 0.0)
        if observation.ts - known["ts"] > STALE_S * 1e6:
            text = "; ".join(filter(None, ("old: nothing was heard that says more", text)))
        value, low, high = self._held(value - gone), self._held(low - gone), max(high - gone, 0.0)
        return RemainingLife(value, low, high, model.file.interval.coverage, model.file.unit, "model", text)

    def _held(self, life: float) -> float:
        """Not below 0, nor above what the settings allow; the upper end stays what it is: it may last longer."""
        return max(life if self.max_life is None else min(life, self.max_life), 0.0)

    def _remark(self, model: Model, known: dict[str, Any], outside: tuple[str, ...]) -> str:
        """What has to be said of a value that stands on less than the training had."""
        found = []
        if outside:
            named = list(dict.fromkeys(name.split(" ", 1)[-1] for name in outside))
            found.append(f"outside the range of the training ({', '.join(named[:3])}): the interval is wider")
        unseen = model.recipe.unseen(known)
        if unseen:
            found.append(f"without {', '.join(unseen[:3])}")
        return "; ".join(found)


def model_at(path: str | None) -> Model | None:
    """The model of a file, read once for all machines. Raises ModelError."""
    if not path:
        return None
    file = Path(path)
    changed = file.stat().st_mtime_ns if file.exists() else 0
    return _model_of(str(file), changed)


@lru_cache(maxsize=32)
def _model_of(path: str, changed: int) -> Model:
    return load_model(path)
