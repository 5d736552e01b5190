"""A recording run through the monitor, and controls that look at nothing or do not learn on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any

from edge import Assessment, Observation, Watched
from edge_maintenance.monitor import Maintenance
from edge_maintenance.table import Layout, Row, open_table

ALARMS = frozenset(("watch", "plan", "act"))
FROZEN_Z, FROZEN_PACE = 4.0, 0.1
"""The frozen control: mean and deviation of the calibration, and the largest z of means over about ten readings."""


def rows_of(path: str, layout: Layout) -> list[Row]:
    with open_table(path, layout) as table:
        return list(table.rows)


def assessments(
    rows: Sequence[Row], settings: dict[str, Any] | None = None, signals: dict[str, dict[str, Any]] | None = None
) -> list[Assessment]:
    """What the monitor says at each row, in one pass; each unit is a machine."""
    monitors: dict[str, Maintenance] = {}
    found = []
    for row in rows:
        monitor = monitors.get(row.unit)
        if monitor is None:
            monitor = monitors[row.unit] = Maintenance(Watched(row.unit or "machine", settings or {}, signals or {}))
        found.append(monitor.assess(Observation(row.unit, row.ts or 0, "reading", row.values, state="running")))
    return found


def alarmed(said: Sequence[Assessment]) -> list[bool]:
    return [one.state in ALARMS for one in said]


def opened(alarms: Sequence[bool]) -> list[int]:
    """The rows at which an alarm opens."""
    return [at for at, alarm in enumerate(alarms) if alarm and not (at and alarms[at - 1])]


def frozen(rows: Sequence[Row], calibration: int) -> list[bool]:
    """A detector whose baseline stays what it was: the largest |z| of fast means, above 4."""
    names = list(rows[0].values)
    fast = [rows[0].values[name] for name in names]
    seen: list[list[float]] = []
    for row in rows:
        fast = [one + FROZEN_PACE * (row.values[name] - one) for one, name in zip(fast, names, strict=True)]
        seen.append(fast)
    learned = seen[min(60, calibration // 2) : calibration]
    means = [sum(column) / len(learned) for column in zip(*learned, strict=True)]
    deviations = [
        math.sqrt(sum((value - mean) ** 2 for value in column) / len(learned)) or 1e-9
        for column, mean in zip(zip(*learned, strict=True), means, strict=True)
    ]
    return [
        max(abs(one - mean) / sd for one, mean, sd in zip(at, means, deviations, strict=True)) > FROZEN_Z for at in seen
    ]


def controls(rows: Sequence[Row], calibration: int) -> dict[str, list[bool]]:
    """Alarms by row: always, by the clock alone, by a coin, and by a baseline that is not adapted."""
    scored = len(rows) - calibration
    coin = Random(1)
    share = [(at - calibration) / max(scored, 1) for at in range(len(rows))]
    return {
        "always": [True] * len(rows),
        "clock only (25 % to 95 %)": [0.25 <= one < 0.95 for one in share],
        "random": [coin.random() < 0.5 for _ in rows],
        "frozen baseline": frozen(rows, calibration),
    }
