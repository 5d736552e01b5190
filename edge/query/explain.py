"""Where a number comes from: every interval with its class and ruling, every count, and the messages behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge.cells import MachineCells
from edge.clock import DAY, to_text
from edge.errors import QueryError
from edge.query.behind import Behind, behind, ranges
from edge.query.decisive import settings_between
from edge.query.kpis import answer
from edge.query.question import Question
from edge.query.rulings import RULINGS
from edge.query.window import Window
from edge.slices import BUSY, Count, Slice, Span
from edge.store import corrections
from edge.store.units import verdicts_of

LONGEST = 7 * DAY


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
    number, end = cells.row.number, min(window.end, question.cut)
    parts = list(cells.slices(window.start, end))
    said = behind(question.db, cells, parts)
    flags: dict[str, int] = {}
    for part in parts:
        for flag, count in part.flags.items():
            flags[flag] = flags.get(flag, 0) + count
    return {
        "asset": cells.row.path,
        "intervals": [_interval(span, said) for part in parts for span in part.spans],
        "counts": [_count(part, count, said) for part in parts for count in part.counts],
        "units": [_unit(question, cells, part, n) for part in parts for n in range(len(part.units))],
        "flags": flags,
        "corrections": corrections.listed(question.db, number, window.start, end, question.as_of),
        "settings": settings_between(question.plant, cells.row.path, window.start, window.end),
    }


def _interval(span: Span, said: Behind) -> dict[str, Any]:
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
        "offset": said.state(span),
        "corrections": said.over(span),
    }


def _count(part: Slice, count: Count, said: Behind) -> dict[str, Any]:
    ideal = count.ideal_s or 0.0
    return {
        "from": to_text(part.start),
        "to": to_text(part.end),
        "product": count.product,
        "booked": count.booked,
        "total": count.total,
        "bad": count.bad,
        "good": count.total - count.bad,
        "startup": count.startup,
        "ideal_s": count.ideal_s,
        "ideal_total_s": ideal * count.total,
        "ideal_good_s": ideal * (count.total - count.bad),
        "offsets": ranges(said.parts(part, count)),
    }


def _unit(question: Question, cells: MachineCells, part: Slice, number: int) -> dict[str, Any]:
    unit = part.units[number]
    verdicts = verdicts_of(question.db, (cells.row.line, unit.station, unit.serial))
    return {
        "serial": unit.serial,
        "station": unit.station,
        "ts": to_text(unit.ts),
        "first": unit.first,
        "final": unit.final,
        "product": unit.product,
        "defects": unit.defects,
        "route_clean": unit.route_clean,
        "offsets": ranges(v.offset for v in verdicts if question.as_of is None or v.received <= question.as_of),
    }
