"""What is said of a signal, and its form in a checkpoint."""

from __future__ import annotations

import math
from typing import Any

from edge import Reason, RemainingLife
from edge_maintenance.track import Track

HELD = Reason("", text="still open: what is made now was not learned before it, and cannot tell whether it is over")


def reason_of(track: Track, offset: float, text: str = "") -> Reason:
    """The value is the smoothed one that is judged, so that the change is what lies between it and what is expected.
    `offset`: what the operating point makes of the signal, which its track does not see."""
    if not text and track.rough > track.restless:
        text = f"scatters {math.sqrt(track.rough) / track.spread:.1f} times as much as usual"
    value, expected = track.fast + offset, track.expected + offset
    change = (value - expected) / max(abs(expected), track.least) * 100
    return Reason(track.name, value, expected, change, track.deviation(), track.away_since, text)


def plain_of(one: Reason | RemainingLife) -> list[Any]:
    return [getattr(one, name) for name in one.__struct_fields__]
