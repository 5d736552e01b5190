"""A machine's spans as a page draws them."""

from __future__ import annotations

from typing import Any

from edge.cells import MachineCells
from edge.clock import SECOND, to_text
from edge.slices import Span, Stop


def timeline(cells: MachineCells, start: int, end: int) -> dict[str, Any]:
    """Merged spans of [start, end) up to the present, and seconds per class."""
    merged: list[Span] = []
    totals: dict[str, int] = {}
    for part in cells.slices(start, end):
        for span in part.spans:
            totals[span.time_class] = totals.get(span.time_class, 0) + span.end - span.start
            if merged and _alike(merged[-1], span):
                merged[-1] = _joined(merged[-1], span)
            else:
                merged.append(span)
    return {
        "spans": [_span(span) for span in merged],
        "totals": {name: us / SECOND for name, us in sorted(totals.items())},
    }


def _key(span: Span) -> tuple[object, ...]:
    return span.state, span.time_class, span.reason, span.product, span.order, span.shift, span.stop


def _alike(a: Span, b: Span) -> bool:
    return a.end == b.start and _key(a) == _key(b)


def _joined(a: Span, b: Span) -> Span:
    return Span(
        a.start, b.end, a.state, a.time_class, a.scheduled, a.external, a.reason, a.product, a.order, a.shift, a.stop,
        a.ideal_s, a.ruling,
    )  # fmt: skip


def _span(span: Span) -> dict[str, Any]:
    return {
        "from": to_text(span.start),
        "to": to_text(span.end),
        "state": span.state,
        "time_class": span.time_class,
        "reason": span.reason,
        "product": span.product,
        "order": span.order,
        "shift": span.shift,
        "external": span.external,
        "stop": None if span.stop is None else _stop(span.stop),
    }


def _stop(stop: Stop) -> dict[str, Any]:
    return {
        "from": to_text(stop.start),
        "to": None if stop.end is None else to_text(stop.end),
        "length_s": stop.length_s,
        "fault": stop.fault,
        "micro": stop.micro,
    }
