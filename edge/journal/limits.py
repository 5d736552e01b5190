"""How large a journal may become, and where it is cut."""

from __future__ import annotations

import msgspec

MIB = 1 << 20
GIB = 1 << 30
_DAY_S = 86_400.0


class JournalLimits(msgspec.Struct, frozen=True):
    """A segment is closed at `segment_bytes` or `segment_age_s`. Whole closed segments go when all of them together
    take more than `retention_bytes` or one is older than `retention_age_s`, but never what a reader still needs. At
    `max_bytes` nothing more is taken. `reserve_bytes` of the disk are kept back, so that other files can still be
    written when it is full (0: none)."""

    segment_bytes: int = 256 * MIB
    segment_age_s: float = _DAY_S
    retention_bytes: int = 10 * GIB
    retention_age_s: float = 30 * _DAY_S
    max_bytes: int = 20 * GIB
    reserve_bytes: int = 16 * MIB
