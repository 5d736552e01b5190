"""Facts and slices of any window: whole hours as they are stored, and only the edges and the present worked out.

What is stored was worked out by the same functions, so it makes no difference to a number which way it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import apsw

from edge.clock import HOUR
from edge.events import UnitResult
from edge.host import PluginHost
from edge.kpi import Wants
from edge.plant import Plant
from edge.slices import Slice, Unit
from edge.store import events as event_store
from edge.store import hours as hour_store
from edge.store.athand import AtHand
from edge.store.corrections import lay_over, load_hour
from edge.store.filling import Filling
from edge.store.machines import MachineRow
from edge.store.units import Line, units_between, units_known
from edge.timeline.evaluate import cut_bounds, slices
from edge.timeline.history import Row, carry_into, completed, settle, silence
from edge.timeline.hour import HourEvents
from edge.timeline.overlay import Overlay
from edge.timeline.walk import Carry, Lead, Walk, walk
from edge.timemodel import NAME, TimeModel

FAR = 1 << 62
SLICED = 64  # stretches at hand: KPI after KPI is worked out from the same ones
_TIME_MODEL = TimeModel()


@dataclass
class Sums:
    """Facts that a window adds up: the parts of each KPI, revisions, and whether a KPI failed somewhere."""

    parts: list[Mapping[str, Any]] = field(default_factory=list)
    revision: int = 1
    incomplete: bool = False

    def add(self, other: Sums) -> None:
        self.parts += other.parts
        self.revision += other.revision - 1
        self.incomplete = self.incomplete or other.incomplete


class _StoredHours(hour_store.HourRows):
    """Stored rows and events of one machine, as of an instant of receipt."""

    def __init__(self, db: apsw.Connection, machine: int, resolution: int, received_until: int | None,
                 running: int, at_hand: AtHand | None) -> None:  # fmt: skip
        super().__init__(db, machine)
        self.resolution, self.received_until = resolution, received_until
        self._running, self._at_hand = running, at_hand

    def events(self, hour: int) -> HourEvents:
        if hour == self._running and self._at_hand is not None and self.received_until is None:
            return lay_over(self.db, self.machine, self._at_hand.load(self.db, self.machine, hour, self.resolution))
        return load_hour(self.db, self.machine, hour, self.resolution, self.received_until)


OlderFacts = Callable[[str, str, int, int], Iterable[hour_store.FactsRow]]
"""Cells of a machine (path) and KPI wholly in [start, end), of a time before all that is stored here."""


class MachineCells:
    """One machine, for one answer: `cut` is the present of the answer, `as_of` the past it is asked for (or None)."""

    def __init__(self, db: apsw.Connection, plant: Plant, row: MachineRow, cut: int, as_of: int | None,
                 older: OlderFacts | None = None, at_hand: AtHand | None = None) -> None:  # fmt: skip
        self.db, self.row, self.cut, self.as_of, self._older = db, row, cut, as_of, older
        self.rules = plant.rules(row.path)
        self._line = Line(row.line, plant.route("/".join(row.path.split("/")[:3])))
        self._walks: dict[int, tuple[Walk, HourEvents]] = {}
        self._sliced: dict[tuple[int, int], list[Slice]] = {}  # what several KPIs are worked out from
        self._settled = False
        self._filling = Filling(db, plant, row.path, row.number, as_of)
        self._stored = _StoredHours(db, row.number, plant.resolution(row.path), as_of, cut - cut % HOUR, at_hand)

    @cached_property
    def _overlay(self) -> Overlay:
        """The machine's hours; `_reach` lays over them what changed since they were stored."""
        if self.as_of is None:
            return Overlay(self._stored)
        first = self._stored.changed_after(self.as_of)
        recent = self.as_of - event_store.PROMPT  # what was heard since carries no received time
        return Overlay(self._stored, min(recent - recent % HOUR, self.cut if first is None else first))

    @cached_property
    def _changed(self) -> set[int]:
        """Hours that are not as they were stored."""
        changed = self._stored.dirty(self.cut)
        if self.as_of is not None:
            changed.update(event_store.between(self.db, self.row.number, self._overlay.ignore_from, self.cut))
            last = self._overlay.before(self._overlay.ignore_from)
            return changed if last is None else {*changed, last.hour}
        last = self._stored.row_before(self.cut)
        if last is not None and (last.until < last.hour + HOUR or last.review <= self.cut):
            changed.add(last.hour)
        return changed

    def _reach(self, end: int) -> None:
        """Work out anew what changed, unless windows that end at `end` or before cannot show it."""
        if not self._settled and self._changed and end > self._quiet_until:
            self._settled = True
            self._sliced.clear()
            settle(self._overlay, self._changed, self.cut, self.rules)

    @cached_property
    def _quiet_until(self) -> int:
        """Nothing changed before, and nothing that was open then depends on what did; -FAR where that is nowhere."""
        first = min(self._changed)
        if self.as_of is not None or self.rules.settles:
            return -FAR
        previous = self._stored.row_before(first)
        if previous is None or previous.until < previous.hour + HOUR or previous.carry_out.stop_start:
            return -FAR
        return -FAR if self.rules.changes(previous.hour, first) else first  # with which a state may become a stop

    def sums(self, kpi_id: int, name: str, start: int, end: int, host: PluginHost) -> Sums:
        """Facts of one KPI in [start, end)."""
        end = min(end, self.cut)
        self._reach(end)
        out = Sums()
        covered = start
        for cell, cell_end, revision, facts in self._stored_facts(kpi_id, name, start, end):
            out.revision += max(0, revision - 1)
            if cell - cell % HOUR not in self._overlay.walks:  # of an hour that changed only the revision holds
                if covered < cell:
                    out.add(self._worked_out(name, self.slices(covered, cell), host))
                out.parts.append(facts)
                covered = cell_end
        if covered < end or start >= end:
            rest = self.slices(covered, end) if start < end else [self._not_begun(start)]
            out.add(self._worked_out(name, rest, host))
        return out

    def _not_begun(self, at: int) -> Slice:
        """A window of which nothing has passed yet."""
        return Slice(self.row.path, at, at, (), line=self.rules.at(at).line)

    def _stored_facts(self, kpi_id: int, name: str, start: int, end: int) -> Iterator[hour_store.FactsRow]:
        if self.as_of is not None:
            return
        if self._older is not None:
            extent = self.extent()
            yield from self._older(self.row.path, name, start, end if extent is None else min(end, extent[0]))
        yield from hour_store.facts(self.db, kpi_id, self.row.number, start, end)

    def _worked_out(self, name: str, cells: Iterable[Slice], host: PluginHost) -> Sums:
        out = Sums()
        wants = Wants() if name == NAME else host.wants(name)
        if wants:
            cells = self._filling.filled(list(cells), wants)
            out.incomplete = any(cell.readings and not self._filling.is_kept(cell.start) for cell in cells)
        for cell in cells:
            facts = _TIME_MODEL.facts(cell) if name == NAME else host.facts_of(name, cell)
            if facts is None:
                out.incomplete = True
            else:
                out.parts.append(facts)
        return out

    def slices(self, start: int, end: int) -> Sequence[Slice]:
        """Slices that fill [start, end) up to the present, in order; hours with messages, and silence between them."""
        end = min(end, self.cut)
        self._reach(end)
        found = self._sliced.get((start, end))
        if found is None:
            if len(self._sliced) >= SLICED:
                self._sliced.clear()
            found = self._sliced[start, end] = list(self._slices(start, end))
        return found

    def _slices(self, start: int, end: int) -> Iterator[Slice]:
        at = start
        while at < end:
            hour = at - at % HOUR
            row = self._overlay.get(hour)
            if row is not None:
                until = min(hour + HOUR, end)
                walked, events = self._walked(row)
                until = min(until, walked.end)
                if at < until:
                    bounds = cut_bounds(walked, events, [at, until], self.rules)
                    yield from slices(self.row.path, walked, events, self._units(at, until), bounds, self.rules)
                    at = until
                    continue
            at_end = min(self._next_hour(max(hour, at)), end)
            yield from self._silent(at, at_end)
            at = at_end

    def across(self, start: int, end: int) -> set[tuple[int, str]]:
        """(instant, counter) of the samples in [start, end) that count parts over unknown time."""
        self._reach(end)
        rows = (self._overlay.get(hour) for hour in range(start - start % HOUR, end, HOUR))
        made = (one for row in rows if row is not None for one in self._walked(row)[0].made)
        return {(one.ts, one.counter) for one in made if one.across_gap}

    def _next_hour(self, after: int) -> int:
        following = self._overlay.after(after)
        return FAR if following is None else following.hour

    def _walked(self, row: Row) -> tuple[Walk, HourEvents]:
        known = self._overlay.walks.get(row.hour) or self._walks.get(row.hour)
        if known is not None:
            return known
        events = self._overlay.events(row.hour)
        walked = walk(events, row.carry_in, row.hour, row.until, row.ahead, self.rules)
        self._walks[row.hour] = (walked, events)
        return walked, events

    def _silent(self, start: int, end: int) -> Iterable[Slice]:
        """Slices of time in which nothing came: whole hours at once, so that parts of seconds stand in short ones and
        the sum has the same digits wherever else the time is cut."""
        if start >= end:
            return []
        carry, nothing = carry_into(self._overlay, start, self.rules), HourEvents(start)
        walked, _ = completed(nothing, carry, start, end, lambda walk: self._lead_at(end, walk.carry), self.rules)
        hours = sorted({start, *(at for at in (start + -start % HOUR, end - end % HOUR) if start < at < end), end})
        bounds = cut_bounds(walked, nothing, hours, self.rules)
        return slices(self.row.path, walked, nothing, self._units(start, end), bounds, self.rules)

    def _lead_at(self, at: int, carry: Carry) -> Lead | None:
        """How time goes on after `at`; None where that is the present."""
        following = self._overlay.after(at - 1)
        if following is None or following.hour >= self.cut:
            until, lead = self.cut, None
        else:
            until, lead = following.hour, following.lead
        return lead if at >= until else silence(carry, at, until, lead, self.rules).lead

    def extent(self) -> tuple[int, int] | None:
        """The first and the last hour of which anything is stored."""
        sql = "select (select min(hour) from hours where machine=?1), (select max(hour) from hours where machine=?1)"
        found: Any = self.db.execute(sql, (self.row.number,)).fetchone()  # one by one: each is a look at one end
        return None if found is None or found[0] is None else (int(found[0]), int(found[1]))

    def unsettled(self, end: int) -> list[tuple[int, int]]:
        """Time before `end` whose numbers may yet change though nothing comes for it, or are not in the store as they
        are: [from, to) around each hour that changed, and after an hour with a stop or state that has no class."""
        self._reach(end)
        last = self._overlay.before(self.cut)
        found = [] if last is None or last.review == FAR else [(last.hour, FAR)]
        if not self._settled:
            return [*found, (min(self._changed), FAR)] if self._changed else found
        for hour in self._overlay.walks:
            previous, following = self._overlay.before(hour), self._overlay.after(hour)
            found.append((previous.hour if previous else -FAR, following.hour if following else FAR))
        return found

    def over_until(self) -> int | None:
        """The start of the last hours that anything of the present depends on: what was before changes only with its
        messages. None where nothing was before."""
        self._reach(self.cut)
        last = self._overlay.before(self.cut)
        if last is None:
            return None
        until = min(last.hour, *(start for start, _ in self.unsettled(self.cut)), FAR)
        return None if until == -FAR else until

    def product(self) -> str | None:
        """What is being made at the present of this answer."""
        self._reach(self.cut)
        last = self._last_known()
        said = None if last is None else last.product
        return self.rules.at(self.cut).product if said is None else said

    def gone(self) -> bool:
        """Whether the last word of the machine was that it goes offline."""
        self._reach(self.cut)
        last = self._last_known()
        return last is not None and last.last_offline > 0

    def _last_known(self) -> Carry | None:
        """What the last hour has left that is over or under way, though it may not be kept any more."""
        last, base = self._overlay.before(self.cut), self._overlay.base
        if last is not None and (base is None or last.hour >= base.at):
            return last.carry_out
        return None if base is None else base.carry

    def _units(self, start: int, end: int) -> list[Unit]:
        if self.as_of is None:
            return list(units_between(self.db, self._line, self.row.number, start, end))
        named = self._judged(start, end)
        return list(units_known(self.db, self._line, self.row.number, named, start, end, self.as_of))

    def _judged(self, start: int, end: int) -> Iterator[tuple[str, str]]:
        """(station, serial) of all verdicts of the machine in hours of [start, end)."""
        own = self.row.path.rpartition("/")[2]
        for hour in event_store.between(self.db, self.row.number, start - start % HOUR, end):
            for events, _ in event_store.stored(self.db, self.row.number, hour):
                yield from ((e.station or own, e.serial) for e in events if isinstance(e, UnitResult))
