"""Logistics: fulfilment cycle time, on-time delivery, inventory turns, work in process. None where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence

DAYS_A_YEAR = 365.0


def ratio(numerator: float, denominator: float) -> float | None:
    """numerator / denominator, None where nothing is to be divided by."""
    return numerator / denominator if denominator else None


def cycle_time(times: Sequence[float]) -> float | None:
    """Mean over delivered orders of receipt to acceptance (SCOR, gross)."""
    return ratio(sum(times), len(times))


def net_cycle_time(times: Sequence[float], dwell: Sequence[float]) -> float | None:
    """The same net of the dwell that the customer asked for (SCOR), order by order."""
    return cycle_time([gross - asked for gross, asked in zip(times, dwell, strict=True)])


def on_time_delivery(on_time: float, delivered: float) -> float | None:
    """Orders delivered by their due time / orders delivered that had one."""
    return ratio(on_time, delivered)


def average_inventory(opening: float, closing: float) -> float:
    """Mean of the stock at the two ends of a period."""
    return (opening + closing) / 2


def turns(flow: float, inventory: float) -> float | None:
    """Cost of goods sold, or throughput, of a year / average inventory."""
    return ratio(flow, inventory)


def inventory_days(turns: float, days: float = DAYS_A_YEAR) -> float | None:
    """How long the inventory lasts: days of the period / turns in it."""
    return ratio(days, turns)


def work_in_process(rate: float, lead_time: float) -> float:
    """Little's law: throughput rate x lead time."""
    return rate * lead_time


def lead_time(wip: float, rate: float) -> float | None:
    """Little's law the other way round."""
    return ratio(wip, rate)
