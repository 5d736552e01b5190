"""The formulas of OEE and of what is near it, as plain functions; times in any one unit, None for 0/0."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, prod


def ratio(numerator: float, denominator: float) -> float | None:
    """numerator / denominator, None where nothing is to be divided by."""
    return numerator / denominator if denominator else None


def planned_time(shift: float, excluded: float) -> float:
    """Planned busy time: the shift without breaks and planned stops."""
    return shift - excluded


def run_time(planned: float, downtime: float) -> float:
    """Run time: planned busy time without stops and set-up."""
    return planned - downtime


def good_count(total: float, reject: float) -> float:
    return total - reject


def availability(run: float, planned: float) -> float | None:
    """Run time / planned busy time (ISO 22400-2: APT / PBT)."""
    return ratio(run, planned)


def performance(ideal_total: float, run: float) -> float | None:
    """Ideal time of all parts / run time (ISO 22400-2: PRI x PQ / APT); raw, may exceed 1 (ruling 12)."""
    return ratio(ideal_total, run)


def quality(good: float, total: float) -> float | None:
    """Good parts / parts (ISO 22400-2: GQ / PQ); ideal times instead of counts with several products (ruling 11).

    None too where more was rejected than made: rejects of another window, so that this one's share is not known."""
    return ratio(good, total) if good >= 0 else None


def oee(availability: float, performance: float, quality: float) -> float:
    return availability * performance * quality


def oee_of_times(ideal_good: float, planned: float) -> float | None:
    """Ideal time of good parts / planned busy time: the same as A x P x Q, and defined where a factor is 0/0."""
    return ratio(ideal_good, planned)


def nee(oee: float, run: float, setup: float) -> float | None:
    """Net equipment effectiveness: OEE with set-up not a loss (ISO 22400-2: AUPT / PBT instead of APT / PBT)."""
    return ratio(oee * (run + setup), run)


def utilisation(busy: float, calendar: float) -> float | None:
    """Planned busy time / calendar time."""
    return ratio(busy, calendar)


def teep(oee: float, utilisation: float) -> float:
    return oee * utilisation


def allocation_efficiency(busy: float, planned: float) -> float | None:
    """Time used for orders / planned busy time (ISO 22400-2: AUBT / PBT)."""
    return ratio(busy, planned)


def allocation_ratio(busy: float, execution: float) -> float | None:
    """Time used for an order / its execution time, transport and queues included (ISO 22400-2: AUBT / AOET)."""
    return ratio(busy, execution)


def utilisation_efficiency(production: float, busy: float) -> float | None:
    """Production time / time used for orders (ISO 22400-2: APT / AUBT)."""
    return ratio(production, busy)


def technical_efficiency(production: float, delay: float) -> float | None:
    """Production time / production and delay time (ISO 22400-2: APT / (APT + ADET))."""
    return ratio(production, production + delay)


def setup_ratio(setup: float, processing: float) -> float | None:
    """Set-up time / processing time, which is set-up and production (ISO 22400-2: ASUT / AUPT)."""
    return ratio(setup, processing)


def production_process_ratio(production: float, execution: float) -> float | None:
    """Production time / execution time of the order (ISO 22400-2: APT / AOET)."""
    return ratio(production, execution)


def required_time(total: float, idle: float) -> float:
    """SMRP: time in which the asset was wanted, total available time - idle time. Planned maintenance stays in it."""
    return total - idle


def line_oee(good_ideal: float, constraint_busy: float) -> float | None:
    """Good parts of the last machine x ideal cycle of the constraint / planned busy time of the constraint. None too
    where more was rejected than made."""
    return ratio(good_ideal, constraint_busy) if good_ideal >= 0 else None


def reduced_speed(run: float, micro: float, ideal_total: float) -> float:
    """Time lost to slow running: run time - micro-stops - ideal time of all parts."""
    return run - micro - ideal_total


def slow_time(actual_rate: float, target_rate: float, output: float) -> float:
    """Time lost to slow running, from rates: (1/actual - 1/target) x output."""
    return (1 / actual_rate - 1 / target_rate) * output


def product(factors: Sequence[float]) -> float:
    """What factors come to: losses as count x duration, effectiveness as a chain of shares."""
    return prod(factors)


def mean(values: Sequence[float]) -> float | None:
    """Simple mean: right only for machines with equal planned time; the service never uses it on ratios."""
    return ratio(fsum(values), len(values))


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float | None:
    """Mean weighted by planned busy time (OEE), which is the same as adding up and dividing once."""
    return ratio(fsum(v * w for v, w in zip(values, weights, strict=True)), fsum(weights))


def pooled(numerators: Sequence[float], denominators: Sequence[float]) -> float | None:
    """Sums, then one division: the only aggregation that the service uses."""
    return ratio(fsum(numerators), fsum(denominators))
