"""What a plugin author writes: two pure functions, additive facts of a slice and values of their sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from edge.slices import Slice

Facts = Mapping[str, Any]
"""Numbers, or nested mappings of numbers, that may be added: over windows, machines, shifts."""


@dataclass(frozen=True, slots=True)
class Wants:
    """What KPIs ask for beside the timeline; nothing of it is read for those that do not."""

    signals: frozenset[str] = frozenset()
    orders: bool = False

    def __bool__(self) -> bool:
        return bool(self.signals) or self.orders


class Kpi:
    """A KPI. Subclass it, name it, and return the class from `register_kpis`.

    `facts` gets one `Slice` and returns numbers (nested dicts of numbers are allowed) that add up: the core adds them
    over machines and windows and hands the sum to `values`. Both must be pure: no state, clock, randomness or I/O.
    """

    name: ClassVar[str]
    title: ClassVar[str] = ""
    unit: ClassVar[str] = "1"  # of its values; "1" is a share and shown in percent, "" a plain number
    units: ClassVar[Mapping[str, str]] = {}  # value -> unit, where it has another one than the KPI
    titles: ClassVar[Mapping[str, str]] = {}  # value or fact -> what people call it; default: made from its name
    headline: ClassVar[str] = ""  # the value shown large on the page; default: the value called like the KPI
    details: ClassVar[tuple[str, ...]] = ()  # values shown small beside it
    of_line: ClassVar[tuple[str, ...]] = ()  # values that a line has and a machine has not, shown at its head
    quotients: ClassVar[Mapping[str, tuple[str, str]]] = {}  # value -> the two facts it divides, for its explanation
    better: ClassVar[Literal["up", "down"]] = "up"
    rank: ClassVar[int] = 100  # order on the page, lowest first
    board: ClassVar[bool] = True  # False: answers questions, but has no place on the cards of the page
    signals: ClassVar[tuple[str, ...]] = ()  # which readings it wants: names with `*`, `kind:power`, `limits`, `sigma`
    orders: ClassVar[bool] = False  # whether it wants the history of orders
    settings: ClassVar[Mapping[str, Any]] = {}  # of its own, with defaults: `[machines."...".kpis.<name>]` sets them

    def settings_at(self, slice: Slice) -> Mapping[str, Any]:
        """Its own settings at the machine of a slice, with defaults."""
        return {**self.settings, **slice.settings.get("kpis", {}).get(self.name, {})}

    def facts(self, slice: Slice) -> Facts:
        """Additive numbers of one machine in one window."""
        raise NotImplementedError

    def values(self, facts: Facts) -> Mapping[str, Any]:
        """The KPI from summed facts; None for a value that cannot be known."""
        raise NotImplementedError

    def flags(self, facts: Facts) -> list[str]:
        """Names of what a reader should know of these facts; by default those counted under the fact `flags`."""
        return sorted(name for name, n in facts.get("flags", {}).items() if n)
