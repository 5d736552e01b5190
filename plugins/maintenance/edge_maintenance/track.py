"""One signal of a machine: what it is now, what is expected of it, and how much it usually differs from that."""

from __future__ import annotations

import math
from typing import Any

from edge_maintenance.presets import Kind, Preset, pace

CLIP_SIGMA = 4.0
"""A value moves the baseline as if it were at most so far away (Huber): what is far off is not the new normal."""

AWAY_SIGMA = 4.0
"""From here on a signal is away from its baseline."""

FROZEN = 40.0
"""So many times slower is the baseline of a signal that is away, in an alarm."""

BACK = 0.25
"""Below this share of its greatest deviation a signal has come back, and what is left becomes its baseline."""

OUTLIER_SIGMA = 8.0
"""One reading that is further away than this is taken as if it were just so far away; the next one counts in full."""

ROUGH_MEMORIES, RESTLESS, MOST_RESTLESS = 24, 2.0, 4.0
"""How much a signal scatters about its fast memory is averaged (in squares) over so many of those; it is restless
beyond so many times of what is usual. A value counts as so many times the limit at most: a jump is no scatter."""

CONSTANT_CHANGES = 10
"""A signal that changed more rarely while it was learned counts as constant: its scale is its resolution."""

RELATIVE_FLOOR = 1e-4
"""The scale is at least this share of the level."""

WITHIN = 0.9
"""In an alarm, wear is over when its change is below this share of what opened it: noise about the bound is no news."""

BURN_IN = 1 / 6
"""Share of the learning time in which the baseline settles, before deviations from it are learned."""

HOLE_INTERVALS = 10
"""A hole in the readings counts as so many of their intervals, as nothing is learned in it."""

MIN_LEARNED = 20
"""Deviations that are learned at least."""


class Paces:
    """The weights of a step in time, of a signal that has been seen for so long."""

    __slots__ = ("fast", "frozen", "rough", "slow")

    def __init__(self, preset: Preset, dt_us: int, known_us: int) -> None:
        dt_s = dt_us / 1e6
        self.fast = pace(dt_s, preset.fast_s)
        slow_s = min(dt_s, preset.slow_s / 4)  # after a gap one reading does not make the baseline
        self.slow = pace(slow_s, max(preset.fast_s, min(preset.slow_s, known_us / 1e6)))  # it begins as a plain mean
        self.rough = pace(dt_s, preset.fast_s * ROUGH_MEMORIES)
        self.frozen = pace(slow_s, preset.slow_s * FROZEN)


class Track:
    """State and statistics of a signal in one regime of its machine. `take` is the hot path."""

    STATE = (
        "ts", "value", "fast", "slow", "known", "seen", "sigma", "spread", "anchor", "outlier", "frozen",
        "released", "peak", "away_since", "changed", "changes", "longest", "step", "n", "sum_r", "sum_e", "interval_us",
        "rough",
    )  # fmt: skip
    """What is kept, in this order."""

    __slots__ = (*STATE, "z", "bad", "clip", "gap_us", "jump", "kind", "most", "name", "preset", "restless", "scale",
                 "settled_us", "young")  # fmt: skip

    def __init__(self, name: str, kind: Kind, bad: str, preset: Preset, interval_us: int) -> None:
        self.name, self.kind, self.bad, self.preset = name, kind, bad, preset
        self.interval_us = interval_us
        self.settled_us = self.gap_us = round(preset.slow_s * 1e6)
        self.young = True  # the baseline or the scales are still being made
        self.ts = self.changed = 0
        self.value = self.fast = self.slow = self.z = 0.0
        self.known = self.seen = 0  # microseconds of running: that made the baseline; in all, while learning
        self.sigma = self.spread = 0.0  # of fast - slow, of value - fast; 0 until learned
        self.rough = 0.0  # square of value - fast of late
        self.anchor = 0.0  # the baseline when it was learned
        self.outlier = self.frozen = self.released = False
        self.peak = 0.0  # greatest deviation in this alarm
        self.away_since: int | None = None
        self.changes = self.longest = 0  # while learning: how often it changed, how long it did not
        self.step: float | None = None  # while learning: the smallest change
        self.n = 0
        self.sum_r = self.sum_e = 0.0
        self.settle()

    def settle(self) -> None:
        """Derive what the hot path needs from what was learned."""
        learned = self.sigma > 0
        self.young = not learned or self.known < self.settled_us
        self.clip = CLIP_SIGMA * self.sigma if learned and not self.released else math.inf
        self.jump = OUTLIER_SIGMA * self.spread if learned else math.inf
        self.restless = self.calm_to() ** 2 if learned and not self.kind.anchored else math.inf
        self.most = MOST_RESTLESS * self.restless
        self.scale = 1.0 / self.sigma if learned else 0.0
        self.z = (self.fast - self.slow) * self.scale

    def begin(self, value: float, ts: int) -> None:
        """The first reading, or the first after a gap: where it stands is its baseline, but for one that is away in an
        alarm, which a gap does not disprove; how much it varies is kept."""
        self.ts = self.changed = ts
        self.value = self.fast = value
        self.outlier = False
        if not self.frozen:
            self.slow, self.known, self.away_since = value, 0, None
            self.follow(False, ts)
        self.settle()

    def take(self, value: float, ts: int, paces: Paces) -> None:
        """A reading moves the fast memory, the baseline, and the deviation `z` of one from the other."""
        self.ts = ts
        if value != self.value:
            self.value = value
            self.changed = ts
        off = value - self.fast
        jump = self.jump
        if off > jump or off < -jump:
            if not self.outlier:  # alone it may be a mistake of the sensor
                self.outlier = True
                off = jump if off > 0 else -jump
        elif self.outlier:
            self.outlier = False
        square = off * off
        self.rough += ((square if square < self.most else self.most) - self.rough) * paces.rough
        self.fast = fast = self.fast + off * paces.fast
        away = value - self.slow
        clip = self.clip
        if away > clip:
            away = clip
        elif away < -clip:
            away = -clip
        self.slow = slow = self.slow + away * (paces.frozen if self.frozen else paces.slow)
        self.z = (fast - slow) * self.scale

    # --- what is usual -------------------------------------------------------------------------------

    def age(self, dt_us: int) -> None:
        """Before `take`, while it is young: it has been seen for so much longer."""
        self.known += min(dt_us, HOLE_INTERVALS * self.interval_us)
        self.young = not self.sigma or self.known < self.settled_us

    def learn(self, value: float, ts: int, dt_us: int) -> None:
        """Before `take`, while learning: what this reading says of how much it varies."""
        self.seen += min(dt_us, HOLE_INTERVALS * self.interval_us)
        if value != self.value:
            change = abs(value - self.value)
            self.changes += 1
            self.step = change if self.step is None else min(self.step, change)
            self.longest = max(self.longest, ts - self.changed)
        if self.seen >= self.preset.learn_s * 1e6 * BURN_IN:
            self.n += 1
            self.sum_e += (value - self.fast) ** 2
            self.sum_r += (self.fast - self.slow) ** 2

    def learn_is_over(self) -> bool:
        return self.seen >= self.preset.learn_s * 1e6 and self.n >= MIN_LEARNED

    def finish(self) -> None:
        """Settle the scales, which are never 0: at least half the resolution of a signal that was constant."""
        floor = self._floor()
        if self.changes < CONSTANT_CHANGES:
            floor = max(floor, resolution(self.value, self.step) / 2)
        self.sigma = max(math.sqrt(self.sum_r / self.n), floor)
        self.spread = max(math.sqrt(self.sum_e / self.n), floor)
        self.anchor = self.slow
        self.rough = self.spread**2
        self.sum_r = self.sum_e = 0.0
        self.step = None
        self.settle()

    def calm_to(self) -> float:
        """How much it may scatter: twice as much as usual, and more by a share of its level that matters."""
        return self.spread + max(
            (RESTLESS - 1) * self.spread, self.kind.tiers[0] * max(abs(self.anchor), 3 * self.spread)
        )

    def restlessness(self) -> float:
        """1 where its scatter begins to matter, 0 where it is as usual or less."""
        if self.restless == math.inf:
            return 0.0
        return max((math.sqrt(self.rough) - self.spread) / (self.calm_to() - self.spread), 0.0)

    def grow(self, weight: float) -> None:
        """How much it scatters goes on being learned, as if it were at most so much that it is restless."""
        if self.sigma:
            rough = min(self.rough, self.restless)
            self.spread = max(math.sqrt(self.spread**2 + (rough - self.spread**2) * weight), self._floor())
            self.settle()

    def widen(self, sigma: float) -> None:
        """How much it varies has been learned further; of a signal that was constant that says nothing."""
        if self.changes >= CONSTANT_CHANGES:
            self.sigma = max(sigma, self._floor())
            self.settle()

    def _floor(self) -> float:
        return max(RELATIVE_FLOOR * abs(self.slow), 1e-12)

    # --- how far from it -----------------------------------------------------------------------------

    @property
    def expected(self) -> float:
        return self.anchor if self.kind.anchored else self.slow

    def change(self) -> float:
        """How far it is from what is expected, as a share of that; where that is about 0, of its usual spread."""
        expected = self.expected
        return (self.fast - expected) / max(abs(expected), self.least)

    @property
    def least(self) -> float:
        """The least level that a change is a share of."""
        return max(3 * self.spread, 1e-12)

    def deviation(self) -> float:
        """The same in standard deviations; 0 in a direction that is not bad."""
        z = (self.fast - self.anchor) * self.scale if self.kind.anchored else self.z
        return 0.0 if (self.bad == "up" and z < 0) or (self.bad == "down" and z > 0) else z

    def stands_out(self) -> bool:
        """Whether it is away, or scatters more than usual."""
        return abs(self.deviation()) > AWAY_SIGMA or self.rough > self.restless

    def relative(self) -> float:
        """1 where the change begins to matter, and is none of the usual ones."""
        z = abs(self.deviation())
        if not z:
            return 0.0
        matters = self.kind.tiers[0]
        if self.kind.anchored and self.peak:
            matters *= WITHIN
        return min(z / AWAY_SIGMA, abs(self.change()) / matters)

    def tier(self) -> int:
        """0: no change that matters; 1 to 3: watch, plan, act."""
        if self.relative() < 1.0:
            return 0
        change = abs(self.change())
        return 3 if change >= self.kind.tiers[2] else 2 if change >= self.kind.tiers[1] else 1

    def follow(self, alarm: bool, ts: int) -> None:
        """Hold the baseline while the signal is away in an alarm, and let go once it has come back."""
        z = abs(self.z)
        if not self.stands_out():
            self.away_since = None
        elif self.away_since is None:
            self.away_since = ts
        if alarm:
            self.peak = max(self.peak, z)
            self.frozen = z > max(AWAY_SIGMA, BACK * self.peak)
        else:
            self.peak, self.frozen = 0.0, False
        released = not self.frozen and self.peak > 2 * AWAY_SIGMA
        if released is not self.released:
            self.released = released
            self.settle()

    def plain(self) -> list[Any]:
        return [getattr(self, name) for name in self.STATE]

    def restore(self, plain: list[Any]) -> None:
        """Raises ValueError for a state that has other members."""
        for name, value in zip(self.STATE, plain, strict=True):
            setattr(self, name, value)
        self.settle()


def resolution(value: float, step: float | None) -> float:
    """The smallest change seen, or what the digits of a constant say: 20.5 has tenths, 20 has ones."""
    if step is not None:
        return step
    text = repr(value)
    if "e" in text:
        return abs(value) * 0.01
    decimals = text.partition(".")[2]
    return 1.0 if decimals == "0" else 10.0 ** -len(decimals)
