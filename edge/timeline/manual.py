"""Manual records over the machine's: states, reasons, products and orders of intervals (ruling 5). Later ones win."""

from __future__ import annotations

from collections.abc import Sequence

from edge.corrections import Interval
from edge.timeline.rules import Rules
from edge.timeline.states import Segment, kind_of

Changes = list[tuple[int, str | None]]


def corrected(run: Sequence[Segment], manual: Sequence[Interval], rules: Rules) -> list[Segment]:
    """Segments with the manual records laid over them."""
    out = list(run)
    for interval in manual:
        if interval.state is None and interval.reason is None and not interval.merged:
            continue
        laid: list[Segment] = []
        for segment in out:
            a, b = max(segment.start, interval.start), min(segment.end, interval.end)
            if a >= b:
                laid.append(segment)
                continue
            if segment.start < a:
                laid.append(Segment(segment.start, a, segment.state, segment.reason, segment.manual))
            laid.append(_changed(Segment(a, b, segment.state, segment.reason, segment.manual), interval, rules.at(a)))
            if b < segment.end:
                laid.append(Segment(b, segment.end, segment.state, segment.reason, segment.manual))
        out = laid
    return out


def _changed(segment: Segment, interval: Interval, rules: Rules) -> Segment:
    state = interval.state
    if state is None and interval.merged:
        state = segment.state if kind_of(segment.state, rules) == "stop" else "stopped"
    if state is None:
        if kind_of(segment.state, rules) in ("run", "unknown"):
            return segment  # a reason explains standing time
        return Segment(segment.start, segment.end, segment.state, interval.reason, manual=True)
    reason = interval.reason if interval.reason is not None or state != segment.state else segment.reason
    return Segment(segment.start, segment.end, state, reason, manual=True)


def overlaid_changes(changes: Changes, manual: Sequence[tuple[int, int, str]]) -> Changes:
    """A list of (from, value) with intervals (start, end, value) laid over it; after each the record goes on."""
    out = list(changes)
    for start, end, value in manual:
        after = [v for ts, v in out if ts <= end][-1]
        out = [(ts, v) for ts, v in out if ts < start or ts > end]
        out += [(start, value), (end, after)]
        out.sort(key=_time)
    return out


def _time(change: tuple[int, str | None]) -> int:
    return change[0]
