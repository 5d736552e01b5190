"""Readings that are not sealed yet: kept as hot rows, from which a restart, a seal or a query has them again.

Each flush appends one row to `reading_log`, with everything that came: a segment per group. As the log grows, the
groups that have been in it longest are folded: their segments become a row of their own in `reading_hot`, and log rows
that nobody needs any more are deleted. So a flush writes one row, a question about one signal reads a few rows of its
group and a short log, and memory holds no more than the log. A segment may say that the group was sealed: what
came before lies in a chunk.

Whoever follows the log (the outbox) finds each row once: what was sealed in the flush that brought it stands under the
negative number of its group, which nobody else reads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

import apsw

from edge.store.recent import Recent
from edge.store.segments import Quality, Rows, has_rows, is_sealed, join, newest_row, segment_of, split
from edge.store.series import Group
from edge.store.unsealed import Latest, Point, keep_newest, newest_folded

SCHEMA = """
create table reading_log(flush integer primary key, segments blob not null);
create table reading_hot(
    "group" integer not null, flush integer not null, newest integer not null, segment blob not null,
    primary key("group", flush)) without rowid;
"""


class Tail:
    """The unsealed readings of one group: those since the last flush in four lists, those in the log as `segments`, and
    `folded` bytes in hot rows. `newest` is the latest instant ever, `last` the row of the latest one flushed."""

    __slots__ = ("folded", "group", "last", "newest", "offsets", "quality", "recent", "segments", "since", "size",
                 "times", "values")  # fmt: skip

    def __init__(self, group: Group) -> None:
        self.group = group
        self.times: list[int] = []
        self.offsets: list[int] = []
        self.values: list[float] = []
        self.quality: dict[int, Quality] = {}
        self.newest = max((s.last_ts for s in group.signals if s.last_ts is not None), default=-(1 << 62))
        self.last: tuple[int, int, tuple[float, ...]] | None = None
        self.recent: Recent | None = None
        self.segments: list[bytes] = []
        self.since = 0  # the flush of the first segment
        self.size = self.folded = 0

    def take_new(self) -> bytes:
        """Make a segment of what came since the last flush."""
        times, offsets, values = self.times, self.offsets, self.values
        if self.recent is not None:
            self.recent.flushed(times, values)
        row, rows = 0, len(times)
        if rows > 1:
            row = rows - 1
            newest = max(times)
            while times[row] != newest:
                row -= 1
        if self.last is None or times[row] >= self.last[0]:
            width = len(self.group.names)
            self.last = times[row], offsets[row], tuple(values[row * width : row * width + width])
        segment = segment_of(times, offsets, values, self.quality)
        self.times, self.offsets, self.values = [], [], []
        if self.quality:
            self.quality = {}
        self.segments.append(segment)
        self.size += len(segment)
        return segment

    def take_back(self, segment: bytes) -> None:
        """Take a segment of the log of the last run."""
        self.segments.append(segment)
        self.size += len(segment)

    def take_last(self, segment: bytes) -> None:
        """Take what came last from the segment that has it."""
        row = newest_row(segment)
        self.last = row.times[0], row.offsets[0], tuple(row.values)
        self.newest = max(self.newest, row.times[0])

    def clear(self, rest: Iterable[bytes] = ()) -> None:
        """Forget the rows, which are sealed now, except for a rest; what came last stays known."""
        self.segments, self.recent = list(rest), None
        self.size, self.folded = sum(map(len, self.segments)), 0

    def last_points(self) -> Iterator[tuple[str, Point]]:
        """The name and latest point of each signal, first of what is sealed and then of the rows."""
        for signal in self.group.signals:
            if signal.last_ts is not None and signal.last_value is not None:
                yield signal.name, (signal.last_ts, -1, signal.last_value)
        if self.last is not None:
            ts, offset, values = self.last
            for name, value in zip(self.group.names, values, strict=True):
                yield name, (ts, offset, value)


class HotRows:
    """Writes the hot rows, inside the caller's transaction."""

    LOG_ROWS = 256
    LOG_BYTES = 10_000_000
    FOLDS, FOLD_BYTES = 100, 1_000_000  # in one flush, or more where that would not keep up

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._flush = 0
        self._log: deque[tuple[int, int]] = deque()  # flush and bytes of each row of the log
        self._bytes = 0
        self._logged: dict[int, Tail] = {}  # tails with segments in the log, by `since`

    def restore(self, tails: Mapping[int, Tail]) -> None:
        """Fill the tails, by group, with what the last run had flushed and not sealed."""
        folded, latest = self._restore_folded(tails)
        for flush, blob in self._db.execute("select flush, segments from reading_log order by flush"):
            self._log.append((flush, len(blob)))
            self._bytes += len(blob)
            self._flush = max(self._flush, flush)
            for group, segment in split(blob):
                if group < 0 or flush <= folded.get(group, 0):
                    continue
                if is_sealed(segment):
                    tails[group].clear()
                    self._logged.pop(group, None)
                    latest.pop(group, None)
                if has_rows(segment):
                    tails[group].take_back(segment)
                    self._note(tails[group], flush)
                    keep_newest(latest, group, segment)
        for group, (_, segment) in latest.items():
            tails[group].take_last(segment)

    def _restore_folded(self, tails: Mapping[int, Tail]) -> tuple[dict[int, int], Latest]:
        """Of each folded group the last flush, and the segment with the latest instant. The rest stays where it is."""
        folded: dict[int, int] = {}
        sql = 'select "group", max(flush), total(length(segment)) from reading_hot group by "group"'
        for group, flush, size in self._db.execute(sql):
            folded[group] = flush
            tails[group].folded = tails[group].size = int(size)
            self._flush = max(self._flush, flush)
        return folded, newest_folded(self._db)

    def _note(self, tail: Tail, flush: int) -> None:
        if tail.group.id not in self._logged:
            self._logged[tail.group.id] = tail
            tail.since = flush

    def rows(self, tail: Tail) -> Rows:
        """All flushed rows of a tail."""
        rows = Rows()
        if tail.folded:
            sql = 'select segment from reading_hot where "group"=? order by flush'
            for (segment,) in self._db.execute(sql, (tail.group.id,)):
                rows.extend(segment)
        rows.extend_all(tail.segments)
        return rows

    def write(self, grown: Mapping[Tail, bytes], sealed: Mapping[Tail, Rows], at_once: Mapping[Tail, bytes]) -> None:
        """Persist the new segment of each grown tail, and that others were sealed, each except for a rest; `at_once`
        has the new segments of those."""
        segments = {-tail.group.id: segment for tail, segment in at_once.items()}
        self._flush += 1
        for tail, rest in sealed.items():
            segment = segments[tail.group.id] = rest.segment(sealed=True)
            self._logged.pop(tail.group.id, None)
            if tail.folded:
                self._db.execute('delete from reading_hot where "group"=?', (tail.group.id,))
            tail.clear([segment] if rest else ())
            if rest:
                self._note(tail, self._flush)
        for tail, segment in grown.items():
            segments[tail.group.id] = segment
            self._note(tail, self._flush)
        blob = join(segments)
        self._db.execute("insert into reading_log values(?,?)", (self._flush, blob))
        self._log.append((self._flush, len(blob)))
        self._bytes += len(blob)
        self._trim()
        self._fold(max(self.FOLDS, len(self._logged) // 16), max(self.FOLD_BYTES, 2 * len(blob)))

    def _fold(self, most: int, most_bytes: int) -> None:
        """While the log is too large: fold the tails that have been in it longest."""
        folded: list[tuple[int, int, int, bytes]] = []
        while self._logged and len(folded) < most and most_bytes > 0 and self._is_large():
            group, tail = next(iter(self._logged.items()))
            rows = Rows()
            rows.extend_all(tail.segments)
            segment = rows.segment()
            folded.append((group, self._flush, max(rows.times), segment))
            most_bytes -= len(segment)
            tail.folded += len(segment)
            tail.size += len(segment) - sum(map(len, tail.segments))
            tail.segments = []
            del self._logged[group]
            self._trim()
        self._db.executemany("insert into reading_hot values(?,?,?,?)", folded)

    def _is_large(self) -> bool:
        return len(self._log) > self.LOG_ROWS or self._bytes > self.LOG_BYTES

    def _trim(self) -> None:
        """Delete the rows of the log that nobody needs any more, but not the last one: its number names the state."""
        oldest = next(iter(self._logged.values())).since if self._logged else self._flush
        before = len(self._log)
        while self._log and self._log[0][0] < oldest:
            self._bytes -= self._log.popleft()[1]
        if len(self._log) < before:
            self._db.execute("delete from reading_log where flush<?", (oldest,))
