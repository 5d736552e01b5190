"""The trend of a signal to a limit: how long until it gets there, with an interval, where there is a trend at all.

A straight line is laid through the means of short stretches, old ones weighing less and less. Everything is kept up
to date in constant memory. The standard error allows for errors that go together: of n means with an autocorrelation
r only n (1 - r) / (1 + r) count. There is a trend where the slope differs from 0 at 95 % (Student's t).
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Any, NamedTuple

SPAN = 0.5  # memory, as a share of what has been seen
PARTS = 40.0  # stretches in the memory
MIN_POINTS = 6.0  # that count, after allowing for those that go together
MAX_AUTOCORRELATION = 0.95
COVERAGE = 0.8  # of the interval
FARTHEST = 10.0  # memories ahead; what lies further is not said


class Line(NamedTuple):
    """Where a signal stands, how it changes per second, and the standard errors of both."""

    level: float
    slope: float
    level_error: float
    slope_error: float
    degrees: float  # of freedom

    @property
    def significant(self) -> bool:
        return abs(self.slope) > student(0.975, self.degrees) * self.slope_error


class TimeTo(NamedTuple):
    """Seconds to a limit."""

    value: float
    low: float
    high: float


def start(at_s: float, value: float) -> dict[str, Any]:
    """The state of a signal first seen at a time of running: plain data, kept up to date by `take`."""
    return {"from": at_s, "zero": value, "open": [at_s, 0.0, 0.0, 0.0], "last": None, "sums": [0.0] * 9, "error": 0.0}


def take(state: dict[str, Any], at_s: float, value: float, shortest_s: float, longest_s: float) -> bool:
    """Take a value; True where a stretch is complete with it, so that the line is another.

    The memory grows with what was seen, from `shortest_s` to `longest_s`."""
    open_at, times, values, count = state["open"]
    memory = min(max((at_s - state["from"]) * SPAN, shortest_s), longest_s)
    complete = count > 0 and at_s - open_at >= memory / PARTS
    if complete:
        _add(state, open_at + times / count, values / count - state["zero"], memory)
        open_at, times, values, count = at_s, 0.0, 0.0, 0.0
    state["open"] = [open_at, times + max(at_s - open_at, 0.0), values + value, count + 1.0]
    return bool(complete)


def _add(state: dict[str, Any], at_s: float, x: float, memory: float) -> None:
    """Sums over the points so far, with times counted back from the newest: weights, squares of weights, t, t t, x,
    t x, x x; then errors of prediction: e e, e times the one before."""
    n, n2, t, tt, v, tv, vv, ee, together = state["sums"]
    last = state["last"]
    dt = 0.0 if last is None else max(at_s - last, 0.0)
    old = exp(-dt / memory)
    line = line_of(state)
    ahead = 0.0 if line is None else x + state["zero"] - (line.level + line.slope * dt)
    ee, together = old * ee + ahead * ahead, old * together + ahead * state["error"]
    n, n2 = old * n, old * old * n2
    tt = old * tt - 2.0 * dt * old * t + dt * dt * n
    t = old * t - dt * n
    tv = old * (tv - dt * v)
    v, vv = old * v, old * vv
    state["sums"] = [n + 1.0, n2 + 1.0, t, tt, v + x, tv, vv + x * x, ee, together]
    state["error"] = ahead
    state["last"] = at_s


def line_of(state: dict[str, Any]) -> Line | None:
    """The line at its newest point; None with too few points that count."""
    n, n2, t, tt, v, tv, vv, ee, both = state["sums"]
    spread = tt - t * t / n if n > 1.0 else 0.0
    if spread <= 0.0:
        return None
    real = ee > 1e-20 * vv  # and not rounding
    together = min(max(both / ee, 0.0), MAX_AUTOCORRELATION) if real else 0.0
    points = n * n / n2 * (1.0 - together) / (1.0 + together)
    slope = (tv - t * v / n) / spread
    level = (v - slope * t) / n
    if points < MIN_POINTS:
        return Line(level + state["zero"], slope, float("inf"), float("inf"), 1.0)
    left = max(vv - level * v - slope * tv, 0.0) / n
    variance = left * points / (points - 2.0)
    slope_error = sqrt(variance * n / (points * spread))
    level_error = sqrt(variance / points * (1.0 + t * t / n / spread))
    return Line(level + state["zero"], slope, level_error, slope_error, points - 2.0)


def time_to(line: Line, limit: float, side: float, memory_s: float) -> TimeTo | None:
    """Seconds until the line meets a limit above (`side` 1) or below (-1) it, 0 where it has; None where the slope is
    not sure, leads away from it, or takes very long.

    The interval is met by the line's lowest and highest level and slope, and thus on the safe side."""
    gap, slope = (limit - line.level) * side, line.slope * side
    if not line.significant or slope <= 0.0 or gap > slope * FARTHEST * memory_s:
        return None
    gap = max(gap, 0.0)
    wide = student(0.5 + COVERAGE / 2, line.degrees)
    slowest = slope - wide * line.slope_error
    low = max(gap - wide * line.level_error, 0.0) / (slope + wide * line.slope_error)
    return TimeTo(gap / slope, low, (gap + wide * line.level_error) / slowest)


def memory_of(state: dict[str, Any], shortest_s: float, longest_s: float) -> float:
    """The memory at the newest value, in seconds."""
    return min(max(float(state["open"][0] - state["from"]) * SPAN, shortest_s), longest_s)


NORMAL = {0.9: 1.2815515655446004, 0.975: 1.959963984540054}


def student(share: float, degrees: float) -> float:
    """Quantile of Student's t for 0.9 or 0.975, by the expansion of Cornish and Fisher; within 1 % from 4 degrees."""
    z = NORMAL[round(share, 9)]
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return float(z + (first + (second + third / degrees) / degrees) / degrees)
