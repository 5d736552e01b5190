"""One entry of the journal."""

from __future__ import annotations

import msgspec

RETAIN = 4
DUP = 8
DAMAGED = 16
QOS_MASK = 3

NOTICE_PREFIX = "$edge/"
"""Topics of entries that the service wrote itself (gap notices, operator actions); no MQTT client can publish there."""


Entry = tuple[str, bytes, int, int, int]
"""What becomes a record once it has an offset: (topic, payload, received, flags, epoch)."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """`offset` counts from 1 without holes, `received` is in microseconds, `epoch` numbers the broker connection.

    `flags` holds the QoS in its low two bits, RETAIN, DUP, and DAMAGED where the checksum did not match."""

    offset: int
    topic: str
    payload: bytes
    received: int
    flags: int
    epoch: int
