"""What the sensors of one machine show, and how a worn bearing makes itself heard."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from edge.clock import HOUR, MINUTE

UNITS = {"vibration": "mm/s", "temperature": "°C", "current": "A", "pressure": "bar", "speed": "1/min"}

BEARING_LIFE = 6 * HOUR
FAULT = 12 * MINUTE  # how long the machine stands before somebody is there
REPAIR = 8 * MINUTE
WARNING_AT = 0.85  # of its life: the machine's own warning
AMBIENT, WARM_UP_S = 24.0, 900.0


def bearing_age(t: int) -> float:
    """Share of the bearing's life that is over, 0 to 1, at an instant in microseconds; every life is equally long."""
    return (t % BEARING_LIFE) / BEARING_LIFE


def bearing_state(t: int) -> tuple[str, str] | None:
    """State and reason while the bearing has failed or is being replaced; None while the machine can run."""
    left = BEARING_LIFE - t % BEARING_LIFE
    if left > FAULT + REPAIR:
        return None
    return ("fault", "bearing seized") if left > REPAIR else ("maintenance", "bearing replacement")


class Sensors:
    """Five signals of one machine. `show` is to be called in equal steps; the temperature has a memory. `character` is
    what the machine is like, the same whenever it is simulated."""

    def __init__(self, random: Random, character: Random, *, wears: bool) -> None:
        self._random = random
        self.wears = wears
        self._calm = character.uniform(1.4, 2.2)  # mm/s of a healthy machine: below zone C of ISO 20816 class II
        self._load = character.uniform(5.5, 9.0)
        self._temperature = AMBIENT + 20.0

    def show(self, t: int, step_s: float, speed: float, parts_per_min: float) -> dict[str, float]:
        """Values at `t` with the machine at `speed` (0 standing, 1 as planned)."""
        gauss = self._random.gauss
        wear = bearing_age(t) ** 4 if self.wears else 0.0
        turning = speed > 0
        aim = AMBIENT + (22.0 * speed + 26.0 * wear if turning else 0.0)
        self._temperature += (aim - self._temperature) * (1 - math.exp(-step_s / WARM_UP_S))
        vibration = self._calm * (0.7 + 0.3 * speed) * (1 + 4.2 * wear) if turning else 0.08
        return {
            "vibration": round(abs(vibration + gauss(0, 0.02 + 0.04 * vibration)), 3),
            "temperature": round(self._temperature + gauss(0, 0.15), 2),
            "current": round((self._load * (0.4 + 0.6 * speed) + wear if turning else 0.9) + gauss(0, 0.08), 2),
            "pressure": round(6.1 - 0.25 * speed + gauss(0, 0.04), 2),
            "speed": round(parts_per_min * speed + (gauss(0, 0.1) if turning else 0.0), 1),
        }


def with_units(values: dict[str, float]) -> dict[str, Any]:
    """The same values, each with its unit: said now and then, so that nobody has to configure it."""
    return {name: {"value": value, "unit": UNITS[name]} for name, value in values.items()}


def warning_due(t: int, step: int) -> bool | None:
    """True where the bearing's warning begins within the step from `t`, False where it ends, else None."""
    at = t % BEARING_LIFE
    if 0 <= WARNING_AT * BEARING_LIFE - at < step:
        return True
    return False if at < step else None
