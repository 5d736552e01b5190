"""What the cells of a table say: numbers and instants."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

MICRO = 1_000_000
PARTS = re.compile(r"(\d{4})\D(\d\d)\D(\d\d)\D(\d\d)\D(\d\d)\D(\d\d)")
FARTHEST_S = 250_000_000_000  # about the year 9900


def number(cell: str) -> float:
    """NaN for what is no number; a decimal comma is one where no comma separates."""
    try:
        return float(cell)
    except ValueError:
        pass
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return math.nan


def instant_us(cell: str, scale: float | None) -> int | None:
    """Microseconds: steps of `scale` seconds, else ISO time (UTC where it has no zone) or epoch seconds."""
    plain = number(cell)
    if math.isfinite(plain):
        at_s = plain * (scale or 1.0)
        return round(at_s * MICRO) if abs(at_s) < FARTHEST_S else None
    return iso_us(cell)


def iso_us(cell: str) -> int | None:
    try:
        found = datetime.fromisoformat(cell.strip())
    except ValueError:
        parts = PARTS.fullmatch(cell.strip())  # 2004.02.12.10.32.39 and its like
        if not parts:
            return None
        return iso_us("{}-{}-{} {}:{}:{}".format(*parts.groups()))
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return round(found.timestamp() * MICRO)
