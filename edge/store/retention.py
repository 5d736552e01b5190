"""Drops readings that are too old, a bounded piece at each call: points first, rollups per minute and hour later."""

from __future__ import annotations

import apsw

from edge.clock import DAY, HOUR
from edge.store.rollups import drop_hours, drop_minutes

SCHEMA = """
create table reading_retention(level text primary key, before_us integer not null) without rowid;
"""
CHUNKS, SIGNALS = 200, 200
"""Chunks deleted, and signals gone through, in one call."""


class Retention:
    """How far each level has been dropped. `points_us`, a UTC midnight: points before it are gone, or will be."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._limits: dict[str, int] = dict(db.execute("select level, before_us from reading_retention"))
        self._work: list[tuple[str, int, list[int]]] = []

    @property
    def points_us(self) -> int:
        return self._limits.get("points", -(1 << 62))

    def drop(self, points_us: int, minutes_us: int | None, hours_us: int | None) -> bool:
        """Drop points, minutes and hours before the given instants; True while there is more to do."""
        points_us -= points_us % DAY
        self._remember("points", points_us)
        if self._drop_chunks():
            return True
        if not self._work:
            self._plan("minutes", minutes_us)
            self._plan("hours", hours_us)
        if self._work:
            level, before_us, signals = self._work[-1]
            step = drop_minutes if level == "minutes" else drop_hours
            for signal in signals[-SIGNALS:]:
                step(self._db, signal, before_us)
            del signals[-SIGNALS:]
            if not signals:
                self._remember(level, before_us)
                self._work.pop()
        return bool(self._work)

    def _remember(self, level: str, before_us: int) -> None:
        if before_us > self._limits.get(level, -(1 << 62)):
            self._limits[level] = before_us
            self._db.execute("replace into reading_retention values(?,?)", (level, before_us))

    def _drop_chunks(self) -> bool:
        sql = "select id from reading_chunks where start<? order by start limit ?"
        found = self._db.execute(sql, (self.points_us, CHUNKS)).fetchall()
        self._db.executemany("delete from reading_chunks where id=?", found)
        return len(found) == CHUNKS

    def _plan(self, level: str, before_us: int | None) -> None:
        """Note which signals have to be gone through. Minutes never go before the points they are made of."""
        if before_us is None:
            return
        before_us = min(before_us - before_us % HOUR, self.points_us)
        if before_us > self._limits.get(level, -(1 << 62)):
            signals = [number for (number,) in self._db.execute("select id from reading_signals")]
            if signals:
                self._work.append((level, before_us, signals))
