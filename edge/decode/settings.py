"""The limits that decoding needs; small and free of the settings package, so that decoding stays pure."""

from __future__ import annotations

import msgspec

from edge.clock import DAY, SECOND


class DecodeSettings(msgspec.Struct, frozen=True, gc=False):
    """Times in microseconds; `oldest_us` is an instant (2000-01-01), the others are lengths."""

    root: str = "shopfloor/v1"
    clock_ahead_tolerance_us: int = 60 * SECOND
    far_future_us: int = 366 * DAY
    oldest_us: int = 946_684_800 * SECOND
    max_payload_bytes: int = 262_144
    max_array: int = 10_000
