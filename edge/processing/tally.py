"""How many messages became what: every message is exactly one of accepted, duplicate and rejected."""

from __future__ import annotations

import apsw
import msgspec


class Tally(msgspec.Struct):
    """Counts since the store began; written with the cursor, so they hold to the unit after a crash.

    `processed` counts messages of the journal, `notices` entries that the service wrote itself (not messages)."""

    cursor: int = 0
    processed: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: dict[str, int] = {}
    events: dict[str, int] = {}
    notices: int = 0
    clock_ahead: int = 0


def load(db: apsw.Connection) -> Tally:
    """The tally as it was committed last."""
    found = db.execute("select value from meta where key='tally'").fetchone()
    return msgspec.msgpack.decode(found[0], type=Tally) if found else Tally()


def copy(tally: Tally) -> Tally:
    """The tally as it stands, for other threads: all of it of one moment."""
    return msgspec.structs.replace(tally, rejected=dict(tally.rejected), events=dict(tally.events))


def save(db: apsw.Connection, tally: Tally) -> None:
    """Write the tally, in the transaction of what it counts."""
    db.execute("insert or replace into meta values('tally', ?)", (msgspec.msgpack.encode(tally),))
