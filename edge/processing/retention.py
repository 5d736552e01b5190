"""What is kept for how long: readings, their rollups, and production events with their facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apsw

from edge.clock import DAY
from edge.store import assessments, events
from edge.store import hours as hour_store
from edge.store.readings import ReadingsWriter

ROWS = 200


@dataclass(frozen=True)
class Retention:
    """Lengths in microseconds. One step drops a bounded piece, so that nothing waits for it."""

    readings_us: int = 30 * DAY
    minutes_us: int = 400 * DAY
    hours_us: int = 3650 * DAY
    events_us: int = 3650 * DAY
    assessments_us: int = 400 * DAY

    def step(self, db: apsw.Connection, readings: ReadingsWriter, now: int) -> bool:
        """Drop a piece of what is too old, inside the caller's transaction; True while there is more."""
        more = readings.drop(now - self.readings_us, now - self.minutes_us, now - self.hours_us)
        more = assessments.drop(db, now - self.assessments_us) or more
        return self._drop_events(db, now - self.events_us) or more

    def _drop_events(self, db: apsw.Connection, before: int) -> bool:
        """Drop hours of one machine, but never its newest one.

        Numbers of rows and versions of hours are never given twice, since others follow them: where the highest goes,
        what is newest takes it over."""
        machines: Any = db.execute("select id, line from machines").fetchall()
        kpis = [number for (number,) in db.execute("select id from kpis")]
        for machine, line in machines:
            old = db.execute(
                "select hour from hours where machine=?1 and hour<?2 and "
                "hour<(select max(hour) from hours where machine=?1) order by hour limit ?3",
                (machine, before, ROWS),
            ).fetchall()
            if not old:
                continue
            until = int(old[-1][0]) + 1  # type: ignore[arg-type]  # an integer column
            highest: Any = db.execute(
                "select (select max(id) from hot), max(version) from hours where machine=?", (machine,)
            ).fetchone()
            db.execute("delete from hot where machine=? and hour<?", (machine, until))
            hour_store.drop(db, machine, until)
            events.keep_number(db, highest[0] or 0)
            hour_store.keep_version(db, machine, highest[1])
            db.execute("delete from units where machine=? and first_ts<?", (machine, until))
            for kpi in kpis:
                db.execute("delete from facts where kpi=? and machine=? and start<?", (kpi, machine, until))
                db.execute("delete from pools where line=? and kpi=? and start<?", (line, kpi, until))
            return True
        return False
