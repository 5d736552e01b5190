"""Readings as they come: follows the log of the store's flushes, each of which holds every new reading once.

The log is short. Where it no longer reaches back to what was sent last (InfluxDB was away), what lies between becomes a
gap: it is sent from the chunks, while new readings go on being followed from where the log begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter

import apsw

from edge.influx.batch import LINES, Batch
from edge.influx.catalog import Groups
from edge.influx.positions import Positions
from edge.store.meta import processed
from edge.store.segments import Rows, is_sealed, split

Fresh = list[tuple[int, Rows]]
"""New rows by group, of one flush."""


class Following:
    """`flush` is the last flush that is sent, `offset` the last offset of readings up to there."""

    def __init__(self, positions: Positions, groups: Groups, now_us: Callable[[], int]) -> None:
        self._positions, self._groups, self._now_us = positions, groups, now_us
        self.flush, self.offset = positions.value("flush"), positions.value("reading_offset")

    def next(self, db: apsw.Connection) -> Batch | None:
        """What came next, in one state of the store; None where there is nothing new."""
        lines: list[str] = []
        flush, offset = self.flush, self.offset
        sql = "select flush, segments from reading_log where flush>? order by flush"
        for number, blob in db.execute(sql, (flush,)):
            fresh = list(fresh_rows(blob))
            if number > flush + 1:
                if lines:
                    break
                self._skip(db, number, fresh)
            lines += self._lines(db, fresh)
            flush, offset = number, max([offset, *(max(rows.offsets) for _, rows in fresh)])
            if len(lines) >= LINES:
                break
        if flush == self.flush:
            return None
        return Batch(lines, lambda: self._move(flush, offset))

    def _skip(self, db: apsw.Connection, flush: int, fresh: Fresh) -> None:
        """Note that what came before a flush was missed, as far as there was anything."""
        first = min(min(rows.offsets) for _, rows in fresh) if fresh else processed(db) + 1
        with self._positions.db:
            if first > self.offset + 1:
                self._positions.add_gap(self.offset, first - 1, self._positions.value("readings_sent"))
            self._go_on(flush - 1, max(self.offset, first - 1))

    def _move(self, flush: int, offset: int) -> None:
        self._positions.set(readings_sent=self._now_us())
        self._go_on(flush, offset)

    def _go_on(self, flush: int, offset: int) -> None:
        self._positions.set(flush=flush, reading_offset=offset)
        self.flush, self.offset = flush, offset

    def _lines(self, db: apsw.Connection, fresh: Fresh) -> list[str]:
        """The lines of a flush; those of one machine in the order in which they came, because of one instant the last
        line counts."""
        by_machine: dict[int, Fresh] = {}
        for group, rows in fresh:
            by_machine.setdefault(self._groups.machine(db, group), []).append((group, rows))
        lines: list[str] = []
        for parts in by_machine.values():
            if len(parts) == 1:
                lines += self._groups.lines(db, parts[0][0]).of(parts[0][1])
            else:
                lines += self._in_order(db, parts)
        return lines

    def _in_order(self, db: apsw.Connection, parts: Fresh) -> list[str]:
        pairs: list[tuple[int, str]] = []
        for group, rows in parts:
            of_group = self._groups.lines(db, group)
            pairs += zip(rows.offsets, of_group.readings(rows), strict=True)
            pairs += [(rows.offsets[row], line) for row, line in of_group.doubts(rows)]
        return [line for _, line in sorted(pairs, key=itemgetter(0))]


def fresh_rows(blob: bytes) -> Iterator[tuple[int, Rows]]:
    """The rows that a flush brought, by group. Those under a negative number were sealed at once; those of a segment
    that says `sealed` are a rest of what came before."""
    for group, segment in split(blob):
        if group < 0 or not is_sealed(segment):
            rows = Rows()
            rows.extend(segment)
            if rows:
                yield abs(group), rows
