"""Rollups of readings: count, extremes and sum per minute and hour, a row per signal and hour, kept beyond the points.

An hour's row holds its own figures and, in `minutes`, those of each of its minutes: open (plain arrays) while the hour
is the signal's newest, packed afterwards. Minutes are dropped before hours are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

import apsw

from edge.clock import HOUR
from edge.store.minutes import OPEN, PACKED, Minutes, Stat, bounded, columns_of, merge, pack, unpack

SCHEMA = """
create table reading_rollups(
    id integer primary key, n integer not null, low real not null, high real not null, total real not null,
    minutes blob);
"""
HOUR_BITS, HOUR_BIAS = 24, 1 << 23  # the key is the signal's number, then the hour since 1970


def cuts(times: Sequence[int], width: int) -> list[tuple[int, int, int]]:
    """(bucket, first row, row after the last) of rising instants; a bucket is an instant divided by `width`."""
    found = []
    row, end = 0, len(times)
    while row < end:
        bucket = times[row] // width
        after = bisect_left(times, (bucket + 1) * width, row)
        found.append((bucket, row, after))
        row = after
    return found


def stretches(minutes: Iterable[int]) -> list[tuple[int, int]]:
    """Minutes as stretches [first, after) without gaps."""
    found: list[tuple[int, int]] = []
    for minute in sorted(minutes):
        if found and found[-1][1] == minute:
            found[-1] = found[-1][0], minute + 1
        else:
            found.append((minute, minute + 1))
    return found


def key(signal: int, hour: int) -> int:
    """Number of the row of one signal and hour (hours since 1970)."""
    return signal << HOUR_BITS | (hour + HOUR_BIAS)


def hour_of(row: int) -> int:
    return (row & ((1 << HOUR_BITS) - 1)) - HOUR_BIAS


class Rollups:
    """Writes rollups, inside the caller's transaction."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def add(self, signal: int, stats: Iterable[tuple[int, Stat]], newest_hour: int) -> int:
        """Add figures of new points, by minute since 1970 and rising. Returns how many points that is."""
        by_hour: dict[int, Minutes] = {}
        for minute, figures in stats:
            by_hour.setdefault(minute // 60, {})[minute % 60] = figures
        for hour, minutes in by_hour.items():
            old = self._minutes(signal, hour)
            if old:
                for place, figures in minutes.items():
                    old[place] = merge((old[place], figures)) if place in old else figures
                minutes = old
            elif old is None:
                self._add_to_bare(signal, hour, minutes)
                continue
            self._save(signal, hour, minutes, newest_hour)
        return sum(figures.n for minutes in by_hour.values() for figures in minutes.values())

    def replace(self, signal: int, minutes: Mapping[int, Stat], newest_hour: int) -> int:
        """Put the figures of some minutes (since 1970) in place of what is there. Returns the change of n."""
        more = 0
        for hour in {minute // 60 for minute in minutes}:
            known = self._minutes(signal, hour) or {}
            more -= sum(figures.n for figures in known.values())
            known.update((minute % 60, figures) for minute, figures in minutes.items() if minute // 60 == hour)
            more += sum(figures.n for figures in known.values())
            self._save(signal, hour, known, newest_hour)
        return more

    def close(self, signal: int, hour: int) -> None:
        """Pack the row of an hour that is over."""
        minutes = self._minutes(signal, hour)
        if minutes:
            self._save(signal, hour, minutes, hour + 1)

    def _minutes(self, signal: int, hour: int) -> Minutes | None:
        """Minutes of an hour; empty where there is none yet, None where they were dropped."""
        found = self._db.execute("select minutes from reading_rollups where id=?", (key(signal, hour),)).fetchone()
        if found is None:
            return {}
        return None if found[0] is None else unpack(found[0])

    def _save(self, signal: int, hour: int, minutes: Minutes, newest_hour: int) -> None:
        whole = merge(minutes.values())
        packed = pack(minutes, OPEN if hour >= newest_hour else PACKED)
        self._db.execute("replace into reading_rollups values(?,?,?,?,?,?)", (key(signal, hour), *whole, packed))

    def _add_to_bare(self, signal: int, hour: int, minutes: Minutes) -> None:
        """Add to an hour whose minutes were dropped."""
        self._db.execute(
            "update reading_rollups set n=n+?2, low=min(low,?3), high=max(high,?4), total=total+?5 where id=?1",
            (key(signal, hour), *merge(minutes.values())),
        )


def read_hours(db: apsw.Connection, signal: int, start: int, end: int) -> Iterator[tuple[int, Stat]]:
    """Hours (since 1970) in [start, end) that have points, with their figures."""
    sql = "select id, n, low, high, total from reading_rollups where id>=? and id<? order by id"
    for row, *figures in db.execute(sql, (key(signal, start), key(signal, end))):
        yield hour_of(row), Stat(*figures)


def read_minutes(
    db: apsw.Connection, signal: int, start: int, end: int, *, together: int = 1, apart: Set[int] = frozenset()
) -> Iterator[tuple[int, Stat]]:
    """Minutes (since 1970) in [start, end) that have points, each `together` of an hour as one, and none of `apart`.

    An hour without minutes counts at its first one."""
    sql = "select id, n, low, high, total, minutes from reading_rollups where id>=? and id<? order by id"
    for row, *figures, blob in db.execute(sql, (key(signal, start // 60), key(signal, -(-end // 60)))):
        first = 60 * hour_of(row)
        if blob is None:
            if first >= start:
                yield first, Stat(*figures)
            continue
        places, ns, lows, highs, totals = columns_of(blob)
        minutes = [first + place for place in places]
        if together == 1 or not apart.isdisjoint(minutes):
            for minute, one in zip(minutes, map(Stat, ns, lows, highs, totals), strict=True):
                if start <= minute < end and minute not in apart:
                    yield minute, one
            continue
        i, j = bisect_left(minutes, start), bisect_left(minutes, end)
        for _, a, b in cuts(minutes[i:j], together):
            part = slice(i + a, i + b)
            yield minutes[i + a], Stat(sum(ns[part]), min(lows[part]), max(highs[part]), bounded(sum(totals[part])))


def drop_minutes(db: apsw.Connection, signal: int, before_us: int) -> None:
    """Keep only the hour's own figures of hours before an instant."""
    ids = (key(signal, -HOUR_BIAS), key(signal, before_us // HOUR))
    db.execute("update reading_rollups set minutes=null where id>=? and id<? and minutes not null", ids)


def drop_hours(db: apsw.Connection, signal: int, before_us: int) -> None:
    """Delete the rollups of hours before an instant."""
    db.execute("delete from reading_rollups where id>=? and id<?",
               (key(signal, -HOUR_BIAS), key(signal, before_us // HOUR)))  # fmt: skip
