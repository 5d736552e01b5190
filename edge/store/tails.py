"""Readings that are not sealed yet: in memory, and as the hot rows from which a restart or a query has them again.

Each flush appends one row to `reading_log`, with everything that came. When the log has grown it is folded: every group
gets one row of its own in `reading_hot`, and the log starts anew. So a flush writes one row, and a question about one
signal reads a few rows of its group and a short log. An empty segment in the log says that the group was sealed: what
came before it lies in a chunk.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from operator import lt

import apsw
import msgspec

from edge.store.recent import Recent
from edge.store.series import Group

SCHEMA = """
create table reading_log(flush integer primary key, segments blob not null);
create table reading_hot(
    "group" integer not null, flush integer not null, segment blob not null, primary key("group", flush)) without rowid;
"""

Quality = dict[str, str]
_HEAD = struct.Struct("<IIQ")  # rows, signals in a row, bytes of quality
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

    @property
    def size(self) -> int:
        """Bytes of memory, nearly."""
        return 16 * len(self.times) + 8 * len(self.values) + 200 * len(self.quality)

    def in_order(self) -> bool:
        """Whether every instant is later than the one before it."""
        return all(map(lt, self.times, islice(self.times, 1, None)))

    def segment(self, first: int) -> bytes:
        """The rows from `first` on, as bytes."""
        rows = len(self.times) - first
        width = len(self.values) // len(self.times) if rows else 0
        quality = b""
        if self.quality:
            quality = _encode({row - first: said for row, said in self.quality.items() if row >= first})
        return b"".join((
            _HEAD.pack(rows, width, len(quality)), self.times[first:].tobytes(), self.offsets[first:].tobytes(),
            self.values[first * width :].tobytes(), quality,
        ))  # fmt: skip

    def extend(self, segment: bytes | memoryview) -> None:
        """Append the rows of a segment."""
        rows, width, quality = _HEAD.unpack_from(segment)
        start, before = _HEAD.size, len(self.times)
        for column, n in ((self.times, rows), (self.offsets, rows), (self.values, rows * width)):
            column.frombytes(segment[start : start + 8 * n])
            start += 8 * n
        if quality:
            self.quality.update((before + row, said) for row, said in _decode(segment[start:]).items())


class Tail(Rows):
    """The unsealed readings of one group. `new_*` came since the last flush, the first `folded` rows lie in hot rows.

    `newest` is the latest instant ever, `last` the latest row as (instant, offset, values)."""

    __slots__ = ("folded", "group", "last", "new_offsets", "new_quality", "new_times", "new_values", "newest", "recent")

    def __init__(self, group: Group) -> None:
        super().__init__()
        self.group = group
        self.new_times: list[int] = []
        self.new_offsets: list[int] = []
        self.new_values: list[float] = []
        self.new_quality: dict[int, Quality] = {}
        self.newest = max((s.last_ts for s in group.signals if s.last_ts is not None), default=-(1 << 62))
        self.last: tuple[int, int, tuple[float, ...]] | None = None
        self.recent: Recent | None = None
        self.folded = 0

    def take_new(self) -> int:
        """Move what came since the last flush to the rows; returns its bytes."""
        before, size = len(self.times), self.size
        self._note_last()
        if self.recent is not None:
            self.recent.flushed(self.new_times, self.new_values)
        self.times.extend(self.new_times)
        self.offsets.extend(self.new_offsets)
        self.values.extend(array("d", self.new_values))
        self.new_times, self.new_offsets, self.new_values = [], [], []
        if self.new_quality:
            self.quality.update((before + row, said) for row, said in self.new_quality.items())
            self.new_quality = {}
        return self.size - size

    def _note_last(self) -> None:
        newest = max(self.new_times)
        if self.last is None or newest >= self.last[0]:
            row = len(self.new_times) - 1
            while self.new_times[row] != newest:
                row -= 1
            width = len(self.group.names)
            self.last = newest, self.new_offsets[row], tuple(self.new_values[row * width : (row + 1) * width])

    def last_points(self) -> Iterator[tuple[str, tuple[int, int, float]]]:
        """The name and latest (instant, offset, value) of each signal, first of what is sealed and then of the rows."""
        for signal in self.group.signals:
            if signal.last_ts is not None and signal.last_value is not None:
                yield signal.name, (signal.last_ts, -1, signal.last_value)
        if self.last is not None:
            ts, offset, values = self.last
            for name, value in zip(self.group.names, values, strict=True):
                yield name, (ts, offset, value)

    def restore(self, segment: bytes | memoryview) -> None:
        """Take rows back from the store."""
        rows = Rows()
        rows.extend(segment)
        self.new_times, self.new_offsets, self.new_values = list(rows.times), list(rows.offsets), list(rows.values)
        self.new_quality = rows.quality
        self.newest = max(self.newest, *self.new_times)
        self.take_new()

    def clear(self) -> None:
        """Forget the rows, which are sealed now; what came last stays known."""
        self.times, self.offsets, self.values = array("q"), array("q"), array("d")
        self.quality, self.recent = {}, None
        self.folded = 0


def join(segments: Mapping[int, bytes]) -> bytes:
    """One row of the log: number of groups, their numbers (rising), where each segment ends, the segments."""
    groups = sorted(segments)
    ends = array("q")
    end = 0
    for group in groups:
        end += len(segments[group])
        ends.append(end)
    return b"".join((
        len(groups).to_bytes(8, "little"), array("q", groups).tobytes(), ends.tobytes(),
        *[segments[group] for group in groups],
    ))  # fmt: skip


def split(blob: bytes) -> Iterator[tuple[int, memoryview]]:
    """Each group of a row of the log, with its segment."""
    n = int.from_bytes(blob[:8], "little")
    groups, ends = array("q", blob[8 : 8 + 8 * n]), array("q", blob[8 + 8 * n : 8 + 16 * n])
    body = memoryview(blob)[8 + 16 * n :]
    start = 0
    for group, end in zip(groups, ends, strict=True):
        yield group, body[start:end]
        start = end


def find(blob: bytes, group: int) -> memoryview | None:
    """The segment of one group in a row of the log."""
    n = int.from_bytes(blob[:8], "little")
    groups = array("q", blob[8 : 8 + 8 * n])
    place = bisect_left(groups, group)
    if place == n or groups[place] != group:
        return None
    ends = array("q", blob[8 + 8 * n : 8 + 16 * n])
    return memoryview(blob)[8 + 16 * n :][ends[place - 1] if place else 0 : ends[place]]


def hot_rows(db: apsw.Connection, groups: Iterable[int]) -> dict[int, Rows]:
    """The unsealed readings of some groups, read from the store."""
    found = {group: Rows() for group in groups}
    for group, rows in found.items():
        for (segment,) in db.execute('select segment from reading_hot where "group"=? order by flush', (group,)):
            rows.extend(segment)
    for (blob,) in db.execute("select segments from reading_log order by flush"):
        for group in found:
            segment = find(blob, group)
            if segment is not None and len(segment):
                found[group].extend(segment)
            elif segment is not None:
                found[group] = Rows()
    return found


class HotRows:
    """Writes the hot rows: one row of the log at each flush, and a fold where the log has grown."""

    FOLD_ROWS = 256
    FOLD_BYTES = 4_000_000

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._rows, self._bytes = 0, 0
        self._flush = 0
        self._unfolded: dict[int, Tail] = {}

    def restore(self, tails: Mapping[int, Tail]) -> None:
        """Fill the tails, by group, with what the last run had flushed and not sealed."""
        for group, flush, segment in self._db.execute('select "group", flush, segment from reading_hot order by flush'):
            tails[group].restore(segment)
            tails[group].folded = len(tails[group])
            self._flush = flush
        for flush, blob in self._db.execute("select flush, segments from reading_log order by flush"):
            self._rows, self._bytes = self._rows + 1, self._bytes + len(blob)
            self._flush = max(self._flush, flush)
            for group, segment in split(blob):
                if len(segment):
                    tails[group].restore(segment)
                    self._unfolded[group] = tails[group]
                else:
                    tails[group].clear()
                    self._unfolded.pop(group, None)

    def write(self, grown: Mapping[Tail, int], sealed: Iterable[Tail]) -> bool:
        """Persist the rows of each grown tail from a row number on, and that some were sealed. True where it folded."""
        segments = {}
        for tail in sealed:
            segments[tail.group.id] = b""
            self._unfolded.pop(tail.group.id, None)
            if tail.folded:
                self._db.execute('delete from reading_hot where "group"=?', (tail.group.id,))
            tail.clear()
        for tail, first in grown.items():
            segments[tail.group.id] = tail.segment(first)
            self._unfolded[tail.group.id] = tail
        self._flush += 1
        size = sum(map(len, segments.values()))
        if self._unfolded and self._rows + 1 < self.FOLD_ROWS and self._bytes + size < self.FOLD_BYTES:
            self._db.execute("insert into reading_log values(?,?)", (self._flush, join(segments)))
            self._rows, self._bytes = self._rows + 1, self._bytes + size
            return False
        self._fold()
        return True

    def _fold(self) -> None:
        rows = [(number, self._flush, tail.segment(tail.folded)) for number, tail in sorted(self._unfolded.items())]
        self._db.executemany("insert into reading_hot values(?,?,?)", rows)
        self._db.execute("delete from reading_log")
        for tail in self._unfolded.values():
            tail.folded = len(tail)
        self._unfolded.clear()
        self._rows = self._bytes = 0
