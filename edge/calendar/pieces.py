"""Which kind of planned time each instant is: unscheduled before planned before scheduled."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import Literal, NamedTuple, TypeVar

from edge.calendar.shifts import BreakWindow, Instance, ShiftWindow
from edge.settings.plant import Slot

Kind = Literal["unscheduled", "planned", "scheduled"]
UNSCHEDULED: Kind = "unscheduled"  # outside every shift, or in an unscheduled slot
PLANNED: Kind = "planned"  # in a break or a planned stop, inside a shift
SCHEDULED: Kind = "scheduled"


class Piece(NamedTuple):
    """A stretch [start, end) in microseconds of one kind; `shift_date` is the business date of its shift, `shift_start`
    when that began.

    `reason` is the name of the break or the reason of the slot, where there is one; `dated`: it is a planned stop of
    the site's dates and no break of a shift."""

    start: int
    end: int
    kind: Kind
    shift: str | None
    shift_date: date | None
    reason: str | None
    dated: bool = False
    shift_start: int | None = None


class Stretch(NamedTuple):
    start: int
    end: int
    reason: str | None


Laid = TypeVar("Laid", Stretch, BreakWindow, ShiftWindow)


def stretches(slots: Iterable[Slot]) -> list[Stretch]:
    """Slots as microseconds, earliest first."""
    return sorted((Stretch(slot.start_us, slot.end_us, slot.reason) for slot in slots), key=lambda one: one[:2])


class Layers:
    """What lies over [start, end): shifts with breaks (None: around the clock), planned stops, unscheduled slots."""

    def __init__(
        self,
        start: int,
        end: int,
        *,
        instances: Sequence[Instance] | None,
        planned: Iterable[Stretch],
        unscheduled: Iterable[Stretch],
    ) -> None:
        self._start, self._end = start, end
        self._around_the_clock = instances is None
        self._windows = [one.window for one in instances or ()]
        self._unscheduled = [slot for slot in unscheduled if slot.start < end and slot.end > start]
        self._planned = [slot for slot in planned if slot.start < end and slot.end > start]
        self._breaks = [pause for one in instances or () for pause in one.breaks]

    def pieces(self) -> list[Piece]:
        """Pieces that cover the range without gap, each as long as it can be."""
        found: list[Piece] = []
        for left, right in pairwise(self._bounds()):
            append(found, self._piece(left, right))
        return found

    def _bounds(self) -> list[int]:
        layers = (self._windows, self._breaks, self._planned, self._unscheduled)
        bounds = {bound for layer in layers for one in layer for bound in (one.start, one.end)}
        return [self._start, *sorted(at for at in bounds if self._start < at < self._end), self._end]

    def _piece(self, start: int, end: int) -> Piece:
        window = _at(self._windows, start)
        shift, day, began = (window.name, window.date, window.start) if window else (None, None, None)
        if off := _at(self._unscheduled, start):
            return Piece(start, end, UNSCHEDULED, shift, day, off.reason, shift_start=began)
        if window is None and not self._around_the_clock:
            return Piece(start, end, UNSCHEDULED, None, None, None)
        if pause := _at(self._breaks, start):
            return Piece(start, end, PLANNED, shift, day, pause.reason, shift_start=began)
        if stop := _at(self._planned, start):
            return Piece(start, end, PLANNED, shift, day, stop.reason, dated=True, shift_start=began)
        return Piece(start, end, SCHEDULED, shift, day, None, shift_start=began)


def append(pieces: list[Piece], piece: Piece) -> None:
    """Add a piece that begins where the last one ends; two that differ in nothing else become one."""
    if pieces and pieces[-1][2:] == piece[2:]:
        piece = piece._replace(start=pieces.pop().start)
    pieces.append(piece)


def _at(layer: Sequence[Laid], ts: int) -> Laid | None:
    return next((one for one in layer if one.start <= ts < one.end), None)
