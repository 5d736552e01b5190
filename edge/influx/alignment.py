"""Positions that are ahead of the store step back to where it is.

A power cut may take the last commits of the store and leave those of the positions, and somebody may put an older copy
of the store back. What is made again from the journal then gets numbers that the positions have passed already.
"""

from __future__ import annotations

from typing import Any

import apsw

from edge.influx.positions import Positions
from edge.store.meta import identity, processed
from edge.store.unsealed import last_flush


def align(positions: Positions, db: apsw.Connection) -> None:
    """Make positions those of this store, before it grows: later its numbers look like those that are passed."""
    positions.belong_to(identity(db))
    offset = processed(db)
    versions: dict[int, int] = dict(db.execute("select machine, max(version) from hours group by machine"))
    with positions.db:
        positions.step_back(
            flush=last_flush(db), reading_offset=offset, rejection_offset=offset,
            event_row=_number(db, "select max(id) from hot"),
            assessment_row=_number(db, "select seq from sqlite_sequence where name='assessments'"),
        )  # fmt: skip
        positions.step_back_versions(versions)
        positions.step_back_gaps(offset, _number(db, "select max(id) from reading_chunks"))


def _number(db: apsw.Connection, sql: str) -> int:
    found: Any = db.execute(sql).fetchone()
    return 0 if found is None or found[0] is None else int(found[0])
