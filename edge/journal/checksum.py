"""The checksum of one entry: CRC-32 over everything that is kept of it, its offset included."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from zlib import crc32

_NUMBERS = Struct("<qqqq").pack


@lru_cache(maxsize=16384)
def _topic_crc(topic: str) -> int:
    return crc32(topic.encode())


def checksum(offset: int, topic: str, payload: bytes, received: int, flags: int, epoch: int) -> int:
    """32 bits; any change within one field changes it. TypeError or struct.error for values of other types."""
    return crc32(payload, crc32(_NUMBERS(offset, received, flags, epoch), _topic_crc(topic)))
