"""What decides the numbers of one machine: its settings and its calendar, resolved to microseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from edge.clock import SECOND
from edge.slices import LineRole


class Piece(Protocol):
    """A stretch of calendar time; `kind` is "unscheduled", "planned" or "scheduled", `dated` a planned stop and no
    break."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def shift(self) -> str | None: ...
    @property
    def dated(self) -> bool: ...
    @property
    def shift_start(self) -> int | None: ...


class Schedule(Protocol):
    """The calendar of a site, as the timeline needs it."""

    def pieces(self, start: int, end: int) -> Sequence[Piece]: ...
    def cell_bounds(self, start: int, end: int) -> list[int]: ...


@dataclass(frozen=True)
class Rules:
    """What holds from the beginning of time; `later` has what holds from later instants on, each to the next, in order.

    The schedule knows its own changes. Two sets of rules are equal where they decide alike at one instant."""

    schedule: Schedule = field(compare=False)
    threshold_us: int = 120 * SECOND
    debounce_us: int = 0
    stale_us: int = 0  # 0: silence means nothing
    default_state: str = "unknown"
    no_order_is_loss: bool = False
    maintenance_is_planned: bool = False  # time in maintenance, as the machine says it, is no loss (ruling 7)
    planned_stops_are_loss: bool = False  # only breaks leave the denominator (ruling 7: oee.com, SMRP)
    counter_modulus: int | None = None
    plausibility_factor: float = 1.5
    reject_signal: str = "auto"
    parts_timeout_us: int = 0  # the state follows from parts: running until so long after the last one (0: reported)
    product: str | None = None  # what is made until a message says otherwise
    ideal_s: Mapping[str, float] = field(default_factory=dict)  # ideal seconds per part
    line: LineRole | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the machine, for KPIs
    signals: Mapping[str, Any] = field(default_factory=dict)  # theirs, by name or pattern, as far as KPIs see them
    later: Sequence[tuple[int, Rules]] = field(default=(), compare=False)

    def at(self, ts: int) -> Rules:
        """The rules in force at an instant."""
        if not self.later or ts < self.later[0][0]:
            return self
        return self.later[bisect_right(self.later, ts, key=_since) - 1][1]

    def changes(self, start: int, end: int) -> list[int]:
        """Instants strictly inside (start, end) from which on other rules hold."""
        return [since for since, _ in self.later if start < since < end]

    def held(self, start: int, end: int) -> Iterator[tuple[int, int, Rules]]:
        """Which rules held when in [start, end)."""
        for a, b in pairwise([start, *self.changes(start, end), end]):
            yield a, b, self.at(a)

    def cuts(self, start: int, end: int, products: Collection[str | None]) -> Iterator[int]:
        """Those of the changes that make a difference where `products` are made: no slice reaches over one."""
        for since in self.changes(start, end):
            before, after = self.at(since - 1), self.at(since)
            same = before.settings == after.settings and before.signals == after.signals
            if not same or any(before.ideal(p) != after.ideal(p) for p in products):
                yield since

    @property
    def settles(self) -> bool:
        """Whether, at any time, a state must last before it counts."""
        return bool(self.settle_us) or any(rules.settle_us for _, rules in self.later)

    @property
    def settle_us(self) -> int:
        """How long a state must last before it counts (an absorbed one belongs to the state before)."""
        return self.parts_timeout_us or self.debounce_us

    def absorbs(self, state: str) -> bool:
        """Whether a state that is too short is absorbed; of states that follow from parts, only standing still is."""
        return not self.parts_timeout_us or state == "stopped"

    def kind(self, piece: Piece) -> str:
        """The calendar's word for a stretch, as this machine takes it."""
        return "scheduled" if piece.kind == "planned" and piece.dated and self.planned_stops_are_loss else piece.kind

    def ideal(self, product: str | None) -> float | None:
        """Ideal seconds per part of `product`, None where it has none."""
        return None if product is None else self.ideal_s.get(product)


def _since(change: tuple[int, Rules]) -> int:
    return change[0]
