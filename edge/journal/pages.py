"""Entries out of a damaged segment, page by page, without SQLite (https://sqlite.org/fileformat2.html).

Every image of a page counts, in the database file and in the log; what is not an entry whose checksum is right is left
out, so a damaged page can add nothing wrong.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.journal.checksum import checksum
from edge.journal.segment import PAGE_BYTES, Row, wal_path

_LEAF: Final = 0x0D
_LOCAL_MAX: Final = PAGE_BYTES - 35
_LOCAL_MIN: Final = (PAGE_BYTES - 12) * 32 // 255 - 23
_CHAIN_BYTES: Final = PAGE_BYTES - 4
_WAL_HEAD: Final = 32
_FRAME_HEAD: Final = 24
_SPAN: Final = 256  # more entries than one page can hold
_INT_BYTES: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

Place = tuple[int, int]
"""(file descriptor, position) of one page image"""


class RawSegment:
    """A segment (and its log) as bare pages; OSError where the file cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._files: list[int] = []
        self._leaves: list[tuple[int, Place]] = []
        self._index: dict[int, list[Place]] = {}
        self._open(path, 0, PAGE_BYTES)
        if wal_path(path).exists():
            self._open(wal_path(path), _WAL_HEAD + _FRAME_HEAD, PAGE_BYTES + _FRAME_HEAD)
        self._leaves.sort()

    def _open(self, path: Path, start: int, step: int) -> None:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._files.append(file)
        for at in range(start, os.fstat(file).st_size, step):
            number = (at - start) // step + 1
            if start:  # in the log each image says itself which page it is
                number = int.from_bytes(os.pread(file, 4, at - _FRAME_HEAD), "big")
            self._index.setdefault(number, []).append((file, at))
            image = self._image((file, at))
            if image[:1] == bytes([_LEAF]) and (offsets := sorted(_offsets(image))):
                self._leaves.append((offsets[len(offsets) // 2], (file, at)))  # the middle one: one wild one cannot win

    def _image(self, place: Place) -> bytes:
        try:
            return os.pread(place[0], PAGE_BYTES, place[1])
        except OSError:  # a sector that the disk cannot read any more
            return b""

    def rows(self) -> Iterator[Row]:
        """Every readable entry, about in order; some more than once."""
        for _, place in self._leaves:
            yield from self._rows_of(place)

    def select(self, from_offset: int, limit: int) -> list[Row]:
        """The readable entries from an offset on, in order."""
        found: dict[int, Row] = {}
        for _, place in self._leaves[bisect_left(self._leaves, (from_offset - _SPAN, (0, 0))) :]:
            if len(found) >= limit + 2 * _SPAN:  # what the next pages hold lies behind the first `limit` of these
                break
            for row in self._rows_of(place):
                if row[0] >= from_offset:
                    found.setdefault(row[0], row)
        return [found[offset] for offset in sorted(found)[:limit]]

    def bounds(self) -> tuple[int, int]:
        """First and last readable offset; (0, 0) where there is none."""
        first = self.select(0, 1)
        for _, place in reversed(self._leaves):
            if offsets := [row[0] for row in self._rows_of(place)]:
                return (first[0][0], max(offsets)) if first else (0, 0)
        return 0, 0

    def _rows_of(self, place: Place) -> Iterator[Row]:
        image = self._image(place)
        for at in _cells(image):
            for copy in (0, -1):  # of a page that continues a long entry, the first or the last image is whole
                try:
                    row = self._row_at(image, at, copy)
                except (IndexError, ValueError, struct.error):
                    continue
                if checksum(*row[:6]) == row[6]:
                    yield row
                    break

    def _row_at(self, image: bytes, at: int, copy: int) -> Row:
        """The entry of a cell, with what continues on other pages; ValueError or IndexError where it is none."""
        size, at = _varint(image, at)
        offset, at = _varint(image, at)
        if size <= _LOCAL_MAX:
            return _row(image[at : at + size], offset)
        if size > len(self._index) * PAGE_BYTES:
            raise ValueError("longer than the file")
        local = _LOCAL_MIN + (size - _LOCAL_MIN) % _CHAIN_BYTES
        local = local if local <= _LOCAL_MAX else _LOCAL_MIN
        record = bytearray(image[at : at + local])
        following = int.from_bytes(image[at + local : at + local + 4], "big")
        while len(record) < size:
            images = self._index.get(following)
            if not images:
                raise ValueError("the chain of pages is broken")
            page = self._image(images[copy])
            record += page[4 : 4 + min(_CHAIN_BYTES, size - len(record))]
            following = int.from_bytes(page[:4], "big")
            if len(page) < PAGE_BYTES:
                raise ValueError("a page is missing")
        return _row(bytes(record), offset)

    def close(self) -> None:
        for file in self._files:
            os.close(file)
        self._files = []


def _cells(image: bytes) -> Iterator[int]:
    count = int.from_bytes(image[3:5], "big")
    for at in range(8, min(8 + 2 * count, len(image) - 1), 2):
        yield int.from_bytes(image[at : at + 2], "big")


def _offsets(image: bytes) -> Iterator[int]:
    for at in _cells(image):
        try:
            yield _varint(image, _varint(image, at)[1])[0]
        except IndexError:
            continue


def _varint(text: bytes, at: int) -> tuple[int, int]:
    """The number at a place and the place behind it; IndexError at the end of the text."""
    value = 0
    for i in range(at, at + 8):
        value = value << 7 | text[i] & 0x7F
        if text[i] < 0x80:
            return value, i + 1
    return value << 8 | text[at + 8], at + 9


def _row(record: bytes, offset: int) -> Row:
    """An entry out of an SQLite record; ValueError or IndexError where it is none."""
    head, at = _varint(record, 0)
    kinds = []
    while at < head:
        kind, at = _varint(record, at)
        kinds.append(kind)
    if len(kinds) != 7 or kinds[0] != 0 or kinds[1] < 13 or not kinds[1] % 2 or kinds[2] < 12 or kinds[2] % 2:
        raise ValueError("not an entry")
    middle = head + (kinds[1] - 13) // 2
    end = middle + (kinds[2] - 12) // 2
    if end > len(record):
        raise ValueError("cut off")
    numbers = []
    at = end
    for kind in kinds[3:]:
        size = _INT_BYTES.get(kind, 0)
        if not size and kind not in (8, 9):
            raise ValueError("not a number")
        numbers.append(int.from_bytes(record[at : at + size], "big", signed=True) if size else kind - 8)
        at += size
    received, flags, epoch, crc = numbers
    return offset, record[head:middle].decode(), record[middle:end], received, flags, epoch, crc
