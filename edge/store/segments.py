"""Rows of readings as bytes: a segment holds rows of one group, a row of the log the segments of many."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, islice
from operator import lt, sub

import msgspec

Quality = dict[str, str]
_HEAD = struct.Struct("<IHHQ")  # rows, signals in a row, 1 if what came before is sealed, bytes of quality
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[int, Quality]).decode


class Rows:
    """Readings of one group in the order in which they came; `values` row by row, `quality` by row where not good."""

    __slots__ = ("offsets", "quality", "times", "values")

    def __init__(self) -> None:
        self.times, self.offsets, self.values = array("q"), array("q"), array("d")
        self.quality: dict[int, Quality] = {}

    def __len__(self) -> int:
        return len(self.times)

    def in_order(self) -> bool:
        """Whether every instant is later than the one before it."""
        return all(map(lt, self.times, islice(self.times, 1, None)))

    def settled(self) -> tuple[Rows, Rows]:
        """Rows to seal, and the newest ones, which wait: as far back as rows use to come late (none if they do not)."""
        if self.in_order():
            return self, Rows()
        lags = sorted(map(sub, accumulate(self.times, max), self.times))
        limit = max(self.times) - lags[-1 - len(lags) // 256]
        waiting = [row for row, ts in enumerate(self.times) if ts >= limit]
        if 4 * len(waiting) > len(self):
            return self, Rows()
        return self.pick([row for row, ts in enumerate(self.times) if ts < limit]), self.pick(waiting)

    def pick(self, rows: list[int]) -> Rows:
        """The rows with these numbers."""
        found, width = Rows(), len(self.values) // len(self)
        for place, row in enumerate(rows):
            found.times.append(self.times[row])
            found.offsets.append(self.offsets[row])
            found.values.extend(self.values[row * width : row * width + width])
            if row in self.quality:
                found.quality[place] = self.quality[row]
        return found

    def segment(self, *, sealed: bool = False) -> bytes:
        """The rows as bytes; `sealed` says that what came before is."""
        return segment_of(self.times, self.offsets, self.values, self.quality, sealed=sealed)

    def extend(self, segment: bytes | memoryview) -> None:
        """Append the rows of a segment."""
        rows, width, _, quality = _HEAD.unpack_from(segment)
        start, before = _HEAD.size, len(self.times)
        for column, n in ((self.times, rows), (self.offsets, rows), (self.values, rows * width)):
            column.frombytes(segment[start : start + 8 * n])
            start += 8 * n
        if quality:
            self.quality.update((before + row, said) for row, said in _decode(segment[start:]).items())

    def extend_all(self, segments: list[bytes]) -> None:
        """Append many segments; quickly where all of them are single rows, as slow machines have them."""
        head, size = segments[0][: _HEAD.size] if segments else b"", len(segments[0]) if segments else 0
        if head[:4] != b"\1\0\0\0" or head[8:] != bytes(8) or not all(
            len(segment) == size and segment.startswith(head) for segment in segments
        ):  # fmt: skip
            for segment in segments:
                self.extend(segment)
            return
        words = array("q", b"".join(segments))
        self.times.extend(words[2 :: size // 8])
        self.offsets.extend(words[3 :: size // 8])
        self.values.frombytes(b"".join([segment[32:] for segment in segments]))


def newest_instant(segment: bytes) -> int:
    """The latest instant in a segment that has rows."""
    rows = int.from_bytes(segment[:4], "little")
    if rows == 1:
        return int.from_bytes(segment[16:24], "little", signed=True)
    return max(array("q", segment[16 : 16 + 8 * rows]))


def newest_row(segment: bytes) -> Rows:
    """Only the row with the latest instant of a segment, the last one of several."""
    rows = Rows()
    rows.extend(segment)
    if len(rows) == 1:
        return rows
    newest = max(rows.times)
    row = len(rows) - 1
    while rows.times[row] != newest:
        row -= 1
    return rows.pick([row])


def segment_of(
    times: Iterable[int], offsets: Iterable[int], values: Iterable[float], quality: Mapping[int, Quality], *,
    sealed: bool = False
) -> bytes:  # fmt: skip
    """Rows as bytes: head, instants, offsets, values row by row, quality."""
    instants, cells = array("q", times), array("d", values)
    said = _encode(quality) if quality else b""
    head = _HEAD.pack(len(instants), len(cells) // len(instants) if cells else 0, sealed, len(said))
    return b"".join((head, instants.tobytes(), array("q", offsets).tobytes(), cells.tobytes(), said))


def is_sealed(segment: bytes) -> bool:
    """Whether what came before the segment is sealed."""
    return segment[6] == 1


def has_rows(segment: bytes) -> bool:
    return segment[:4] != b"\0\0\0\0"


def join(segments: Mapping[int, bytes]) -> bytes:
    """One row of the log: number of groups, their numbers (rising), where each segment ends, the segments."""
    groups = sorted(segments)
    parts = [segments[group] for group in groups]
    ends = array("q")
    end = 0
    for part in parts:
        end += len(part)
        ends.append(end)
    return b"".join((len(groups).to_bytes(8, "little"), array("q", groups).tobytes(), ends.tobytes(), *parts))


def split(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Each group of a row of the log, with its segment."""
    n = int.from_bytes(blob[:8], "little")
    groups, ends = array("q", blob[8 : 8 + 8 * n]), array("q", blob[8 + 8 * n : 8 + 16 * n])
    start = body = 8 + 16 * n
    for group, end in zip(groups, ends, strict=True):
        yield group, blob[start : body + end]
        start = body + end


def find(blob: bytes, group: int) -> bytes | None:
    """The segment of one group in a row of the log."""
    n = int.from_bytes(blob[:8], "little")
    groups = array("q", blob[8 : 8 + 8 * n])
    place = bisect_left(groups, group)
    if place == n or groups[place] != group:
        return None
    ends = array("q", blob[8 + 8 * n : 8 + 16 * n])
    body = 8 + 16 * n
    return blob[body + (ends[place - 1] if place else 0) : body + ends[place]]
