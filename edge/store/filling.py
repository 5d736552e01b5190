"""What a slice has beside its timeline: figures of readings and the history of orders, where a KPI asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import apsw

from edge.kpi import Wants
from edge.plant import Plant
from edge.slices import SignalSummary, Slice
from edge.store.orders import OrderBook
from edge.store.summaries import Summaries


class Filling:
    """Fills slices of one machine. Readings are those kept now; of orders what was known at `received_until`."""

    def __init__(self, db: apsw.Connection, plant: Plant, path: str, machine: int,
                 received_until: int | None = None) -> None:  # fmt: skip
        self.plant, self.path = plant, path
        self.summaries = Summaries(db, machine)
        self.orders = OrderBook(db, path, machine, received_until)

    def filled(self, cells: Sequence[Slice], wants: Wants) -> list[Slice]:
        """The slices with all that is asked for."""
        if not cells or not wants:
            return list(cells)
        readings = self._readings(cells, wants)
        return [
            replace(
                cell,
                readings=of_cell,
                orders=self.orders.actions(cell.orders) if wants.orders else cell.orders,
                in_process=self.orders.in_process(cell.start, cell.end) if wants.orders else (),
            )
            for cell, of_cell in zip(cells, readings, strict=True)
        ]

    def _readings(self, cells: Sequence[Slice], wants: Wants) -> list[dict[str, SignalSummary]]:
        found: list[dict[str, SignalSummary]] = [{} for _ in cells]
        if not wants.signals:
            return found
        names = self.summaries.signals()
        placed = list(zip(cells, found, strict=True))
        for _, group in groupby(placed, lambda one: self.plant.version(one[0].start)):  # settings hold for whole cells
            together = list(group)
            windows = [(cell.start, cell.end) for cell, _ in together]
            for name, settings in self.plant.wanted(self.path, names, wants.signals, windows[0][0]).items():
                for (_, of_cell), figures in zip(together, self.summaries.of(name, windows, settings), strict=True):
                    of_cell[name] = figures
        return found

    def hours_after(self, at: int, wants: Wants) -> set[int]:
        """Hours from `at` on whose figures depend on readings before it."""
        names = self.summaries.signals() if wants.signals else ()
        begins = {max(at, since) for since, _, _ in self.plant.versions} if names else ()
        wanted = {name for begin in begins for name in self.plant.wanted(self.path, names, wants.signals, begin)}
        return {hour for name in wanted for hour in self.summaries.hours_after(name, at)}

    def is_kept(self, start: int) -> bool:
        """Whether the readings from an instant on are still there."""
        return start >= self.summaries.kept_from()
