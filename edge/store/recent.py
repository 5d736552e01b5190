"""Recognises a reading that came before, among its group's recent ones: unsealed rows and the end of the last chunk."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from itertools import pairwise

import apsw

from edge.store.chunks import unpack_times, unpack_values

KEPT = 512
"""Rows of the last chunk that are looked at; a broker redelivers at most what was in flight."""


def marks_of(times: Sequence[int], values: array[float]) -> set[int]:
    """A mark for each row: 64 bits of its instant and values."""
    if not times:
        return set()
    instants, cells = array("q", times).tobytes(), values.tobytes()
    width = 8 * len(values) // len(times)
    return {
        hash(instants[8 * row : 8 * row + 8] + cells[width * row : width * row + width]) for row in range(len(times))
    }


class Recent:
    """Marks of one group's recent rows. Made when a reading comes that is not the newest, forgotten at a seal."""

    __slots__ = ("_sealed", "_taken", "_waiting")

    def __init__(self, db: apsw.Connection, group: int, times: array[int], values: array[float]) -> None:
        self._sealed = _end_of_last_chunk(db, group)
        self._waiting = marks_of(times, values)
        self._taken = 0

    def has(self, ts: int, values: Sequence[float], new_times: Sequence[int], new_values: Sequence[float]) -> bool:
        """Whether the reading is known. `new_*` are the rows since the last flush, of which some were taken before."""
        width = len(values)
        if len(new_times) > self._taken:
            self._waiting |= marks_of(new_times[self._taken :], array("d", new_values[self._taken * width :]))
            self._taken = len(new_times)
        mark = hash(struct.pack(f"<q{width}d", ts, *values))
        return mark in self._waiting or mark in self._sealed

    def flushed(self, new_times: Sequence[int], new_values: Sequence[float]) -> None:
        """Take the rest of the rows that are being flushed."""
        width = len(new_values) // len(new_times)
        self._waiting |= marks_of(new_times[self._taken :], array("d", new_values[self._taken * width :]))
        self._taken = 0


def _end_of_last_chunk(db: apsw.Connection, group: int) -> set[int]:
    sql = 'select n, times, ends, columns from reading_chunks where "group"=? order by id desc limit 1'
    found = db.execute(sql, (group,)).fetchone()
    if found is None:
        return set()
    n, times, ends, packed = found
    limits = [0, *array("q", ends)]
    first = max(0, n - KEPT)
    columns = [unpack_values(packed[start:end], n)[first:] for start, end in pairwise(limits)]
    values = array("d", [value for row in zip(*columns, strict=True) for value in row])
    return marks_of(unpack_times(times, n)[first:], values)
