"""Where a number comes from: every interval with its class and ruling, every count, and the messages behind them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

from edge.cells import MachineCells
from edge.clock import DAY, HOUR, to_text
from edge.errors import QueryError
from edge.events import AnyEvent, CounterLevel, MachineState, PartCount, ScrapReport
from edge.query.kpis import Question, answer
from edge.query.plants import settings_between
from edge.query.rulings import RULINGS
from edge.query.window import Window
from edge.slices import BUSY, Count, Slice, Span
from edge.store import corrections
from edge.store import events as event_store
from edge.store.units import verdicts_of

LONGEST = 7 * DAY
LOOK_BACK_HOURS = 24 * 14
COUNTED = (PartCount, CounterLevel, ScrapReport)


def explain(question: Question, cells: Sequence[MachineCells], name: str, window: Window) -> dict[str, Any]:
    """The answer of one window, and per machine the parts that it is the sum of.

    Planned busy time is the sum of `seconds` of the intervals that are `busy`; ideal times are sums over `counts` that
    are booked as scheduled."""
    too_long(window)
    return {
        **answer(question, cells, name, window),
        "machines": [_machine(question, machine, window) for machine in cells],
        "rulings": {str(number): text for number, text in RULINGS.items()},
    }


def too_long(window: Window) -> None:
    """QueryError where a window is too long to list what is in it."""
    if window.end - window.start > LONGEST:
        raise QueryError("to", to_text(window.end), "too long to list every interval", expected="at most 7 days")


def _machine(question: Question, cells: MachineCells, window: Window) -> dict[str, Any]:
    end = min(window.end, question.cut)
    parts = list(cells.slices(window.start, end))
    events = _events(question, cells, window.start, end)
    states = [e for e in events if isinstance(e, MachineState)]
    flags: dict[str, int] = {}
    for part in parts:
        for flag, count in part.flags.items():
            flags[flag] = flags.get(flag, 0) + count
    return {
        "asset": cells.row.path,
        "intervals": list(_intervals(parts, states)),
        "counts": [_count(part, count, events) for part in parts for count in part.counts],
        "units": [_unit(question, cells, part, n) for part in parts for n in range(len(part.units))],
        "flags": flags,
        "corrections": corrections.listed(question.db, cells.row.number, window.start, end, question.as_of),
        "settings": settings_between(question.plant, cells.row.path, window.start, window.end),
    }


def _events(question: Question, cells: MachineCells, start: int, end: int) -> list[AnyEvent]:
    """Events of the window and of the hours before it, back to the last state, in event order."""
    found: list[AnyEvent] = []
    hours = event_store.between(question.db, cells.row.number, start - LOOK_BACK_HOURS * HOUR, end + HOUR)
    for hour in reversed(hours):
        for part, _ in event_store.stored(question.db, cells.row.number, hour):
            found += [e for e in part if question.as_of is None or e.received <= question.as_of]
        if hour < start - HOUR and any(isinstance(e, MachineState) and e.ts <= start for e in found):
            break
    return sorted(found, key=lambda e: (e.ts, e.seq or 0, e.offset, e.index))


def _intervals(parts: Iterable[Slice], states: Sequence[MachineState]) -> Iterable[dict[str, Any]]:
    at = [e.ts for e in states]
    for part in parts:
        for span in part.spans:
            behind = bisect_right(at, span.start) - 1
            said = states[behind] if behind >= 0 else None
            yield _interval(span, said)


def _interval(span: Span, said: MachineState | None) -> dict[str, Any]:
    return {
        "from": to_text(span.start),
        "to": to_text(span.end),
        "seconds": span.seconds,
        "state": span.state,
        "time_class": span.time_class,
        "busy": span.time_class in BUSY,
        "ruling": span.ruling,
        "reason": span.reason,
        "product": span.product,
        "order": span.order,
        "shift": span.shift,
        "stop_length_s": None if span.stop is None else span.stop.length_s,
        "offset": None if said is None or span.state == "unknown" else said.offset,
    }


def _count(part: Slice, count: Count, events: Sequence[AnyEvent]) -> dict[str, Any]:
    ideal = count.ideal_s or 0.0
    behind = [e.offset for e in events if isinstance(e, COUNTED) and part.start <= _when(e) < part.end]
    return {
        "from": to_text(part.start),
        "to": to_text(part.end),
        "product": count.product,
        "booked": count.booked,
        "total": count.total,
        "bad": count.bad,
        "good": count.total - count.bad,
        "ideal_s": count.ideal_s,
        "ideal_total_s": ideal * count.total,
        "ideal_good_s": ideal * (count.total - count.bad),
        "offsets": ranges(behind),
    }


def _when(event: AnyEvent) -> int:
    if isinstance(event, CounterLevel):
        return event.ts - 1
    if isinstance(event, ScrapReport) and event.produced_ts is not None:
        return event.produced_ts
    return event.ts


def ranges(offsets: Iterable[int]) -> list[list[int]]:
    """Sorted offsets as [first, last] ranges."""
    out: list[list[int]] = []
    for offset in sorted(set(offsets)):
        if out and offset == out[-1][1] + 1:
            out[-1][1] = offset
        else:
            out.append([offset, offset])
    return out


def _unit(question: Question, cells: MachineCells, part: Slice, number: int) -> dict[str, Any]:
    unit = part.units[number]
    verdicts = verdicts_of(question.db, (cells.row.line, unit.station, unit.serial))
    return {
        "serial": unit.serial,
        "station": unit.station,
        "ts": to_text(unit.ts),
        "first": unit.first,
        "final": unit.final,
        "offsets": ranges(v.offset for v in verdicts if question.as_of is None or v.received <= question.as_of),
    }
