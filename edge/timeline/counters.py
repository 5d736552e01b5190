"""From levels of absolute counters to parts made (rulings 16 to 19 and 27)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.clock import SECOND
from edge.timeline.rules import Rules

RESET, ROLLOVER, BACKWARDS = "reset", "rollover", "backwards"


@dataclass(frozen=True, slots=True)
class Made:
    """Parts that a counter showed at `ts` (the microsecond before the sample) and where they are booked."""

    ts: int
    counter: str
    parts: int
    product: str | None
    across_gap: bool
    flag: str | None


Level = tuple[int, str, int, str | None]
"""(sample time, counter, value, product)."""


def increment(before: int, value: int, elapsed_us: int, ideal_s: float | None, rules: Rules) -> tuple[int, str | None]:
    """Parts between two levels, and the flag of a level that fell: rollover, reset, or neither plausible."""
    if value >= before:
        return value - before, None
    possible = float("inf") if not ideal_s else rules.plausibility_factor * elapsed_us / SECOND / ideal_s + 1
    if rules.counter_modulus is not None:
        parts = rules.counter_modulus - before + value
        if 0 <= parts <= possible:
            return parts, ROLLOVER
    if value <= possible:
        return value, RESET
    return 0, BACKWARDS


def made(levels: Sequence[Level], known: Mapping[str, tuple[int, int]], products: Sequence[tuple[int, str | None]],
         unknown: Sequence[tuple[int, int]], unknown_before: int, rules: Rules,
         ) -> tuple[list[Made], dict[str, tuple[int, int]]]:  # fmt: skip
    """What the counters counted, and their last levels.

    `known` has the (time, value) of each counter before the first sample; the first sample ever is only a baseline.
    `products` are (from, product) in order, `unknown` the unknown intervals and `unknown_before` the end of the
    last one before them: an increment whose interval touches unknown time is across a gap."""
    last = dict(known)
    out = []
    starts = [ts for ts, _ in products]
    for ts, counter, value, stated in levels:
        at = ts - 1
        product = stated or products[max(0, bisect_left(starts, ts) - 1)][1]
        before = last.get(counter)
        last[counter] = (ts, value)
        if before is None:
            continue
        then = rules.at(at)
        parts, flag = increment(before[1], value, ts - before[0], then.ideal(product), then)
        gap = unknown_before > before[0] or any(a < ts and b > before[0] for a, b in unknown)
        if parts or flag:
            out.append(Made(at, counter, parts, product, gap, flag))
    return out, last
