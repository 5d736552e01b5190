"""What the codec leaves to us: acknowledgements in one piece, and how long a packet will be."""

from __future__ import annotations

import sys
from array import array
from typing import Final

_PUBACK: Final = 0x4002  # type and remaining length: "success, no properties"
_SWAP: Final = sys.byteorder == "little"


def pubacks(packet_ids: list[int]) -> bytes:
    """The PUBACK packets (reason: success) of many messages in one piece."""
    words = array("H", (_PUBACK,)) * (2 * len(packet_ids))
    words[1::2] = array("H", packet_ids)
    if _SWAP:
        words.byteswap()
    return words.tobytes()


def packet_length(data: bytes, at: int) -> int | None:
    """How long the packet that begins at `at` is in all; None while that cannot be seen, ValueError if nonsense."""
    length = 0
    for i in range(4):
        if at + 1 + i >= len(data):
            return None
        digit = data[at + 1 + i]
        length |= (digit & 0x7F) << 7 * i
        if digit < 0x80:
            return 2 + i + length
    raise ValueError("a packet length of more than four bytes")
