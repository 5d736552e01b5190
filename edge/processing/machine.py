"""One machine while it is being processed: what has come for it and is not yet kept, and its recent hours."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Collection, Sequence

import apsw

from edge.clock import HOUR, SECOND
from edge.events import AnyEvent
from edge.slices import Unit
from edge.store import events as event_store
from edge.store import hours as hour_store
from edge.store.corrections import load_hour
from edge.store.units import Key, Line, units_between
from edge.timeline.alive import Alive
from edge.timeline.history import Base, Row
from edge.timeline.hour import HourEvents
from edge.timeline.rules import Rules
from edge.timeline.states import FAR

HOURS_AT_HAND = 2
ROWS_AT_HAND = 8


class Machine:
    """State of one machine in the processing thread. Everything here can be read again from the store."""

    def __init__(self, number: int, path: str, line: Line, rules: Rules, resolution: int, db: apsw.Connection) -> None:
        self.number, self.path, self.line, self.rules, self.resolution = number, path, line, rules, resolution
        self.station = path.rpartition("/")[2]
        self.last_heard = 0  # received time
        self.watched: tuple[str, float] | None = None  # the signal that says whether it runs, and above what
        self.heard_changed = False
        self.new_events: dict[int, list[AnyEvent]] = {}
        self.new_alive: dict[tuple[int, int], Alive] = {}  # by hour and lateness
        self.units: dict[int, dict[Key, Unit]] = {}  # of hours at hand
        self._db = db
        self._to_pack: set[int] = set()
        self._hours: OrderedDict[int, HourEvents] = OrderedDict()
        self._rows: dict[int, Row] = {}
        self._row_hours: list[int] = []
        self._stored = hour_store.HourRows(db, number)
        last = self._stored.row_before(FAR)
        if last is not None:
            self._keep_row(last)
        self.dirty = self._stored.dirty(FAR)
        self.newest = max({last.hour if last else -1, *self.dirty})

    def take(self, hour: int, event: AnyEvent) -> None:
        """Keep a production event for the next commit."""
        waiting = self.new_events.get(hour)
        if waiting is None:
            self.new_events[hour] = [event]
        else:
            waiting.append(event)

    def hear(self, ts: int, received: int) -> None:
        """The machine spoke at event time `ts`."""
        place = (ts - ts % HOUR, 0 if received - ts <= event_store.PROMPT else received // SECOND)
        alive = self.new_alive.get(place)
        if alive is None:
            alive = self.new_alive[place] = Alive(self.resolution)
        alive.add(ts, ts)
        if received > self.last_heard:
            self.last_heard = received
            self.heard_changed = True

    def drain(self) -> list[event_store.New]:
        """What is new, by hour, to be written at once; tell `written` afterwards."""
        heard: dict[int, list[event_store.Heard]] = {}
        for (hour, late), alive in self.new_alive.items():
            heard.setdefault(hour, []).extend((start, end, late) for start, end in alive)
        hours = sorted({*self.new_events, *heard})
        new = [event_store.New(self.number, h, self.new_events.get(h, []), heard.get(h, [])) for h in hours]
        self.new_events.clear()
        self.new_alive.clear()
        self.heard_changed = False
        return new

    def written(self, new: Sequence[event_store.New]) -> None:
        """What was new, in order of hours, is in the store now, and its hours are marked there."""
        for one in new:
            self.dirty.add(one.hour)
            known = self._hours.get(one.hour)
            if known is not None:
                known.add(one.events)
                known.alive.extend([(start, end) for start, end, _ in one.heard])
        begun = [one.hour for one in new if one.hour > self.newest]  # an earlier one is read when it is evaluated
        self._to_pack.update(begun[:-HOURS_AT_HAND])
        for hour in begun[-HOURS_AT_HAND:]:
            self._begin(hour)

    def is_news(self, new: event_store.New) -> bool:
        """Whether the store does not know yet that the hour has to be evaluated again, or since when."""
        return new.hour not in self.dirty or new.max_received > 0

    def touch(self, hour: int, max_received: int = 0) -> None:
        """Say that the hour has to be evaluated again; kept over a restart until it is done."""
        if hour not in self.dirty or max_received:
            hour_store.touch(self._db, [(self.number, hour, max_received)])
            self.dirty.add(hour)

    def _begin(self, hour: int) -> None:
        """Have a new hour at hand, with all that the store has of it: first events, and corrections said before."""
        self._hours[hour] = load_hour(self._db, self.number, hour, self.resolution)
        self.units[hour] = {}
        self.newest = hour
        while len(self._hours) > HOURS_AT_HAND:
            gone, _ = self._hours.popitem(last=False)
            self.units.pop(gone, None)
            self._to_pack.add(gone)

    def corrected(self, hour: int, received: int) -> None:
        """A correction lies over the hour now, or does no more."""
        self._hours.pop(hour, None)
        self.touch(hour, received)

    def ruled_anew(self, start: int, end: int, received: int) -> None:
        """Since an instant of receipt other rules or another calendar hold in [start, end)."""
        first = start - start % HOUR
        before = self._stored.row_before(first)
        if before is not None:  # what it carries on into the time after may end otherwise
            self.touch(before.hour)
        self.dirty |= hour_store.touch_between(self._db, self.number, first, end, received)

    def cold(self, now: int) -> list[int]:
        """Hours that changed and are not at hand, in order."""
        before = min(now, self.newest - HOUR)
        return sorted(hour for hour in self.dirty if hour < before)

    def next_to_pack(self) -> int | None:
        """An hour that is over and evaluated, whose many rows may become one."""
        return next((hour for hour in self._to_pack if hour not in self.dirty), None)

    def hours_dropped(self) -> None:
        """The store may keep fewer hours than before."""
        self._stored = hour_store.HourRows(self._db, self.number)

    def packed(self, hour: int) -> None:
        self._to_pack.discard(hour)

    # The rest makes it a `History` of the timeline; `put` is the evaluation's.

    def events(self, hour: int) -> HourEvents:
        known = self._hours.get(hour)
        if known is not None:
            return known
        known = load_hour(self._db, self.number, hour, self.resolution)
        if hour == self.newest:  # after a restart: live events go on being added to it
            self._hours[hour] = known
        return known

    def units_of(self, hour: int) -> Collection[Unit]:
        """Units whose first verdict lies in the hour."""
        known = self.units.get(hour)
        if known is not None:
            return known.values()
        found = list(units_between(self._db, self.line, self.number, hour, hour + HOUR))
        if hour in self._hours:
            self.units[hour] = {(self.line.number, u.station, u.serial): u for u in found}
        return found

    @property
    def base(self) -> Base | None:
        return self._stored.base

    def get(self, hour: int) -> Row | None:
        return self._rows.get(hour) or self._stored.row(hour)

    def before(self, hour: int) -> Row | None:
        at = bisect_left(self._row_hours, hour)
        if at:
            return self._rows[self._row_hours[at - 1]]
        return self._stored.row_before(hour)

    def after(self, hour: int) -> Row | None:
        if self._row_hours and hour >= self._row_hours[0]:  # everything from there on is at hand
            at = bisect_left(self._row_hours, hour + 1)
            return self._rows[self._row_hours[at]] if at < len(self._row_hours) else None
        return self._stored.row_after(hour)

    def keep(self, row: Row) -> None:
        """Write an evaluated hour."""
        hour_store.save(self._db, self.number, row, dirty=False)
        if not self._row_hours or row.hour >= self._row_hours[0]:
            self._keep_row(row)

    def _keep_row(self, row: Row) -> None:
        if row.hour not in self._rows:
            insort(self._row_hours, row.hour)
        self._rows[row.hour] = row
        while len(self._row_hours) > ROWS_AT_HAND:
            del self._rows[self._row_hours.pop(0)]

    @property
    def last_row(self) -> Row | None:
        return self._rows[self._row_hours[-1]] if self._row_hours else None
