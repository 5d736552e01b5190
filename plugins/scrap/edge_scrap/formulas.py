"""Scrap and rework as shares. None where nothing is to be divided by."""

from __future__ import annotations


def ratio(numerator: float, denominator: float) -> float | None:
    """numerator / denominator, None where nothing is to be divided by."""
    return numerator / denominator if denominator else None


def scrap_ratio(scrap: float, produced: float) -> float | None:
    """Scrap / parts (ISO 22400-2: SQ / PQ)."""
    return ratio(scrap, produced)


def rework_ratio(rework: float, produced: float) -> float | None:
    """Parts that missed the requirement and were repaired / parts (ISO 22400-2: RQ / PQ)."""
    return ratio(rework, produced)


def fall_off_ratio(scrap: float, first: float) -> float | None:
    """Scrap of a step / parts of the first operation of the route (ISO 22400-2)."""
    return ratio(scrap, first)


def finished_goods_ratio(good: float, consumed: float) -> float | None:
    """Good quantity / consumed material (ISO 22400-2: GQ / CM)."""
    return ratio(good, consumed)


def integrated_goods_ratio(integrated: float, consumed: float) -> float | None:
    """Integrated good quantity, of the stock and of the product / consumed material (ISO 22400-2: IGQ / CM)."""
    return ratio(integrated, consumed)


def loss_ratio(loss: float, consumed: float) -> float | None:
    """Loss in production, in storage and transport, or another / consumed material (ISO 22400-2: PL, STL, OL / CM)."""
    return ratio(loss, consumed)


def actual_to_planned_scrap(scrap: float, planned: float) -> float | None:
    """Scrap / scrap that was planned for (ISO 22400-2); above 1 it was more."""
    return ratio(scrap, planned)
