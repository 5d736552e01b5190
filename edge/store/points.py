"""The points of one signal, from sealed chunks (which may overlap) and hot rows, as one ordered run without repeats.

Where two sources have the same instant, the later one counts: a chunk sealed later, and hot rows after any chunk.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw
import msgspec

from edge.clock import DAY
from edge.store.chunks import Times, Values, unpack_times, unpack_values
from edge.store.minutes import Stat
from edge.store.rollups import cuts
from edge.store.segments import Rows
from edge.store.series import Place
from edge.store.unsealed import hot_rows

SCHEMA = """
create table reading_chunks(
    id integer primary key, "group" integer not null, start integer not null, end integer not null, n integer not null,
    first_offset integer not null, last_offset integer not null, stats blob not null, times blob not null,
    ends blob not null, columns blob not null, quality blob);
create index reading_chunks_by_time on reading_chunks("group", start, end, n);
create index reading_chunks_by_age on reading_chunks(start);
"""
HOT = 1 << 62  # the place of hot rows in the order of sources: after every chunk

Marks = dict[int, str]
"""Quality by instant, where it is not good."""
_decode_marks = msgspec.msgpack.Decoder(dict[int, Marks]).decode


@dataclass(frozen=True, slots=True)
class Run:
    """Points in order of time, each instant once."""

    times: Times
    values: Values
    marks: Marks = field(default_factory=dict)

    def between(self, start: int, end: int) -> Run:
        """The points in [start, end)."""
        first, after = bisect_left(self.times, start), bisect_left(self.times, end)
        if first == 0 and after == len(self.times):
            return self
        return Run(self.times[first:after], self.values[first:after], self.marks)


EMPTY = Run((), [])


@dataclass(frozen=True, slots=True)
class Source:
    """A chunk that may hold points in question; `start` and `end` are its first and last instant."""

    id: int
    start: int
    end: int
    n: int
    place: Place


def merge(runs: Sequence[Run]) -> Run:
    """One run of several; of the same instant the point of the last run stays."""
    runs = [run for run in runs if run.times]
    if len(runs) < 2:
        return runs[0] if runs else EMPTY
    points: dict[int, float] = {}
    marks: Marks = {}
    for run in runs:
        if marks:
            for ts in run.times:
                marks.pop(ts, None)
        points.update(zip(run.times, run.values, strict=True))
        marks.update(run.marks)
    times = sorted(points)
    return Run(times, [points[ts] for ts in times], marks)


class Points:
    """Reads the points of one signal through any connection. Call it inside one transaction, so that all of it fits."""

    def __init__(self, db: apsw.Connection, places: Sequence[Place], name: str) -> None:
        self._db, self._places, self._name = db, places, name

    def sources(self, start: int, end: int) -> list[Source]:
        """Chunks with instants in [start, end), by their first instant. No chunk is longer than a day."""
        sql = ('select id, start, end, n from reading_chunks where "group"=? and start>=? and start<? and end>=? '
               "order by start, id")  # fmt: skip
        found = [
            Source(number, first, last, n, place)
            for place in self._places
            for number, first, last, n in self._db.execute(sql, (place.group, start - DAY, end, start))
        ]
        if len(self._places) > 1:
            found.sort(key=lambda source: (source.start, source.id))
        return found

    def count_at_most(self, start: int, end: int, limit: int) -> int | None:
        """An upper bound of the sealed points in [start, end), or None where more than `limit` chunks lie there."""
        total = left = 0
        sql = ('select count(*), total(n) from (select n from reading_chunks where "group"=? and start>=? and start<? '
               "and end>=? limit ?)")  # fmt: skip
        for place in self._places:
            chunks, n = self._one(sql, (place.group, start - DAY, end, start, limit + 1))
            left += chunks
            total += int(n)
            if left > limit:
                return None
        return total

    def _one(self, sql: str, values: tuple[int, ...]) -> tuple[Any, ...]:
        """The one row that is there."""
        row: tuple[Any, ...] | None = self._db.execute(sql, values).fetchone()
        assert row is not None
        return row

    def load(self, source: Source, *, marked: bool = False) -> Run:
        """The points of one chunk; quality only where asked for."""
        sql = "select times, ends, columns, quality from reading_chunks where id=?"
        times, ends, columns, quality = self._one(sql, (source.id,))
        column = source.place.column
        limits = array("q", ends)
        packed = columns[limits[column - 1] if column else 0 : limits[column]]
        marks = _decode_marks(quality).get(column, {}) if marked and quality else {}
        return Run(unpack_times(times, source.n), unpack_values(packed, source.n), marks)

    def stat(self, source: Source) -> Stat:
        """Figures of a chunk, without unpacking it."""
        (blob,) = self._one("select stats from reading_chunks where id=?", (source.id,))
        column = source.place.column
        return Stat(source.n, *array("d", blob[40 * column : 40 * column + 24]))

    def runs(self, start: int, end: int, hot: Run = EMPTY, *, marked: bool = False) -> Iterator[Run]:
        """All points in [start, end), in runs one after the other."""
        for together, part in self.clusters(start, end, hot):
            yield self.load_all(together, part, marked=marked).between(start, end)

    def stats(self, start: int, end: int, width: int, hot: Run = EMPTY) -> Iterator[tuple[int, Stat]]:
        """Figures of all points in [start, end), none across a bucket: (an instant in its bucket, figures).

        A chunk that overlaps no other and lies in one bucket is not unpacked."""
        for sources, part in self.clusters(start, end, hot):
            one = sources[0] if len(sources) == 1 and not part.times else None
            if one and start <= one.start and one.end < end and one.start // width == one.end // width:
                yield one.start, self.stat(one)
                continue
            run = self.load_all(sources, part).between(start, end)
            for _, row, after in cuts(run.times, width):
                yield run.times[row], Stat.of(run.values[row:after])

    def load_all(self, sources: Iterable[Source], hot: Run, *, marked: bool = False) -> Run:
        """The points of sources that overlap, as one run."""
        by_age = sorted(sources, key=lambda source: source.id)
        return merge([*(self.load(source, marked=marked) for source in by_age), hot])

    def clusters(self, start: int, end: int, hot: Run = EMPTY) -> Iterator[tuple[list[Source], Run]]:
        """Sources in [start, end) that have to be read together, and the hot points among them, in order of time."""
        hot = hot.between(start, end)
        together: list[Source] = []
        reach = start - 1
        for source in self.sources(start, end):
            if together and source.start > reach:
                yield together, hot.between(-HOT, reach + 1)
                hot = hot.between(reach + 1, HOT)
                together = []
            if not together:
                before = hot.between(-HOT, source.start)
                if before.times:
                    yield [], before
                    hot = hot.between(source.start, HOT)
            together.append(source)
            reach = max(reach, source.end)
        if together:
            yield together, hot.between(-HOT, reach + 1)
            hot = hot.between(reach + 1, HOT)
        if hot.times:
            yield [], hot

    def last_chunk(self, before: int) -> int | None:
        """The first instant of the last chunk that begins before an instant."""
        return self._edge('select max(start) from reading_chunks where "group"=? and start<?', before, max)

    def first_sealed(self, at: int) -> int | None:
        """An instant from `at` on that no sealed point from there on precedes; None where there is none."""
        found = [max(source.start, at) for source in self.sources(at, at + 1)]
        return min(found) if found else self._edge(
            'select min(start) from reading_chunks where "group"=? and start>=?', at, min
        )  # fmt: skip

    def _edge(self, sql: str, at: int, choose: Callable[[list[int]], int]) -> int | None:
        rows = [self._db.execute(sql, (place.group, at)).fetchone() for place in self._places]
        found = [int(row[0]) for row in rows if row is not None and row[0] is not None]
        return choose(found) if found else None

    def hot(self, known: Mapping[int, Rows] | None = None) -> Run:
        """The points that are not sealed yet; `known` may hold the unsealed rows of the groups."""
        by_group = hot_rows(self._db, [place.group for place in self._places]) if known is None else known
        parts = [(rows, place) for place in self._places if (rows := by_group[place.group])]
        if len(parts) == 1:
            rows, place = parts[0]
            if not rows.quality and rows.in_order():
                return Run(rows.times.tolist(), rows.values[place.column :: place.width].tolist())
        return _last_of_each(parts, self._name)


def _last_of_each(parts: Sequence[tuple[Rows, Place]], name: str) -> Run:
    """Hot rows of several groups as one run: of each instant the point with the largest offset."""
    found: dict[int, tuple[int, float, str | None]] = {}
    for rows, place in sorted(parts, key=lambda part: part[1].group):
        column = rows.values[place.column :: place.width]
        for row, (ts, offset, value) in enumerate(zip(rows.times, rows.offsets, column, strict=True)):
            if ts not in found or offset >= found[ts][0]:
                found[ts] = offset, value, rows.quality[row].get(name) if row in rows.quality else None
    times = sorted(found)
    return Run(times, [found[ts][1] for ts in times], {ts: said for ts in times if (said := found[ts][2])})
