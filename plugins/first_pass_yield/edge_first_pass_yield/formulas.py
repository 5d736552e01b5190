"""Yield: of steps, of routes, of defects; sigma levels with shift and sides explicit. None where nothing is known."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log, prod
from statistics import NormalDist

NORMAL = NormalDist()
SHIFT = 1.5  # sigma by which a process is taken to drift in the long run
MILLION = 1_000_000


def ratio(numerator: float, denominator: float) -> float | None:
    """numerator / denominator, None where nothing is to be divided by."""
    return numerator / denominator if denominator else None


def fpy(first_pass: float, units: float) -> float | None:
    """Units whose first verdict is pass / units with one (ISO 22400-2: GP / IP)."""
    return ratio(first_pass, units)


def first_time_through(units: float, scrapped: float, reworked: float) -> float | None:
    """(units - scrap - rework) / units: both count against it."""
    return ratio(units - scrapped - reworked, units)


def final_yield(units: float, scrapped: float) -> float | None:
    """Units that pass in the end / units."""
    return ratio(units - scrapped, units)


def rty(yields: Iterable[float]) -> float:
    """Rolled throughput yield: the product of the yields of independent steps."""
    return prod(yields)


def rty_of_dpu(dpu: float) -> float:
    """Rolled throughput yield from defects per unit, summed over the steps: exp(-dpu)."""
    return exp(-dpu)


def dpu_of_yield(rty: float) -> float:
    """Defects per unit that a yield stands for: -ln(yield)."""
    return -log(rty)


def normalised_yield(rty: float, steps: int) -> float:
    """The yield of each of so many equal steps: rty^(1/steps)."""
    return float(rty ** (1 / steps))


def dpu(defects: float, units: float) -> float | None:
    """Defects per unit; defects are not defectives."""
    return ratio(defects, units)


def dpo(defects: float, units: float, opportunities: float) -> float | None:
    """Defects per opportunity, of so many `opportunities` in each unit."""
    return ratio(defects, units * opportunities)


def dpmo(defects: float, units: float, opportunities: float) -> float | None:
    """Defects per million opportunities."""
    share = dpo(defects, units, opportunities)
    return None if share is None else share * MILLION


def sigma_level(dpmo: float, *, shift: float = SHIFT, two_sided: bool = False) -> float | None:
    """The sigma level of a defect rate: z(1 - DPMO / 1e6) + shift; None for no defects, or nothing else.

    `two_sided` also counts the far tail, which matters below 3 sigma."""
    if not 0 < dpmo < MILLION:
        return None
    level = -NORMAL.inv_cdf(dpmo / MILLION) + shift
    return _with_far_tail(dpmo, level, shift) if two_sided else level


def dpmo_of_sigma(sigma: float, *, shift: float = SHIFT, two_sided: bool = False) -> float:
    """Defects per million at a sigma level, the process being off by `shift`; with the far tail where two-sided."""
    near = NORMAL.cdf(-(sigma - shift))
    return (near + NORMAL.cdf(-(sigma + shift)) if two_sided else near) * MILLION


def _with_far_tail(dpmo: float, level: float, shift: float) -> float:
    """The level at which both tails together give `dpmo`: by halving, for the sum of two tails has no inverse."""
    low, high = max(0.0, level), level + 10
    for _ in range(200):
        middle = (low + high) / 2
        if dpmo_of_sigma(middle, shift=shift, two_sided=True) > dpmo:
            low = middle
        else:
            high = middle
    return (low + high) / 2
