"""Presets and kinds of signal: every time constant and threshold of the detectors, the same for all machines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple


class Preset(NamedTuple):
    """Time constants of a signal, in seconds of event time."""

    fast_s: float  # memory of the value that is compared
    slow_s: float  # memory of the baseline it is compared with
    learn_s: float  # of running before anything is said
    mature_s: float  # memory of how much it usually varies, which goes on being learned; infinite: it does not
    grace_s: float  # after a start or a gap: no alarm
    hold_s: float  # an alarm ends when it was quiet for so long
    silence_s: float  # after the end of an alarm, before the next may open

    def stretched(self, factor: float) -> Preset:
        """All but the times to learn: how long a machine must be seen does not depend on how often it is measured."""
        return Preset(*(factor * value for value in self))._replace(learn_s=self.learn_s, mature_s=self.mature_s)


MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
PRESETS = {
    "process": Preset(5.0, MINUTE, 6 * MINUTE, 20 * MINUTE, 30.0, 20.0, 30.0),
    "cycle": Preset(30.0, 30 * MINUTE, HOUR, DAY, 5 * MINUTE, 2 * MINUTE, 10 * MINUTE),
    "thermal": Preset(30 * MINUTE, 7 * DAY, 2 * DAY, math.inf, 3 * HOUR, 2 * HOUR, DAY),
}
"""Fast flows and pressures; what swings with the machine's cycle; what follows heat, weather or wear."""

FAST_READINGS = 5.0
"""The fast memory holds at least so many readings: a preset stretches as a whole where readings come more rarely."""

LEARN_READINGS, LEARN_STEPS = 300, 30
"""Readings that are learned at least; the same where time counts steps, such as cycles."""


class Kind(NamedTuple):
    """What counts as a change of a signal: the share of its baseline for each tier, and which direction is bad."""

    tiers: tuple[float, float, float]  # watch, plan, act
    bad: str = "both"  # up, down
    anchored: bool = False  # changes are those since it was learned, not those that its baseline has not followed yet


KINDS = {
    "vibration": Kind((0.5, 1.0, 1.5), "up", anchored=True),
    "temperature": Kind((0.02, 0.1, 0.25)),
    "current": Kind((0.05, 0.2, 0.5)),
    "pressure": Kind((0.05, 0.2, 0.5)),
    "flow": Kind((0.02, 0.2, 0.5)),
    "speed": Kind((0.02, 0.1, 0.25)),
    "other": Kind((0.02, 0.2, 0.5)),
}
"""Vibration by practitioners' rules: +50 % is to be looked at, x2 a problem, +150 % substantial. Of the others what
stays below is no change that anybody would act on, however certain it is."""

NAMED = {"vibration": ("vibration", "bearing")}
"""What a name may say of its signal's kind, where the settings do not."""


def kind_of(name: str, settings: Mapping[str, Any]) -> str:
    """The kind that is set, else the one that the name says, else `other`."""
    found = settings.get("kind")
    if found:
        return found if found in KINDS else "other"
    return next((kind for kind, words in NAMED.items() if any(word in name.lower() for word in words)), "other")


def fitting(interval_s: float) -> str:
    """The preset for readings that come every so many seconds, where the settings name none."""
    return "process" if interval_s <= 10.0 else "cycle" if interval_s <= 2 * MINUTE else "thermal"


def preset_of(signal: Mapping[str, Any], machine: Mapping[str, Any], interval_s: float) -> Preset:
    """The preset by name, of the signal or else of the machine; else the one that fits the interval. Where time counts
    steps of `step_s`, such as cycles, so do all constants: `fast_s` is five of them."""
    name = signal.get("preset") or machine.get("preset")
    step_s = machine.get("step_s")
    if step_s and math.isclose(interval_s, step_s, rel_tol=1e-6):
        preset, readings = PRESETS[name or "thermal"], LEARN_STEPS
        preset = preset.stretched(FAST_READINGS * interval_s / preset.fast_s)._replace(learn_s=0.0, mature_s=math.inf)
    else:
        preset, readings = PRESETS[name or fitting(interval_s)], LEARN_READINGS
        preset = preset.stretched(max(1.0, FAST_READINGS * interval_s / preset.fast_s))
    learn_s = machine.get("learn_s")
    return preset._replace(
        learn_s=max(float(learn_s or preset.learn_s), LEARN_STEPS * interval_s if learn_s else readings * interval_s),
        mature_s=max(preset.mature_s, preset.slow_s),
    )


def pace(dt_s: float, memory_s: float) -> float:
    """The weight of a new value after `dt_s`: 1 - exp(-dt / memory)."""
    return -math.expm1(-dt_s / memory_s)
