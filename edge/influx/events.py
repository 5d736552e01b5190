"""Events, rejections and assessments as they come: follows rows of the store by their rising numbers."""

from __future__ import annotations

import zlib
from typing import Any

import apsw
import msgspec

from edge.events import AnyEvent
from edge.influx.batch import LINES, Batch
from edge.influx.catalog import path_of
from edge.influx.points import assessment_point, event_point, rejection_point
from edge.influx.positions import Positions
from edge.store import assessments

_decode = msgspec.msgpack.Decoder(list[AnyEvent]).decode
ROWS = 500


class Events:
    """Follows `hot`: a row holds events of one machine and hour. A packed row stands under the number of the last one
    that went into it, so it comes again only where some of it was not sent yet."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions
        self.row = positions.value("event_row")

    def next(self, db: apsw.Connection) -> Batch | None:
        lines: list[str] = []
        last = self.row
        sql = "select id, packed, events from hot where id>? order by id limit ?"
        for number, packed, blob in db.execute(sql, (self.row, ROWS)):
            lines += [event_point(event).line() for event in _decode(zlib.decompress(blob) if packed else blob)]
            last = number
            if len(lines) >= LINES:
                break
        if last == self.row:
            return None
        return Batch(lines, lambda: self._move(last))

    def _move(self, row: int) -> None:
        self._positions.set(event_row=row)
        self.row = row

    def waiting(self, db: apsw.Connection) -> int:
        """About how many events are not sent yet: rows, of which each has one at least."""
        found: Any = db.execute("select max(id) from hot").fetchone()
        return max(0, (found[0] or 0) - self.row)


class Rejections:
    """Follows the rejections, by (offset, place in the message)."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions
        self.offset = positions.value("rejection_offset")

    def next(self, db: apsw.Connection) -> Batch | None:
        rows = self._after(db)
        if not rows:
            return None
        last = int(rows[-1][0])
        return Batch([rejection_point(*row).line() for row in rows], lambda: self._move(last))

    def _after(self, db: apsw.Connection) -> list[tuple[int, int, int, str, str | None, str, str, int]]:
        """The next rows, of whole messages."""
        sql = ("select offset, idx, received, topic, asset, reason, detail, size from rejections where offset>?1 and "
               "offset<=(select max(offset) from (select offset from rejections where offset>?1 order by offset "
               "limit ?2)) order by offset, idx")  # fmt: skip
        return list(db.execute(sql, (self.offset, LINES)))

    def _move(self, offset: int) -> None:
        self._positions.set(rejection_offset=offset)
        self.offset = offset


class Assessments:
    """Follows what monitors said."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions
        self.row = positions.value("assessment_row")
        self._paths: dict[int, str] = {}

    def next(self, db: apsw.Connection) -> Batch | None:
        lines = []
        last = self.row
        for kept in assessments.following(db, self.row, LINES):
            path = self._paths.get(kept.machine) or self._paths.setdefault(kept.machine, path_of(db, kept.machine))
            lines.append(assessment_point(path, kept.monitor, kept.said).line())
            last = kept.id
        return Batch(lines, lambda: self._move(last)) if lines else None

    def _move(self, row: int) -> None:
        self._positions.set(assessment_row=row)
        self.row = row
