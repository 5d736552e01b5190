"""The limits that decoding needs; small and free of the settings package, so that decoding stays pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from edge.clock import DAY, SECOND
from edge.decode.rejection import Refusal
from edge.events import AnyEvent
from edge.journal.record import Record


class OtherFamilies(Protocol):
    """Whoever reads messages whose topics are not ours."""

    def outcomes(self, record: Record, settings: DecodeSettings) -> Iterator[tuple[str | None, AnyEvent | Refusal]]:
        """(asset, event or refusal) of each thing that a record says; nothing where its topic is nobody's."""
        ...


class DecodeSettings(msgspec.Struct, frozen=True, gc=False):
    """Times in microseconds; `oldest_us` is an instant (2000-01-01), the others are lengths."""

    root: str = "shopfloor/v1"
    clock_ahead_tolerance_us: int = 60 * SECOND
    far_future_us: int = 366 * DAY
    oldest_us: int = 946_684_800 * SECOND
    max_payload_bytes: int = 262_144
    max_array: int = 10_000
    others: OtherFamilies | None = None
