"""From a walked stretch to slices: calendar, class of each second, and where parts are booked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from edge.slices import (
    DOWN,
    MICRO,
    NO_ORDER,
    PLANNED,
    RUN,
    SETUP,
    UNKNOWN,
    UNSCHEDULED,
    Count,
    OrderAction,
    Slice,
    Span,
    Stop,
    Unit,
)
from edge.timeline.counters import Made
from edge.timeline.hour import HourEvents
from edge.timeline.rules import Piece, Rules
from edge.timeline.states import EXTERNAL, Episode, Segment, kind_of
from edge.timeline.walk import ALWAYS, Walk

_CLASSES = {"run": RUN, "setup": SETUP, "unknown": UNKNOWN, "no_order": NO_ORDER}


def slices(asset: str, walked: Walk, events: HourEvents, units: Sequence[Unit], bounds: Sequence[int],
           rules: Rules) -> list[Slice]:  # fmt: skip
    """One slice for each pair of neighbouring `bounds` (sorted, within the walked stretch); see `cut_bounds`."""
    pieces = rules.schedule.pieces(walked.start, walked.end)
    kind_at = _kinds(pieces, rules)
    stops = [_stop(episode, micro, kind_at) for episode, micro in walked.stops]
    spans = list(_spans(walked, pieces, stops, bounds, rules))
    books = _Books(spans, bounds, rules)
    books.add_columns(events)
    books.add_made(walked.made)
    books.add_scrap(events)
    out = []
    at = 0
    for number, (start, end) in enumerate(pairwise(bounds)):
        then = rules.at(start)
        first = at
        while at < len(spans) and spans[at].end <= end:
            at += 1
        out.append(
            Slice(
                asset=asset,
                start=start,
                end=end,
                spans=tuple(spans[first:at]),
                counts=books.counts(number),
                units=tuple(u for u in units if start <= u.ts < end),
                orders=tuple(OrderAction(k[0], o, a, p, q) for k, o, a, p, q in events.orders if start <= k[0] < end),
                alarms=tuple(a for a in events.alarms if start <= a[0] < end),
                flags=books.flags(number, events, start, end),
                stops_begun=tuple(s for s in stops if start <= s.start < end),
                stops_ended=tuple(s for s in stops if s.end is not None and start <= s.end < end),
                line=then.line,
                settings=then.settings,
            )
        )
    return out


def cut_bounds(walked: Walk, events: HourEvents, bounds: Sequence[int], rules: Rules) -> list[int]:
    """The bounds, and between them the instants at which rules change that count here: a slice has one set of rules."""
    if not bounds or not rules.changes(bounds[0], bounds[-1]):
        return list(bounds)
    products = {product for _, product in walked.products} | set(events.counts)
    products |= {made.product for made in walked.made} | {product for _, _, product, _ in events.scrap}
    return sorted({*bounds, *rules.cuts(bounds[0], bounds[-1], products)})


def _kinds(pieces: Sequence[Piece], rules: Rules) -> Callable[[int], str]:
    """The calendar's word for an instant; most lie in `pieces`, which are at hand."""
    starts = [piece.start for piece in pieces]

    def kind_at(ts: int) -> str:
        if starts[0] <= ts < pieces[-1].end:
            return rules.at(ts).kind(pieces[bisect_right(starts, ts) - 1])
        return rules.at(ts).kind(rules.schedule.pieces(ts, ts + 1)[0])

    return kind_at


def _stop(episode: Episode, micro: bool, kind_at: Callable[[int], str]) -> Stop:
    over = episode.end is not None and not episode.lost and episode.start != ALWAYS  # else its length is not known
    return Stop(
        start=episode.start,
        end=episode.end,
        fault=episode.fault,
        micro=micro,
        begun_in=kind_at(episode.start),
        ended_in=kind_at(episode.end) if over and episode.end is not None else None,
    )


def _class(segment: Segment, piece: Piece, stop: Stop | None, rules: Rules) -> tuple[str, int | None]:
    """The time class of one second, and the ruling that put it there (not scheduled > producing > planned > state)."""
    planned = rules.kind(piece)
    if planned == "unscheduled":
        return UNSCHEDULED, 28
    kind = kind_of(segment.state, rules)
    manual = 5 if segment.manual else None
    if kind == "run":
        return RUN, 6 if planned == "planned" else manual
    if planned == "planned":
        return PLANNED, 4
    if segment.state == "maintenance" and rules.maintenance_is_planned:
        return PLANNED, 7
    if stop is None:
        return _CLASSES[kind], manual or {"setup": 9, "unknown": 25, "no_order": 30}[kind]
    if stop.micro:
        return MICRO, manual or 34
    return DOWN, manual or (36 if segment.state in EXTERNAL else 34)


def _stop_of(walked: Walk, stops: Sequence[Stop], rules: Rules) -> list[Stop | None]:
    """The stop that each segment belongs to."""
    out: list[Stop | None] = [None] * len(walked.segments)
    for (episode, _), stop in zip(walked.stops, stops, strict=True):
        for index in range(episode.first, len(walked.segments)):
            segment = walked.segments[index]
            if kind_of(segment.state, rules.at(segment.start)) != "stop":
                break
            out[index] = stop
    return out


def _spans(walked: Walk, pieces: Sequence[Piece], stops: Sequence[Stop], bounds: Sequence[int],
           rules: Rules) -> Iterator[Span]:  # fmt: skip
    segments, owners = walked.segments, _stop_of(walked, stops, rules)
    starts, ends = bounds[0], bounds[-1]
    edges = {s.start for s in segments} | {p.start for p in pieces} | set(bounds)
    edges.update(ts for ts, _ in walked.products)
    edges.update(ts for ts, _ in walked.orders)
    cuts = sorted(e for e in edges if starts <= e <= ends)
    segment = piece = product = order = 0
    for a, b in pairwise(cuts):
        while segments[segment].end <= a:
            segment += 1
        while pieces[piece].end <= a:
            piece += 1
        while product + 1 < len(walked.products) and walked.products[product + 1][0] <= a:
            product += 1
        while order + 1 < len(walked.orders) and walked.orders[order + 1][0] <= a:
            order += 1
        here, when, stop = segments[segment], pieces[piece], owners[segment]
        then = rules.at(a)
        time_class, ruling = _class(here, when, stop, then)
        making = walked.products[product][1]
        yield Span(
            a, b, here.state, time_class, when.kind != "unscheduled", here.state in EXTERNAL, here.reason, making,
            walked.orders[order][1], when.shift, stop, then.ideal(making), ruling, when.shift_start,
        )  # fmt: skip


def _books_alike(one: Span, other: Span) -> bool:
    setting_up = one.time_class == SETUP, other.time_class == SETUP
    return one.product == other.product and one.booked == other.booked and setting_up[0] == setting_up[1]


class _Books:
    """Sums of parts per slice, product and booking."""

    def __init__(self, spans: Sequence[Span], bounds: Sequence[int], rules: Rules) -> None:
        self.spans, self.bounds, self.rules = spans, bounds, rules
        self.starts = [span.start for span in spans]
        self.sums: dict[tuple[int, str | None, str], list[int]] = {}
        self.marks: dict[int, dict[str, int]] = {}

    def _add(self, number: int, span: Span, product: str | None, booked: str, total: int, bad: int, judged: int, *,
             startup: bool = False) -> None:  # fmt: skip
        signal = self.rules.at(self.bounds[number]).reject_signal
        if signal != "auto":
            judged = max(total, judged) if signal == "yes" else 0
        row = self.sums.setdefault((number, product, booked), [0, 0, 0, 0])
        row[0] += total
        row[1] += bad
        row[2] += judged
        row[3] += bad if startup or span.time_class == SETUP else 0

    def _stretches(self) -> Iterator[tuple[int, int, Span]]:
        """(start, slice, its last span) of neighbouring spans that book alike, so that few sums are needed."""
        number, began = 0, None
        for span, following in zip(self.spans, [*self.spans[1:], None], strict=True):
            while span.start >= self.bounds[number + 1]:
                number += 1
            began = span.start if began is None else began
            alike = following is not None and following.start < self.bounds[number + 1]
            if alike and following is not None and _books_alike(span, following):
                continue
            yield began, number, span
            began = None

    def add_columns(self, events: HourEvents) -> None:
        if not events.counts:
            return
        for start, number, span in self._stretches():
            for stated, columns in events.counts.items():
                total, bad, judged = columns.sums(start, span.end)
                if total or bad or judged:
                    self._add(number, span, stated or span.product, span.booked, total, bad, judged)

    def _at(self, ts: int) -> tuple[int, Span] | None:
        if not self.spans or not self.bounds[0] <= ts < self.bounds[-1]:
            return None
        return bisect_right(self.bounds, ts) - 1, self.spans[bisect_right(self.starts, ts) - 1]

    def add_made(self, parts: Sequence[Made]) -> None:
        for made in parts:
            place = self._at(made.ts)
            if place is None:
                continue
            number, span = place
            booked = span.booked
            if booked == "scheduled" and made.across_gap:
                booked = "gap"
            if made.counter == "bad":
                self._add(number, span, made.product, booked, 0, made.parts, made.parts)
            else:
                self._add(number, span, made.product, booked, made.parts, 0, made.parts)
            if made.flag:
                self._mark(number, made.flag)

    def add_scrap(self, events: HourEvents) -> None:
        for ts, qty, product, startup in events.scrap:
            place = self._at(ts)
            if place is not None:
                number, span = place
                self._add(number, span, product or span.product, span.booked, 0, qty, qty, startup=startup)

    def _mark(self, number: int, flag: str) -> None:
        marks = self.marks.setdefault(number, {})
        marks[flag] = marks.get(flag, 0) + 1

    def counts(self, number: int) -> tuple[Count, ...]:
        then = self.rules.at(self.bounds[number])
        return tuple(
            Count(product, booked, row[0], row[1], row[2], then.ideal(product), row[3])
            for (slice_number, product, booked), row in self.sums.items()
            if slice_number == number
        )

    def flags(self, number: int, events: HourEvents, start: int, end: int) -> dict[str, int]:
        marks = dict(self.marks.get(number, {}))
        ahead = sum(start <= ts < end for ts in events.clock_ahead)
        if ahead:
            marks["clock_ahead"] = ahead
        return marks
