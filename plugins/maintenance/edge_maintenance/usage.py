"""What a machine's parts have been through since they were last seen to: hours, cycles, starts, and what follows.

Formulas: conditional Weibull, P(fails within h | age a) = 1 - exp((a/eta)^beta - ((a+h)/eta)^beta), and its quantiles
(Abernethy, The New Weibull Handbook, 5th edition).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from edge import Observation, Reason, RemainingLife

HOUR_S = 3600.0
HORIZON_H = 168.0
SOON, OVER = 0.9, 1.0
"""Shares of the life that somebody gave a part: from here `watch`, from here `plan`."""

RISKY, LIKELY = 0.1, 0.5
"""Probabilities of a failure within the horizon: from here `watch`, from here `plan`."""

WATCH, PLAN = 1, 2
COMPONENTS = 32
COVERAGE = 0.8


class Weibull(NamedTuple):
    """The life of a kind of part: shape and scale (hours of running)."""

    shape: float
    scale_h: float

    def failure(self, age_h: float, horizon_h: float) -> float:
        """Probability that one of this age fails within the horizon."""
        before, after = (age_h / self.scale_h) ** self.shape, ((age_h + horizon_h) / self.scale_h) ** self.shape
        return -math.expm1(before - after)

    def remaining_h(self, age_h: float, share: float) -> float:
        """The hours after which this share of those of this age has failed."""
        survived = (age_h / self.scale_h) ** self.shape
        return float(self.scale_h * (survived - math.log1p(-share)) ** (1 / self.shape)) - age_h


class Used(NamedTuple):
    """What a part has been through since work was done on it, or since the machine was first heard."""

    run_h: float
    cycles: int
    starts: int


class Usage:
    """The machine's parts. Settings: `components` = {name: {`life_h`, `life_cycles`, `life_starts`, `weibull` =
    {`shape`, `scale_h`}, `horizon_h`}}; a part that is not named there is counted once work was done on it."""

    def __init__(self, components: Mapping[str, Mapping[str, Any]] | None) -> None:
        self.components = components or {}
        self.since: dict[str, list[float]] = {}  # component: run seconds, cycles and starts of the machine then
        self.now: tuple[float, int, int] = (0.0, 0, 0)

    def component_of(self, signal: str) -> str | None:
        return next((name for name, one in self.components.items() if signal in one.get("signals", ())), None)

    def of_component(self, work: Observation) -> Observation:
        """The same work, on the component whose signal is named: people also name what told them."""
        return replace(work, component=self.component_of(work.component) or work.component)

    def take(self, observation: Observation) -> None:
        self.now = observation.run_s, observation.cycles, observation.starts
        if observation.kind == "maintenance" and observation.component:
            self.since.pop(observation.component, None)
            if len(self.since) >= COMPONENTS:
                del self.since[next(iter(self.since))]  # the one whose work is the longest ago
            self.since[observation.component] = list(self.now)

    def used(self, component: str) -> Used:
        run, cycles, starts = (max(now - then, 0) for now, then in zip(
            self.now, self.since.get(component, (0.0, 0, 0)), strict=True
        ))  # fmt: skip
        return Used(run / HOUR_S, round(cycles), round(starts))

    def due(self) -> tuple[int, list[Reason]]:
        """The tier that the parts are worth, and why, the worst first."""
        found = [one for name, settings in self.components.items() for one in _judged(self.used(name), name, settings)]
        found.sort(key=lambda one: (-one[0], one[1].signal))
        return (found[0][0] if found else 0), [reason for tier, reason in found if tier]

    def life(self) -> RemainingLife | None:
        """Of the part that ends first, in seconds of running."""
        lives = [life for name, settings in self.components.items() if (life := _life(self.used(name), name, settings))]
        return min(lives, key=lambda life: life.value or 0.0, default=None)

    def plain(self) -> list[Any]:
        return [{name: list(then) for name, then in self.since.items()}, list(self.now)]

    def restore(self, plain: list[Any]) -> None:
        since, now = plain
        self.since = {name: list(then) for name, then in since.items()}
        self.now = tuple(now)


def _judged(used: Used, name: str, settings: Mapping[str, Any]) -> list[tuple[int, Reason]]:
    found = []
    values = {"life_h": (used.run_h, "hours run"), "life_cycles": (used.cycles, "cycles")}
    values["life_starts"] = used.starts, "starts"
    for key, (value, unit) in values.items():
        life = settings.get(key)
        if life:
            share = value / life
            tier = PLAN if share >= OVER else WATCH if share >= SOON else 0
            found.append((tier, Reason(name, value, life, (share - 1) * 100, text=f"{unit} of its life")))
    weibull = _weibull(settings)
    if weibull:
        horizon_h = float(settings.get("horizon_h") or HORIZON_H)
        risk = weibull.failure(used.run_h, horizon_h)
        tier = PLAN if risk >= LIKELY else WATCH if risk >= RISKY else 0
        text = f"probability of a failure in the next {horizon_h:g} hours of running"
        found.append((tier, Reason(name, risk, None, text=text)))
    return found


def _life(used: Used, name: str, settings: Mapping[str, Any]) -> RemainingLife | None:
    weibull = _weibull(settings)
    if weibull:
        tail = (1 - COVERAGE) / 2
        low, middle, high = (weibull.remaining_h(used.run_h, share) * HOUR_S for share in (tail, 0.5, 1 - tail))
        return RemainingLife(middle, low, high, COVERAGE, "s", "usage", f"{name}: Weibull by hours run")
    if settings.get("life_h"):
        left = max(float(settings["life_h"]) - used.run_h, 0.0) * HOUR_S
        return RemainingLife(left, unit="s", basis="usage", text=f"{name}: the hours it was given")
    return None


def _weibull(settings: Mapping[str, Any]) -> Weibull | None:
    given = settings.get("weibull")
    return Weibull(float(given["shape"]), float(given["scale_h"])) if given else None
