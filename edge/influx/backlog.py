"""Readings that were not sent when they came: gaps, sent machine by machine from what the store holds now.

Sealed chunks come first, by their rising numbers, then the rows that are not sealed; rows that are sealed meanwhile are
found in a chunk with a higher number. Where several sources have the same instant, what is sent is what the store
answers, so that nothing older is written over something newer.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import apsw
import msgspec

from edge.clock import DAY
from edge.influx.batch import Batch
from edge.influx.catalog import Groups
from edge.influx.events import Events
from edge.influx.following import Following
from edge.influx.lineprotocol import head
from edge.influx.points import QUALITY, quality_line, sparse_lines, tags
from edge.influx.positions import Gap, Positions
from edge.store.chunks import unpack_times, unpack_values
from edge.store.meta import processed
from edge.store.points import Marks, Points
from edge.store.segments import Rows
from edge.store.series import groups_of, places_of
from edge.store.unsealed import hot_rows, last_flush

_decode_marks = msgspec.msgpack.Decoder(dict[int, Marks]).decode
MACHINES = 16
"""Looked at together, so that the log of flushes is read once for all of them; one that is half done, alone."""
PIECE = 2000
"""Lines made at once, a little more where they come together: whoever asks meanwhile hardly waits for that."""
ASKED_RATE = 10_000
"""Lines a second, at most, while somebody asks: InfluxDB needs the processor for them, and takes it from answers."""


@dataclass(frozen=True, slots=True)
class Chunk:
    id: int
    group: int
    start: int
    end: int
    n: int


class Backlog:
    """The gaps, oldest first."""

    def __init__(self, positions: Positions, groups: Groups) -> None:
        self._positions, self._groups = positions, groups

    def next(self, db: apsw.Connection) -> Batch | None:
        """The next piece of the oldest gap, in one state of the store; None where there is no gap."""
        gaps = self._positions.gaps()
        if not gaps:
            return None
        gap = gaps[0]
        machines = _machines(db, gap.machine, 1 if gap.chunk else MACHINES)
        last = len(machines) < MACHINES and not gap.chunk
        groups = {machine: list(groups_of(db, machine)) for machine in machines}
        hot = hot_rows(db, [group for of_machine in groups.values() for group in of_machine])
        lines: list[str] = []
        for machine in machines:
            rows = {group: hot[group] for group in groups[machine]}
            for chunk in _chunks(db, groups[machine], gap, gap.chunk if machine == gap.machine else 0):
                lines += self._chunk_lines(db, machine, chunk, rows, groups[machine])
                if len(lines) >= PIECE:
                    return Batch(lines, partial(self._positions.move_gap, gap.id, machine, chunk.id))
            lines += self._hot_lines(db, machine, rows, gap)
            if len(lines) >= PIECE:
                return Batch(lines, partial(self._positions.move_gap, gap.id, machine + 1, 0))
        if last:
            return Batch(lines, partial(self._positions.close_gap, gap.id))
        return Batch(lines, partial(self._positions.move_gap, gap.id, machines[-1] + 1, 0))

    def let_go(self, db: apsw.Connection) -> tuple[int, int] | None:
        """[since, until) in us of readings that the store has let go before they were sent, as far as gaps tell."""
        found: Any = db.execute("select before_us from reading_retention where level='points'").fetchone()
        since = [gap.since for gap in self._positions.gaps() if found is not None and 0 < gap.since < found[0]]
        return (min(since), int(found[0])) if since else None

    def waiting(self, db: apsw.Connection) -> int:
        """About how many readings are left: those of the gaps, shared out evenly among the machines."""
        machines = [int(number) for (number,) in db.execute("select distinct machine from reading_groups")]
        left = 0.0
        for gap in self._positions.gaps():
            rest = sum(number >= gap.machine for number in machines) / max(len(machines), 1)
            left += (gap.until - max(gap.after, 0)) * rest
        return round(left)

    def _chunk_lines(self, db: apsw.Connection, machine: int, chunk: Chunk, hot: Mapping[int, Rows],
                     groups: Sequence[int]) -> Iterable[str]:  # fmt: skip
        known = self._groups.get(db, chunk.group)
        if _is_overlaid(db, chunk, groups) or any(_reaches(rows, chunk) for rows in hot.values()):
            return lines_between(db, known.path, machine, known.names, chunk.start, chunk.end + 1, hot)
        times, columns, marks = _load(db, chunk)
        found = known.lines.of_columns(times, columns)
        start = head(QUALITY, tags(known.path))
        found += [quality_line(start, ts, said) for ts, said in _by_instant(marks, known.names).items()]
        return found

    def _hot_lines(self, db: apsw.Connection, machine: int, hot: Mapping[int, Rows], gap: Gap) -> Iterator[str]:
        """Unsealed readings of the gap."""
        for group, rows in hot.items():
            places = [place for place, offset in enumerate(rows.offsets) if gap.after < offset <= gap.until]
            if not places:
                continue
            known = self._groups.get(db, group)
            if len(hot) == 1 and rows.in_order():
                yield from known.lines.of(rows.pick(places))
                continue
            times = sorted({rows.times[place] for place in places})
            wanted = set(times)
            yield from lines_between(db, known.path, machine, known.names, times[0], times[-1] + 1, hot, wanted)


def waiting(db: apsw.Connection, following: Following, events: Events, backlog: Backlog) -> int:
    """About how many points the store has that were not sent: of what follows its flushes, messages, since a flush is
    not looked into before it is sent."""
    behind = processed(db) - following.offset if last_flush(db) > following.flush else 0
    return max(behind, 0) + events.waiting(db) + backlog.waiting(db)


def rest_s(lines: int, *, made_s: float, took_s: float, asked: bool) -> float:
    """Seconds to leave to others after a piece, which was made in `made_s` and in InfluxDB after `took_s`.

    Making pieces takes at most half of the time, because questions are answered in the same process."""
    return max(made_s, lines / ASKED_RATE - took_s if asked else 0.0)


def _machines(db: apsw.Connection, first: int, most: int) -> list[int]:
    """The next machines with readings, by number."""
    sql = "select distinct machine from reading_groups where machine>=? order by machine limit ?"
    return [int(machine) for (machine,) in db.execute(sql, (first, most))]


def _chunks(db: apsw.Connection, groups: Iterable[int], gap: Gap, after: int) -> Iterator[Chunk]:
    """Chunks of these groups that may hold readings of the gap, by number."""
    found = []
    sql = ('select id, "group", start, end, n from reading_chunks where "group"=? and id>? and last_offset>? '
           "and first_offset<=?")  # fmt: skip
    for group in groups:
        found += [Chunk(*row) for row in db.execute(sql, (group, after, gap.after, gap.until))]
    yield from sorted(found, key=lambda chunk: chunk.id)


def _is_overlaid(db: apsw.Connection, chunk: Chunk, groups: Iterable[int]) -> bool:
    """Whether a chunk that was sealed later has instants in the same time; no chunk is longer than a day."""
    sql = 'select 1 from reading_chunks where "group"=? and start>=? and start<=? and end>=? and id>? limit 1'
    return any(
        db.execute(sql, (group, chunk.start - DAY, chunk.end, chunk.start, chunk.id)).fetchone() for group in groups
    )


def _reaches(rows: Rows, chunk: Chunk) -> bool:
    return bool(rows) and min(rows.times) <= chunk.end and max(rows.times) >= chunk.start


def _load(db: apsw.Connection, chunk: Chunk) -> tuple[list[int], list[list[float]], dict[int, Marks]]:
    """Instants, a column for each signal, and by column the quality where it was not good."""
    sql = "select times, ends, columns, quality from reading_chunks where id=?"
    found: list[Any] = db.execute(sql, (chunk.id,)).fetchall()
    ((times, ends, packed, quality),) = found
    columns, start = [], 0
    for end in array("q", ends):
        columns.append(unpack_values(packed[start:end], chunk.n))
        start = end
    return unpack_times(times, chunk.n), columns, _decode_marks(quality) if quality else {}


def _by_instant(marks: Mapping[int, Marks], names: Sequence[str]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for column, of_column in marks.items():
        for ts, said in of_column.items():
            found.setdefault(ts, {})[names[column]] = said
    return found


def lines_between(
    db: apsw.Connection, path: str, machine: int, names: Iterable[str], start: int, end: int,
    hot: Mapping[int, Rows], wanted: set[int] | None = None,
) -> list[str]:  # fmt: skip
    """Lines of what the store answers for signals of a machine in [start, end), or of some instants in it."""
    points: dict[int, dict[str, float]] = {}
    doubts: dict[int, dict[str, str]] = {}
    for name in names:
        found: Any = db.execute("select id from reading_signals where machine=? and name=?", (machine, name)).fetchone()
        if found is None:
            continue
        reader = Points(db, places_of(db, machine, int(found[0])), name)
        for run in reader.runs(start, end, reader.hot(hot), marked=True):
            for ts, value in zip(run.times, run.values, strict=True):
                if wanted is None or ts in wanted:
                    points.setdefault(ts, {})[name] = value
                    if ts in run.marks:
                        doubts.setdefault(ts, {})[name] = run.marks[ts]
    lines = list(sparse_lines(path, points))
    if doubts:
        quality = head(QUALITY, tags(path))
        lines += [quality_line(quality, ts, said) for ts, said in doubts.items()]
    return lines
