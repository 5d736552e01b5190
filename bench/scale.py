"""How large the runs are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Numbers of messages, machines, days and bytes; the defaults take a few minutes in all."""

    messages: int = 200_000
    many_machines: int = 1000
    seconds: float = 10.0
    line_days: int = 90
    line_events_per_hour: int = 3  # of one machine
    recompute_events: int = 200_000
    history_days: int = 60
    journal_gb: float = 1.0


QUICK = Scale(
    messages=60_000, seconds=5.0, line_days=14, history_days=14, recompute_events=60_000, journal_gb=0.25
)  # fmt: skip
FULL = Scale(
    messages=1_000_000, many_machines=5000, seconds=30.0, history_days=365, line_events_per_hour=23,
    recompute_events=1_000_000, journal_gb=10.0,
)  # fmt: skip
