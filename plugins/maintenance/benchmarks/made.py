"""Machines that are made up: signals with noise of many kinds, and faults that grow on them. The same for each seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

Worse = Callable[[str, float], float]
"""How far a fault has come at a time, from 0 to 1; 0 for every other one."""

Signals = Callable[[float], dict[str, float]]
"""What is read at a time; to be asked for each time once, in order."""


@dataclass(frozen=True)
class Family:
    """`make` builds a machine. A fault begins at a share of the length, grows for `ramp` of it, lasts for `lasts`."""

    make: Callable[[Random, Worse], Signals]
    step_s: float
    length_s: float
    faults: tuple[str, ...]
    begin: float = 0.6
    ramp: float = 0.02
    lasts: float = 0.2
    missing: float = 0.0  # share of the rows; one hole beside them, and times that are not even
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)


def wandering(dice: Random, sd: float, memory: float) -> Iterator[float]:
    """Values that go together over so many steps."""
    keep, value = math.exp(-1 / memory), dice.gauss(0, sd)
    while True:
        yield value
        value = keep * value + math.sqrt(1 - keep * keep) * dice.gauss(0, sd)


def pump(dice: Random, worse: Worse) -> Signals:
    """It warms up, and its load wanders."""
    loads, heats = wandering(dice, 1.0, 300), wandering(dice, 0.3, 300)

    def at(t: float) -> dict[str, float]:
        load, valve, cavitation = next(loads), worse("valve", t), worse("cavitation", t)
        shaking = 0.9 * worse("imbalance", t) + 0.8 * cavitation
        return {
            "flow": 30 + 0.25 * load - 2.5 * valve - 1.2 * cavitation + dice.gauss(0, 0.25),
            "pressure": 4
            + 0.03 * load
            + 0.5 * valve
            - 0.4 * worse("leak", t)
            + dice.gauss(0, 0.03 + 0.15 * cavitation),
            "current": 12 + 0.15 * load + 0.5 * valve + dice.gauss(0, 0.1),
            "vibration": abs(1.2 + 0.05 * load + shaking + dice.gauss(0, 0.06)),
            "voltage": 230 + dice.gauss(0, 1),
            "temperature": 55 + 6 * (1 - math.exp(-t / 1800)) + next(heats) + dice.gauss(0, 0.05),
            "casing": round(25 + 1.5 * (1 - math.exp(-t / 2500)) + dice.gauss(0, 0.1), 1),
        }

    return at


def thermal(dice: Random, worse: Worse) -> Signals:
    """Days, weekends, and weather."""
    weather, phase = wandering(dice, 1.5, 576), dice.uniform(0, 2 * math.pi)

    def at(t: float) -> dict[str, float]:
        day = math.sin(2 * math.pi * t / DAY + phase) + 0.3 * math.sin(4 * math.pi * t / DAY)
        swing = 4 * (1 + 1.5 * worse("swing", t) - 0.9 * worse("flat", t))
        wrong = 10 * worse("shift", t) + 9 * worse("drift", t) - 25 * worse("dip", t)
        week = -1.5 if t // DAY % 7 >= 5 else 0.0
        return {"temperature": 70 + swing * day + week + next(weather) + wrong + dice.gauss(0, 0.3)}

    return at


def bearing(dice: Random, worse: Worse) -> Signals:
    """Four of them run in; one wears out, and the others hear of it."""
    levels = [dice.uniform(0.05, 0.09) for _ in range(4)]

    def at(t: float) -> dict[str, float]:
        run_in, worn = 0.12 * math.exp(-t / (2 * DAY)), (math.exp(3.2 * worse("wear", t)) - 1) / 10
        found = {}
        for number, level in enumerate(levels, 1):
            spike = 1.3 if dice.random() < 0.004 else 1.0
            grown = 1 + run_in + worn * (1.0 if number == 2 else 0.12)
            found[f"bearing_{number}"] = level * grown * spike * math.exp(dice.gauss(0, 0.03))
        return found

    return at


def press(dice: Random, worse: Worse) -> Signals:
    """One row a stroke; what it needs goes together."""

    def at(t: float) -> dict[str, float]:
        part, tool = math.exp(dice.gauss(0, 0.01)), worse("tool", t)
        return {
            "peak_current": 80 * part * (1 + 0.12 * tool),
            "mean_current": 31 * part + 2.5 * tool + dice.gauss(0, 0.15),
            "force": 420 * part * (1 + 0.06 * tool) + dice.gauss(0, 2),
            "stroke": 120 + 3 * worse("guide", t) + dice.gauss(0, 0.05),
            "oil": 45 + 3 * math.sin(t / 4000) + dice.gauss(0, 0.1),
        }

    return at


def tank(dice: Random, worse: Worse) -> Signals:
    """A level that falls and is filled up."""
    level = dice.uniform(20, 80)

    def at(t: float) -> dict[str, float]:
        nonlocal level
        level -= (0.12 + 0.25 * worse("leak", t)) * math.exp(dice.gauss(0, 0.1))
        level = 85.0 if level < 20 else level
        return {"level": level + dice.gauss(0, 0.2), "feed": 5 + dice.gauss(0, 0.1)}

    return at


def oven(dice: Random, worse: Worse) -> Signals:
    """A heater that is switched on and off."""
    heat, on = 180.0, True

    def at(t: float) -> dict[str, float]:
        nonlocal heat, on
        power = 1 - 0.3 * worse("heater", t)
        heat += (1.2 * power if on else 0.0) - 0.5 + dice.gauss(0, 0.05)
        on = heat < 176 or (on and heat <= 190)
        shown = round(heat + 8 * worse("offset", t), 1)
        return {"temperature": shown, "power": (8 * power if on else 0.3) + dice.gauss(0, 0.05)}

    return at


def battery(dice: Random, worse: Worse) -> Signals:
    """It is charged and used every day."""
    loads, charge = wandering(dice, 6.0, 30), 80.0

    def at(t: float) -> dict[str, float]:
        nonlocal charge
        current = 20 * math.sin(2 * math.pi * t / DAY) + next(loads)
        charge = min(max(charge - current / 600, 5), 98)
        drop = 0.05 * (1 + worse("resistance", t)) * current
        warm = 3 * math.sin(2 * math.pi * t / DAY - 1) + 6 * worse("cooling", t)
        return {
            "voltage": 48 + 0.05 * (charge - 50) - drop + dice.gauss(0, 0.03),
            "current": current + dice.gauss(0, 0.05),
            "cell_temperature": 28 + warm + dice.gauss(0, 0.2),
        }

    return at


def counter(dice: Random, worse: Worse) -> Signals:
    """Rejects in five minutes, mostly none."""

    def at(t: float) -> dict[str, float]:
        least, product, count = math.exp(-0.4 * (1 + 9 * worse("errors", t))), dice.random(), 0
        while product > least:
            product, count = product * dice.random(), count + 1
        return {"rejects": float(count)}

    return at


def heavy_tails(dice: Random, worse: Worse) -> Signals:
    """Student's t with three degrees of freedom."""

    def tail() -> float:
        return dice.gauss(0, 1) / math.sqrt(max(dice.gammavariate(1.5, 2.0) / 3, 1e-3))

    def at(t: float) -> dict[str, float]:
        wrong = worse("shift", t)
        return {
            "pressure": 6 + 0.05 * tail() + 0.6 * wrong,
            "flow": 100 + 0.8 * tail(),
            "torque": 40 + 0.5 * tail() - 3 * wrong,
            "speed": 1480 + 2 * tail(),
        }

    return at


def coarse(dice: Random, worse: Worse) -> Signals:
    """Sensors whose steps are as large as their noise."""
    heats = wandering(dice, 0.35, 240)

    def at(t: float) -> dict[str, float]:
        heat = 60.1 + next(heats) + 5 * worse("warm", t) + dice.gauss(0, 0.1)
        return {
            "temperature": round(heat * 2) / 2,
            "pressure": round(2.02 - 0.4 * worse("loss", t) + dice.gauss(0, 0.02), 1),
        }

    return at


def spindle(dice: Random, worse: Worse) -> Signals:
    """Loads that nothing names, for half a minute or more."""
    load, until = 0.5, 0.0

    def at(t: float) -> dict[str, float]:
        nonlocal load, until
        if t >= until:
            load, until = dice.choice((0.2, 0.5, 0.9)), t + dice.uniform(20, 90)
        friction = worse("friction", t)
        return {
            "load": load * 100,
            "current": 5 + 20 * load + 2.5 * friction + dice.gauss(0, 0.2),
            "speed": 3000 - 200 * load + dice.gauss(0, 3),
            "torque": 2 + 30 * load + 3 * friction + dice.gauss(0, 0.3),
            "vibration": (1 + 0.8 * load) * (1 + worse("bearing", t)) * math.exp(dice.gauss(0, 0.04)),
        }

    return at


def meter(dice: Random, worse: Worse) -> Signals:
    """Energy by the hour: shifts on working days, and weather."""
    weather = wandering(dice, 4.0, 48)

    def at(t: float) -> dict[str, float]:
        works = 6 <= t / HOUR % 24 < 18 and t // DAY % 7 < 5
        used = 120 + 80 * works + next(weather) + dice.gauss(0, 3)
        return {"energy": used * (1 + 0.35 * worse("waste", t))}

    return at


VIBRATION = {f"bearing_{number}": {"kind": "vibration"} for number in range(1, 5)}
FAMILIES = {
    "pump": Family(pump, 1.0, 2 * HOUR, ("valve", "cavitation", "leak", "imbalance")),
    "pump, 10 Hz": Family(pump, 0.1, 0.4 * HOUR, ("valve", "imbalance")),
    "pump, uneven": Family(pump, 2.0, 3 * HOUR, ("valve", "imbalance"), missing=0.2),
    "thermal": Family(thermal, 5 * MINUTE, 60 * DAY, ("shift", "drift", "dip", "swing", "flat"), lasts=0.12),
    "bearing": Family(bearing, 10 * MINUTE, 30 * DAY, ("wear",), begin=0.75, ramp=0.25, lasts=0.25, settings=VIBRATION),
    "press": Family(press, 8.0, 8 * HOUR, ("tool", "guide")),
    "tank": Family(tank, 10.0, 2 * DAY, ("leak",)),
    "oven": Family(oven, 30.0, 4 * DAY, ("heater", "offset")),
    "battery": Family(battery, MINUTE, 14 * DAY, ("resistance", "cooling")),
    "counter": Family(counter, 5 * MINUTE, 30 * DAY, ("errors",)),
    "heavy tails": Family(heavy_tails, 1.0, 2 * HOUR, ("shift",)),
    "coarse": Family(coarse, MINUTE, 10 * DAY, ("warm", "loss")),
    "spindle": Family(spindle, 1.0, 3 * HOUR, ("friction", "bearing")),
    "meter": Family(meter, HOUR, 120 * DAY, ("waste",)),
}


STREAM_DAYS, STREAM_STEP_S = 79, 300.0
KINDS = ("dip", "off", "unsteady", "low", "high")
Event = tuple[float, str]  # day on which it begins, kind


def stream(seed: int) -> tuple[list[float], list[Event]]:
    """A temperature every five minutes for 79 days: it wanders for a day or so, its load changes every few days, and
    four of five kinds of event happen, for a day each."""
    dice = Random(seed)
    a_day = round(DAY / STREAM_STEP_S)
    tau, sd = dice.choice((0.5, 1, 2)) * a_day, dice.uniform(2, 5)
    events = list(zip(sorted(dice.sample(range(8, 76, 4), 4)), dice.sample(KINDS, 4), strict=True))
    daily, wander = dice.uniform(0, 2), wandering(dice, sd, tau)
    level, change_at = 0.0, dice.uniform(2, 10)
    values = []
    for step in range(STREAM_DAYS * a_day):
        day = step / a_day
        if day > change_at:
            level, change_at = dice.gauss(0, 2), day + dice.uniform(2, 10)
        value = 86 + level + next(wander) + daily * math.sin(2 * math.pi * day) + dice.gauss(0, 0.6)
        values.append(value + sum(effect(kind, day - begin) for begin, kind in events))
    return values, events


def effect(kind: str, since: float) -> float:
    """Of an event, so many days after it began."""
    if not 0 <= since < 1:
        return 0.0
    come = min(since / 0.15, 1.0)
    return {
        "dip": -35 * come * (1 - since),
        "off": -55.0 * (since < 0.5),
        "low": -16 * come,
        "high": 14 * come,
        "unsteady": 10 * math.sin(40 * since) * come,
    }[kind]
