"""Throughput: rates, takt, and how much of a capacity is used. None where nothing is to be divided by."""

from __future__ import annotations


def ratio(numerator: float, denominator: float) -> float | None:
    """numerator / denominator, None where nothing is to be divided by."""
    return numerator / denominator if denominator else None


def throughput_rate(produced: float, execution: float) -> float | None:
    """Parts / time of their orders' execution (ISO 22400-2: PQ / AOET)."""
    return ratio(produced, execution)


def takt(available: float, demand: float) -> float | None:
    """Available time / demand in the same window: the time that each part may take."""
    return ratio(available, demand)


def takt_attainment(produced: float, demand: float) -> float | None:
    """Parts made / parts demanded in the same window; above 1 the line is ahead of its takt."""
    return ratio(produced, demand)


def cycle_time(available: float, produced: float) -> float | None:
    """Time that a part took on average."""
    return ratio(available, produced)


def demand_met(takt: float, cycle: float) -> float | None:
    """Takt / cycle time, the same attainment from times."""
    return ratio(takt, cycle)


def capacity(available: float, ideal: float) -> float | None:
    """Parts that the time is enough for at the ideal cycle."""
    return ratio(available, ideal)


def worker_efficiency(working: float, attendance: float) -> float | None:
    """Working time of people on orders / their attendance time (ISO 22400-2: APWT / APAT)."""
    return ratio(working, attendance)


def equipment_load(produced: float, capacity: float) -> float | None:
    """Parts made / parts that the equipment could have made (ISO 22400-2: equipment load ratio)."""
    return ratio(produced, capacity)


def stations(work: float, takt: float) -> float | None:
    """Stations (or people) that the work content of a part needs at a takt."""
    return ratio(work, takt)
