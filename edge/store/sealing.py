"""Seals tails: sorts, cuts at UTC days, packs each signal's values into a chunk, and keeps the rollups exact."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import apsw
import msgspec

from edge.clock import DAY, HOUR, MINUTE
from edge.store.chunks import Times, Values, pack_times, pack_values, unpack_times
from edge.store.minutes import Stat, merge
from edge.store.points import Marks, Points
from edge.store.rollups import Rollups, cuts, stretches
from edge.store.segments import Rows
from edge.store.series import Catalog, Group, Signal, places_of

_encode = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Block:
    """Points of one group in order of time, each instant once; a list of values and marks for each signal."""

    group: Group
    times: Times
    columns: list[Values]
    marks: dict[int, Marks]
    first_offset: int
    last_offset: int

    def cut(self, first: int, after: int) -> Block:
        """Its rows from `first` up to `after`."""
        if first == 0 and after == len(self.times):
            return self
        times = self.times[first:after]
        marks = {
            column: kept
            for column, known in self.marks.items()
            if (kept := {ts: said for ts, said in known.items() if times[0] <= ts <= times[-1]})
        }
        columns = [column[first:after] for column in self.columns]
        return Block(self.group, times, columns, marks, self.first_offset, self.last_offset)


Part = tuple[Group, Rows]


def blocks_of(parts: Sequence[Part], catalog: Catalog) -> list[Block]:
    """The rows of one machine's groups as blocks that nowhere say two things of one signal and instant."""
    if not share_signals(parts):
        return [_block(group, rows) for group, rows in parts]
    main = max(parts, key=lambda part: len(part[1]))
    others = [part for part in parts if part is not main]
    if _contradict(main, others):
        return _by_signal(parts, catalog)
    return [_block(*main), *_by_signal(others, catalog)]


def share_signals(parts: Iterable[Part]) -> bool:
    """Whether a signal is in more than one of the groups."""
    names = [name for group, _ in parts for name in group.names]
    return len(names) > len(set(names))


def _contradict(main: Part, others: Iterable[Part]) -> bool:
    """Whether another group has a signal and instant of the main one."""
    times, names = set(main[1].times), set(main[0].names)
    return any(not names.isdisjoint(group.names) and not times.isdisjoint(rows.times) for group, rows in others)


def _by_signal(parts: Iterable[Part], catalog: Catalog) -> list[Block]:
    """A block of its own for each signal: machines that send only what has changed have many small groups."""
    gathered: dict[str, tuple[Group, Rows]] = {}
    for source, of_source in sorted(parts, key=lambda part: part[0].id):
        for column, name in enumerate(source.names):
            if name not in gathered:
                gathered[name] = catalog.group(source.machine, (name,)), Rows()
            rows = gathered[name][1]
            for row, said in of_source.quality.items():
                if name in said:
                    rows.quality[len(rows) + row] = {name: said[name]}
            rows.times.extend(of_source.times)
            rows.offsets.extend(of_source.offsets)
            rows.values.extend(of_source.values[column :: len(source.names)])
    return [_block(group, rows) for group, rows in gathered.values()]


def _block(group: Group, rows: Rows) -> Block:
    width = len(group.names)
    columns = [rows.values[column::width].tolist() for column in range(width)]
    times: Times = rows.times
    keep: Sequence[int] = range(len(times))
    if not rows.in_order():
        last = {rows.times[row]: row for row in sorted(keep, key=rows.offsets.__getitem__)}
        times = sorted(last)
        keep = [last[ts] for ts in times]
        columns = [[column[row] for row in keep] for column in columns]
    marks: dict[int, Marks] = {}
    if rows.quality:
        for row in keep:
            for name, said in rows.quality.get(row, {}).items():
                marks.setdefault(group.names.index(name), {})[rows.times[row]] = said
    return Block(group, times, columns, marks, min(rows.offsets), max(rows.offsets))


class Sealing:
    """Writes blocks as chunks, inside the caller's transaction. `dropped_us`: points before it have been dropped."""

    def __init__(self, db: apsw.Connection, catalog: Catalog, dropped_us: int) -> None:
        self._db, self._catalog = db, catalog
        self._rollups = Rollups(db)
        self.dropped_us = dropped_us

    def seal(self, parts: Sequence[Part]) -> None:
        """Write the rows of the groups of one machine."""
        stale: dict[Signal, set[int]] = {}
        blocks = blocks_of(parts, self._catalog)
        self._catalog.save()
        older = self._newest_chunk()
        newest = [_newest(block.group.signals) for block in blocks]
        for block, known in zip(blocks, newest, strict=True):
            for part in self._parts(block, known):
                late = known is not None and self.dropped_us <= part.times[0] <= known
                again = self._repeated(part, older) if late else {}
                self._write(part, again)
                for signal, minutes in again.items():
                    stale.setdefault(signal, set()).update(minutes)
        for signal, minutes in stale.items():
            self._recompute(signal, minutes)

    def _newest_chunk(self) -> int:
        ((newest,),) = self._db.execute("select coalesce(max(id), 0) from reading_chunks")
        return int(newest)

    def _parts(self, block: Block, newest: int | None) -> list[Block]:
        """Cut at UTC days, and into late rows and rows later than all that is sealed."""
        times = block.times
        late = 0 if newest is None else bisect_right(times, newest)
        edges = {0, late, len(times)} | {after for _, _, after in cuts(times, DAY)}
        ordered = sorted(edges)
        return [block.cut(first, after) for first, after in pairwise(ordered)]

    def _repeated(self, block: Block, older: int) -> dict[Signal, set[int]]:
        """Minutes in which the block has an instant that a chunk up to the number `older` has too, by signal."""
        found: dict[Signal, set[int]] = {}
        times = set(block.times)
        sql = 'select n, times from reading_chunks where "group"=? and start>=? and start<=? and end>=? and id<=?'
        span = block.times[0] - DAY, block.times[-1], block.times[0], older
        for group in self._catalog.groups_of(block.group.machine):
            shared = set(block.group.signals).intersection(group.signals)
            for n, packed in self._db.execute(sql, (group.id, *span)) if shared else ():
                minutes = {ts // MINUTE for ts in times.intersection(unpack_times(packed, n))}
                for signal in shared if minutes else ():
                    found.setdefault(signal, set()).update(minutes)
        return found

    def _write(self, block: Block, again: Mapping[Signal, set[int]]) -> None:
        """Make a chunk of the block, and add it to the rollups except for minutes that are taken again."""
        minutes = cuts(block.times, MINUTE)
        packed: list[bytes] = []
        stats = array("d")
        for signal, values in zip(block.group.signals, block.columns, strict=True):
            parts = (
                [Stat.of(values[first:after]) for _, first, after in minutes] if len(minutes) > 1 else [Stat.of(values)]
            )
            whole = merge(parts)
            packed.append(pack_values(values, whole.low, whole.high))
            stats.extend((whole.low, whole.high, whole.total, values[0], values[-1]))
            stats_by_minute = [(minute, part) for (minute, _, _), part in zip(minutes, parts, strict=True)]
            if signal in again:
                stats_by_minute = [(minute, part) for minute, part in stats_by_minute if minute not in again[signal]]
            self._roll_up(signal, stats_by_minute)
            self._note_last(signal, block.times[-1], values[-1])
        self._insert(block, packed, stats)

    def _insert(self, block: Block, packed: Sequence[bytes], stats: array[float]) -> None:
        ends = array("q")
        end = 0
        for column in packed:
            end += len(column)
            ends.append(end)
        times = block.times
        self._db.execute(
            'insert into reading_chunks("group", start, end, n, first_offset, last_offset, stats, times, ends, '
            "columns, quality) values(?,?,?,?,?,?,?,?,?,?,?)",
            (block.group.id, times[0], times[-1], len(times), block.first_offset, block.last_offset, stats.tobytes(),
             pack_times(times), ends.tobytes(), b"".join(packed), _encode(block.marks) if block.marks else None),
        )  # fmt: skip

    def _roll_up(self, signal: Signal, stats: list[tuple[int, Stat]]) -> None:
        if not stats:
            return
        newest = stats[-1][0] // 60
        if signal.last_ts is not None:
            open_hour = signal.last_ts // HOUR
            if newest > open_hour:
                self._rollups.close(signal.id, open_hour)
            newest = max(newest, open_hour)
        signal.n += self._rollups.add(signal.id, stats, newest)

    def _note_last(self, signal: Signal, ts: int, value: float) -> None:
        if signal.last_ts is None or ts >= signal.last_ts:
            signal.last_ts, signal.last_value = ts, value
        self._catalog.touch(signal)

    def _recompute(self, signal: Signal, minutes: set[int]) -> None:
        """Take the figures of some minutes from the points themselves."""
        points = Points(self._db, places_of(self._db, signal.machine, signal.id), signal.name)
        exact: dict[int, list[Stat]] = {}
        for first, after in stretches(minutes):
            for at, figures in points.stats(first * MINUTE, after * MINUTE, MINUTE):
                exact.setdefault(at // MINUTE, []).append(figures)
        assert signal.last_ts is not None
        merged = {minute: merge(parts) for minute, parts in exact.items()}
        signal.n += self._rollups.replace(signal.id, merged, signal.last_ts // HOUR)


def _newest(signals: Iterable[Signal]) -> int | None:
    return max((signal.last_ts for signal in signals if signal.last_ts is not None), default=None)
