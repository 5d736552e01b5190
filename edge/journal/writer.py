"""Writes the journal: groups of entries, each group durable before `append` returns."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from edge.clock import SECOND
from edge.journal.checksum import checksum
from edge.journal.directory import WriterLock, first_of, segment_path, segment_paths
from edge.journal.errors import JournalDamaged, JournalError, JournalFull, JournalOverQuota, storage_errors
from edge.journal.limits import JournalLimits
from edge.journal.mark import MarkFile
from edge.journal.notice import GAP_TOPIC, Gap
from edge.journal.reader import JournalReader
from edge.journal.record import Entry
from edge.journal.reserve import Reserve
from edge.journal.retention import ClosedSegments
from edge.journal.salvage import find_end
from edge.journal.segment import SEGMENT_ROWS, SegmentWriter, create

_CHECKPOINT_BYTES: Final = 16 << 20
_CHECKPOINT_HARD_BYTES: Final = 64 << 20  # a reader always in the way: wait for it


class JournalWriter:
    """The one writer of a journal directory (made if missing; JournalBusy when another one does not end in time).

    Opening looks at the last segment only. What it finds damaged is put aside, what is readable of it saved, and a gap
    notice written. Calls may come from any thread, one at a time. After a JournalError other than JournalFull the
    writer must be closed and nothing acknowledged. `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        directory: Path,
        limits: JournalLimits | None = None,
        *,
        clock: Callable[[], float] = time.time,
        lock_wait_s: float = 5.0,
    ) -> None:
        self.directory = directory
        self.limits = limits or JournalLimits()
        self._clock = clock
        self._cursor = 0
        self._failed = False
        self._checkpoint_at = 0
        self._segment: SegmentWriter | None = None
        with storage_errors(), contextlib.ExitStack() as undo:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = WriterLock(directory, lock_wait_s)
            undo.callback(self._lock.release)
            self._open()
            undo.pop_all()

    def _open(self) -> None:
        ending = find_end(self.directory, self._clock())
        self.last_offset = ending.last_offset
        self._closed = ClosedSegments([path for path in segment_paths(self.directory) if path != ending.segment])
        self._reserve = Reserve(self.directory, self.limits.reserve_bytes)
        self._mark = MarkFile(self.directory)
        self._mark.write(self.last_offset, flush=True)
        if ending.segment is not None:
            self._segment = SegmentWriter(ending.segment)
        self._gap = ending.gap
        if self._gap is not None:
            with contextlib.suppress(JournalFull):  # then it goes in front of the first entries that find room
                self._append_gap()

    @property
    def bytes(self) -> int:
        """What the segments take on disk."""
        return self._closed.bytes + (self._segment.size() + self._segment.wal_bytes if self._segment else 0)

    def append(self, entries: Sequence[Entry]) -> int:
        """Make the entries durable in one transaction; the offset of the last of them.

        JournalFull: none is in the journal, call again later. JournalError: give up."""
        try:
            if self._gap is not None:
                self._append_gap()
            if not entries:
                return self.last_offset
            self._keep_quota()
            return self._write_mending(entries)
        except JournalOverQuota:
            raise
        except JournalFull:
            self._reserve.give_up()
            raise
        except JournalError:
            self._failed = True
            raise

    def append_notice(self, gap: Gap, epoch: int = 0) -> int:
        """Write a gap notice; its offset."""
        return self.append([(GAP_TOPIC, gap.payload(), gap.end, 0, epoch)])

    def _append_gap(self) -> None:
        gap, self._gap = self._gap, None
        try:
            if gap is not None:
                self.append_notice(gap)
        except JournalFull:
            self._gap = gap
            raise

    def _write_mending(self, entries: Sequence[Entry]) -> int:
        try:
            return self._write(entries)
        except JournalDamaged:
            self._mend()
            return self._write(entries)

    @storage_errors()
    def _write(self, entries: Sequence[Entry]) -> int:
        segment = self._ready(len(entries))
        first = self.last_offset + 1
        segment.insert([(at, *entry, checksum(at, *entry)) for at, entry in enumerate(entries, first)])
        self.last_offset += len(entries)
        self._mark.write(self.last_offset)
        return self.last_offset

    def _ready(self, count: int) -> SegmentWriter:
        """The segment to write to: upkeep comes before the entries, so that no error of it can follow their commit."""
        self._reserve.check()
        segment = self._segment
        if segment is not None and self._is_over(segment, count):
            self._close_segment(segment)
            segment = None
        if segment is None:
            path = segment_path(self.directory, self.last_offset + 1)
            create(path, int(self._clock() * SECOND))
            segment = self._segment = SegmentWriter(path)
        if not segment.in_place():
            raise JournalError(f"{segment.path} has been removed or moved while it was being written")
        self._keep_log_short(segment)
        return segment

    def _keep_log_short(self, segment: SegmentWriter) -> None:
        if segment.wal_bytes < _CHECKPOINT_BYTES:
            self._checkpoint_at = _CHECKPOINT_BYTES
        elif segment.wal_bytes >= self._checkpoint_at:
            segment.checkpoint(truncate=segment.wal_bytes >= _CHECKPOINT_HARD_BYTES)
            self._checkpoint_at = segment.wal_bytes + _CHECKPOINT_BYTES  # where a reader was in the way: not each time

    @storage_errors()
    def _keep_quota(self) -> None:
        """JournalFull at the limit, unless something that nobody needs any more can go: if need be the open segment."""
        if self.bytes < self.limits.max_bytes:
            return
        if self._segment is not None and self._cursor > self.last_offset >= first_of(self._segment.path):
            self._close_segment(self._segment)
        self.retire(self._cursor)
        if self.bytes >= self.limits.max_bytes:
            raise JournalOverQuota(f"the journal has reached its limit of {self.limits.max_bytes} bytes")

    def _is_over(self, segment: SegmentWriter, count: int) -> bool:
        if count > SEGMENT_ROWS:
            raise ValueError(f"{count} entries at once")
        age_s = self._clock() - segment.created / SECOND
        return self.last_offset >= first_of(segment.path) and (
            segment.size() >= self.limits.segment_bytes
            or age_s >= self.limits.segment_age_s
            or self.last_offset + count >= first_of(segment.path) + SEGMENT_ROWS
        )

    def _close_segment(self, segment: SegmentWriter) -> None:
        segment.checkpoint(truncate=True)
        self._segment = None
        segment.close()
        self._closed.add(segment.path)
        self.retire(self._cursor)

    @storage_errors()
    def _mend(self) -> None:
        """The segment turned out to be damaged while it was written: do what opening it would have done."""
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None
        self._mark.close()
        self._open()

    @storage_errors()
    def retire(self, cursor: int) -> int:
        """Everything below `cursor` has been dealt with: unlink whole closed segments beyond the limits; how many."""
        self._cursor = cursor
        open_first = first_of(self._segment.path) if self._segment else self.last_offset + 1
        return self._closed.retire(cursor, open_first, self.limits, self._clock())

    def last_heard(self) -> tuple[int, int]:
        """When the last entry was received and its epoch; zeros in an empty journal."""
        with JournalReader(self.directory) as reader:
            record = reader.get(self.last_offset)
        return (record.received, record.epoch) if record else (0, 0)

    def close(self) -> None:
        """End in order, so that the next start need not check; twice does no harm.

        After an error nothing is flushed again: a second try may succeed though the first one lost something."""
        try:
            if self._segment is not None and self._failed:
                self._segment.abandon()
                self._segment = None
            if self._segment is not None:
                with contextlib.suppress(JournalFull):  # it is all in the log, which is as durable
                    self._segment.checkpoint()
                self._segment.close()
                self._segment = None
                self._mark.write(self.last_offset, closed=True, flush=True)
        finally:
            self._mark.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(JournalError) if error else contextlib.nullcontext():
            self.close()
