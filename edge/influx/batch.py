"""What a stream hands to the outbox: lines, and the positions to write once InfluxDB has taken them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge.influx.restating import Over

LINES = 5000
"""As many at once; a little more where they come together."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`taken` writes positions, inside the caller's transaction; `over` are hours among the lines that are over."""

    lines: list[str]
    taken: Callable[[], None] = field(repr=False)
    over: Sequence[Over] = ()
