"""Reads hot rows through any connection: the unsealed readings of some groups, or the latest point of every signal."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import apsw

from edge.store.segments import Rows, find, has_rows, is_sealed, newest_instant, newest_row, split

Point = tuple[int, int, float]
"""Instant, offset, value."""
Latest = dict[int, tuple[int, bytes]]
"""By group: the latest instant, and the segment that has it."""


def hot_rows(db: apsw.Connection, groups: Iterable[int]) -> dict[int, Rows]:
    """The unsealed readings of some groups, read from the store."""
    found = {group: Rows() for group in groups}
    folded = dict.fromkeys(found, 0)
    for group, rows in found.items():
        sql = 'select flush, segment from reading_hot where "group"=? order by flush'
        for flush, segment in db.execute(sql, (group,)):
            folded[group] = flush
            rows.extend(segment)
    logged: dict[int, list[bytes]] = {group: [] for group in found}
    for flush, blob in db.execute("select flush, segments from reading_log order by flush"):
        for group, segments in logged.items():
            segment = find(blob, group) if flush > folded[group] else None
            if segment is None:
                continue
            if is_sealed(segment):
                found[group] = Rows()
                segments.clear()
            segments.append(segment)
    for group, segments in logged.items():
        found[group].extend_all(segments)
    return found


def newest_points(db: apsw.Connection) -> dict[int, Point]:
    """The latest unsealed point of each signal, by its number."""
    latest = newest_folded(db)
    folded = dict(db.execute('select "group", max(flush) from reading_hot group by "group"'))
    for flush, blob in db.execute("select flush, segments from reading_log order by flush"):
        for group, segment in split(blob):
            if group < 0 or flush <= folded.get(group, 0):
                continue
            if is_sealed(segment):
                latest.pop(group, None)
            if has_rows(segment):
                keep_newest(latest, group, segment)
    found: dict[int, Point] = {}
    for group, ids in db.execute("select id, signals from reading_groups"):
        if group in latest:
            last = newest_row(latest[group][1])
            for signal, value in zip(array("q", ids), last.values, strict=True):
                point = last.times[0], last.offsets[0], value
                found[signal] = max(found.get(signal, point), point)
    return found


def keep_newest(latest: Latest, group: int, segment: bytes) -> None:
    """Keep the segment if none before it has a later instant."""
    ts = newest_instant(segment)
    if group not in latest or ts >= latest[group][0]:
        latest[group] = ts, segment


def newest_folded(db: apsw.Connection) -> Latest:
    """Of each folded group the segment with the latest instant."""
    newest: dict[int, tuple[int, int]] = {}
    for group, flush, ts in db.execute('select "group", flush, newest from reading_hot order by "group", flush'):
        newest[group] = max(newest.get(group, (ts, flush)), (ts, flush))
    found: Latest = {}
    for group, (ts, flush) in newest.items():
        for (segment,) in db.execute('select segment from reading_hot where "group"=? and flush=?', (group, flush)):
            found[group] = ts, segment
    return found


def last_flush(db: apsw.Connection) -> int:
    """The number of the last flush: while it stays, hot rows stay."""
    ((flush,),) = db.execute("select coalesce(max(flush), 0) from reading_log")
    return int(flush)
