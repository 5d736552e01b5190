"""Reads a journal that another process may be writing."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from edge.journal.checked import checked, declares
from edge.journal.directory import first_of, segment_paths
from edge.journal.errors import JournalError
from edge.journal.pages import RawSegment
from edge.journal.record import Record
from edge.journal.segment import SEGMENT_ROWS, Row, SegmentReader

_OPEN_SEGMENTS: Final = 4

T = TypeVar("T")


class _Open:
    """One segment as it is read: through SQLite or, where that cannot, from its bare pages."""

    def __init__(self, path: Path, *, closed: bool) -> None:
        self.path = path
        self.closed = closed
        self.inode = path.stat().st_ino
        self._reader: SegmentReader | None = None
        self._raw: RawSegment | None = None

    def select(self, from_offset: int, limit: int) -> list[Row]:
        return self._ask(lambda segment: segment.select(from_offset, limit))

    def bounds(self) -> tuple[int, int]:
        return self._ask(lambda segment: segment.bounds())

    def _ask(self, question: Callable[[SegmentReader | RawSegment], T]) -> T:
        if self._raw is None:
            try:
                if self._reader is None:
                    self._reader = SegmentReader(self.path, closed=self.closed)
                return question(self._reader)
            except JournalError:
                if not self.path.exists():
                    raise
                self.close()
                self._raw = RawSegment(self.path)
        answer = question(self._raw)
        if not self.closed:  # it goes on changing: look again the next time
            self.close()
        return answer

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._raw is not None:
            self._raw.close()
            self._raw = None


class JournalReader:
    """Entries by offset, from a directory that may not exist yet. Threads may share one reader.

    Offsets ascend. An entry that does not match its checksum has the flag DAMAGED and whatever content it now has. In
    place of entries that cannot be read at all comes one gap notice, at the offset of the last of them, unless the
    writer wrote one already."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = threading.Lock()
        self._paths: list[Path] = []
        self._firsts: list[int] = []
        self._open: OrderedDict[Path, _Open] = OrderedDict()

    def read(self, from_offset: int, limit: int) -> list[Record]:
        """At most `limit` entries with offsets from `from_offset` on, in order; fewer only at the end."""
        with self._lock:
            rows: list[Row] = []
            if not self._firsts or from_offset >= self._firsts[-1] or from_offset < self._firsts[0]:
                self._list()
            at = from_offset
            while len(rows) < limit and self._firsts:
                i = max(bisect_right(self._firsts, at) - 1, 0)
                got = self._select(i, at, limit - len(rows))
                if got is None:  # retention took it away meanwhile
                    self._list()
                    at = max(at, self._firsts[0]) if self._firsts else at
                    continue
                rows += got
                if i + 1 == len(self._firsts):  # whether the one after it exists was looked up before it was read
                    break
                at = self._firsts[i + 1]
            expected = max(from_offset, self._firsts[0]) if self._firsts else from_offset
            return checked(rows, expected, self._is_declared)[:limit]

    def get(self, offset: int) -> Record | None:
        """One entry; None where it is not there (any more)."""
        found = self.read(offset, 1)
        return found[0] if found and found[0].offset == offset else None

    @property
    def first_offset(self) -> int:
        """0 while the journal is empty."""
        return self._edge(first=True)

    @property
    def last_offset(self) -> int:
        """0 while the journal is empty."""
        return self._edge(first=False)

    def _edge(self, *, first: bool) -> int:
        with self._lock:
            self._list()
            for path in self._paths if first else reversed(self._paths):
                try:
                    bounds = self._opened(path).bounds()
                except (JournalError, FileNotFoundError):
                    continue
                if bounds[1]:
                    return bounds[0 if first else 1]
            return 0

    def _is_declared(self, first: int, last: int) -> bool:
        """Whether the writer has said of a hole that it is one: it does so at the start of the next segment."""
        i = bisect_right(self._firsts, last)
        rows = self._select(i, self._firsts[i], 1) if i < len(self._firsts) else None
        return bool(rows) and declares(rows[0], first, last)  # type: ignore[index]

    def _select(self, i: int, at: int, limit: int) -> list[Row] | None:
        path = self._paths[i]
        end = self._firsts[i + 1] if i + 1 < len(self._firsts) else self._firsts[i] + SEGMENT_ROWS
        try:
            rows = self._opened(path).select(at, limit)
        except (JournalError, FileNotFoundError):
            if path.exists():
                raise
            return None
        return rows if not rows or rows[-1][0] < end else [row for row in rows if row[0] < end]

    def _opened(self, path: Path) -> _Open:
        found = self._open.get(path)
        if found is None:
            found = self._open[path] = _Open(path, closed=path != self._paths[-1])
            if len(self._open) > _OPEN_SEGMENTS:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(path)
        return found

    def _list(self) -> None:
        """Look which segments there are; the last one may have been replaced by its salvaged copy."""
        self._paths = segment_paths(self.directory)
        self._firsts = [first_of(path) for path in self._paths]
        for path, opened in list(self._open.items()):
            try:
                current = path.stat().st_ino == opened.inode
            except FileNotFoundError:
                current = False
            if not current:
                opened.close()
                del self._open[path]

    def close(self) -> None:
        with self._lock:
            for opened in self._open.values():
                opened.close()
            self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
