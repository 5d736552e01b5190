"""Remaining life as a model file says it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from edge import Observation, RemainingLife
from edge_maintenance.model import Model, load_model

COUNTED = ("cycles", "rows")
"""Units of a model that are counted by the machine's cycles; all others are times, of its running."""
STALE_S = 86_400.0
"""After so long without a row that says anything, what was said is marked as old; or after running for as long as a
unit counts as new, at operating points say that the training did not have."""


def start(model: Model, observation: Observation) -> dict[str, Any]:
    """The state of a machine that is new to the model: plain data."""
    return {
        "of": model.version,
        "counts": model.file.unit,
        "from": age_of(model, observation),
        "ts": observation.ts,
        "since": None,  # age at the first row
        "said": None,
        **model.recipe.start(),
    }


def continued(model: Model, state: dict[str, Any], observation: Observation) -> dict[str, Any]:
    """The state for a model that takes over from another one: the machine is as old as it was, where both count alike,
    and was not seen when it was new."""
    begun = start(model, observation)
    if state.get("counts") == model.file.unit:
        begun["from"] = state["from"]
    return begun


def age_of(model: Model, observation: Observation) -> float:
    """What the machine has run or made since it was first heard, in the unit of the model."""
    counted = model.file.unit in COUNTED
    return float(observation.cycles) if counted else observation.run_s / model.file.unit_s


def life_of(
    model: Model, state: dict[str, Any], observation: Observation, max_life: float | None
) -> RemainingLife | None:
    """Take an observation; the life of the last row that said anything, less what has gone by since then.

    The value is held to `max_life`. Its upper end is not: it may last longer."""
    at = age_of(model, observation) - state["from"]
    runs = observation.running or observation.state == "unknown"
    if observation.kind == "reading" and runs and model.recipe.take(state, observation.signals, at):
        if state["since"] is None:
            state["since"] = at
        late = state["since"] > model.recipe.first
        doubtful = late or bool(model.recipe.unseen(state))
        life = model.life(model.recipe.features(state), doubtful=doubtful)
        state["ts"] = observation.ts
        state["said"] = [life.value, life.low, life.high, _remark(model, state, life.outside, late)]
    if state["said"] is None:
        return None
    value, low, high, text = state["said"]
    gone = max(at - state["age"], 0.0)
    value, low, high = (max(one - gone, 0.0) for one in (value, low, high))
    if max_life is not None:
        value, low = min(value, max_life), min(low, max_life)
    if observation.ts - state["ts"] > STALE_S * 1e6 or gone > model.recipe.first:
        text = "; ".join(filter(None, ("old: nothing was heard that says more", text)))
    return RemainingLife(value, low, high, model.file.interval.coverage, model.file.unit, "model", text)


def _remark(model: Model, state: dict[str, Any], outside: tuple[str, ...], late: bool) -> str:
    """What has to be said of a value that stands on less than the training had."""
    found = []
    if outside:
        named = list(dict.fromkeys(name.split(" ", 1)[-1] for name in outside))
        found.append(f"outside the range of the training ({', '.join(named[:3])}): the interval is wider")
    if late:
        found.append("the machine was not seen when it was new: the interval is wider")
    unseen = model.recipe.unseen(state)
    if unseen:
        found.append(f"without {', '.join(unseen[:3])}: the interval is wider")
    return "; ".join(found)


def lacking(model: Model, signals: Iterable[str]) -> list[str]:
    """The signals of the model that are not among these."""
    return sorted({*model.file.signals, *model.file.regimes.signals} - {*signals})


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
