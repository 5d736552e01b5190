"""The score of the Numenta Anomaly Benchmark, from windows and detections by row.

Rules: numenta/NAB, nab/sweeper.py and nab/scorer.py; normalised per file: 0 finds nothing, 100 finds all at once. The
first 15 % of a file (at most 750 rows) are not scored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

PROFILES = {"standard": 0.11, "low FP": 0.22}
"""Name: weight of a false detection. A window that is found weighs 1, and so does one that is missed."""

PROBATION, PROBATION_ROWS = 0.15, 750

Window = tuple[int, int]  # first and last row


def probation(rows: int) -> int:
    return min(math.floor(PROBATION * rows), PROBATION_ROWS)


def scaled_sigmoid(position: float) -> float:
    """1 long before, 0 at the end of a window, -1 long after."""
    return -1.0 if position > 3.0 else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def raw_score(rows: int, windows: Sequence[Window], detections: Sequence[int], fp_weight: float) -> float:
    """Only the first detection in a window counts for it; windows must be in order."""
    start = probation(rows)
    total = 0.0
    found: dict[Window, float] = {}
    for row in sorted(detections):
        if row < start:
            continue
        inside = next((window for window in windows if window[0] <= row <= window[1]), None)
        if inside is not None:
            position = -(inside[1] - row + 1) / (inside[1] - inside[0] + 1)
            found.setdefault(inside, scaled_sigmoid(position) / scaled_sigmoid(-1.0))
            continue
        before = [window for window in windows if window[1] < row]
        weight = -1.0
        if before:
            first, last = before[-1]
            weight = scaled_sigmoid((row - last) / max(last - first, 1))
        total += weight * fp_weight
    return total + sum(found.values()) - (len(windows) - len(found))


def score(rows: int, windows: Sequence[Window], detections: Sequence[int], fp_weight: float) -> float:
    """Normalised: 100 * (raw - null) / (perfect - null)."""
    return (
        50.0 * (raw_score(rows, windows, detections, fp_weight) + len(windows)) / len(windows) if windows else math.nan
    )


def false_alarms(rows: int, windows: Sequence[Window], detections: Sequence[int]) -> int:
    start = probation(rows)
    return sum(row >= start and not any(first <= row <= last for first, last in windows) for row in detections)
