"""The mark: how far the journal was written, kept outside the segments so that a loss inside them shows.

It is written after each commit, flushed only at the beginning and the end. After a crash of the process it is exact;
after a power cut it may be older than the journal, never newer. `closed` says that the last writer ended in order.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from struct import Struct, error
from zlib import crc32

_FORM = Struct("<8sQB")
_SUM = Struct("<I")
_MAGIC = b"edgemark"


@dataclass(frozen=True)
class Mark:
    last_offset: int
    closed: bool


def read_mark(directory: Path) -> Mark | None:
    """The mark; None where there is none or it is damaged."""
    try:
        text = (directory / "mark").read_bytes()
        magic, last, closed = _FORM.unpack_from(text)
        (found,) = _SUM.unpack_from(text, _FORM.size)
    except (FileNotFoundError, error):
        return None
    return Mark(last, bool(closed)) if magic == _MAGIC and found == crc32(text[: _FORM.size]) else None


class MarkFile:
    """The mark, open for writing."""

    def __init__(self, directory: Path) -> None:
        self._handle = os.open(directory / "mark", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def write(self, last_offset: int, *, closed: bool = False, flush: bool = False) -> None:
        text = _FORM.pack(_MAGIC, last_offset, closed)
        os.pwrite(self._handle, text + _SUM.pack(crc32(text)), 0)
        if flush:
            os.fsync(self._handle)

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
