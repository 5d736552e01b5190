"""What is said of a signal, and its form in a checkpoint."""

from __future__ import annotations

import math
from typing import Any

from edge import Reason, RemainingLife
from edge_maintenance.track import Track

HELD = Reason("", text="still open: what is made now was not learned before it, and cannot tell whether it is over")


def reason_of(track: Track, offset: float, text: str = "") -> Reason:
    """`offset`: what the operating point makes of the signal, which its track does not see."""
    if not text and track.rough > track.restless:
        text = f"scatters {math.sqrt(track.rough) / track.spread:.1f} times as much as usual"
    value, expected = track.value + offset, track.expected + offset
    return Reason(track.name, value, expected, track.change() * 100, track.deviation(), track.away_since, text)


def plain_of(one: Reason | RemainingLife) -> list[Any]:
    return [getattr(one, name) for name in one.__struct_fields__]
