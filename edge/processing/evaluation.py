"""From changed hours to facts in the store: settle the timeline, cut it into cells, ask the KPIs."""

from __future__ import annotations

from dataclasses import dataclass, field

import apsw

from edge.clock import HOUR
from edge.host import PluginHost
from edge.plant import Plant
from edge.processing.machine import Machine
from edge.processing.pooling import Pooling
from edge.slices import Slice, Unit
from edge.store import hours as hour_store
from edge.store import meta, pools
from edge.store.filling import Filling
from edge.timeline.evaluate import cut_bounds, slices
from edge.timeline.history import Base, Row, settle
from edge.timeline.hour import HourEvents
from edge.timeline.rules import Rules
from edge.timeline.walk import Walk
from edge.timemodel import NAME, TimeModel


@dataclass
class Evaluation:
    """Writes facts; used inside the processing transaction. `kpi_ids` names the KPIs by number, the time model too."""

    db: apsw.Connection
    host: PluginHost
    plant: Plant
    kpi_ids: dict[str, int] = field(default_factory=dict)
    time_model: TimeModel = field(default_factory=TimeModel)

    def __post_init__(self) -> None:
        self.wants = self.host.wants()
        self._of_readings = {name for name, loaded in self.host.kpis.items() if loaded.kpi.signals}
        self._in_the_end = {name for name, loaded in self.host.kpis.items() if not loaded.kpi.board}
        versions = {name: f"{loaded.plugin} {loaded.version}" for name, loaded in self.host.kpis.items()}
        changed = False
        for name, version in {NAME: "2", **versions}.items():
            changed = meta.set_kpi_version(self.db, name, version) or changed
            self.kpi_ids[name] = meta.number_of(self.db, "kpis", "name", name)
        if changed:  # a new KPI, or a new version of one: its facts are worked out from the stored events
            hour_store.all_dirty(self.db)
            pools.drop_all(self.db)
        self.pooling = Pooling(self.db, self.host, self.plant, self.kpi_ids)

    def evaluate(self, machine: Machine, hours: set[int], now: int) -> None:
        """Evaluate hours of one machine and whatever they reach; hours that begin at or after `now` stay dirty."""
        settle(_Writing(self, machine), hours, now, machine.rules)

    def write(self, machine: Machine, row: Row, walked: Walk, events: HourEvents) -> None:
        """Keep an evaluated hour and the facts of its cells."""
        end = row.hour + HOUR
        bounds = [row.hour, *(b for b in machine.rules.schedule.cell_bounds(row.hour, end) if b < row.until), row.until]
        bounds = cut_bounds(walked, events, bounds, machine.rules)
        cells = cell_slices(machine.path, walked, events, list(machine.units_of(row.hour)), bounds, machine.rules)
        over = row.until == end
        filling = Filling(self.db, self.plant, machine.path, machine.number)
        if over:
            cells = filling.filled(cells, self.wants)
        gone = any(cell.readings for cell in cells) and not filling.is_kept(row.hour)
        skip = self._skipped(over=over, gone=gone)
        for cell in cells:
            self._save(machine, cell, skip, provisional=cell.end == row.until and not over)
        hour_store.forget_facts(
            self.db, list(self.kpi_ids.values()), machine.number, row.hour, end, {cell.start for cell in cells}
        )
        machine.keep(row)
        machine.dirty.discard(row.hour)
        self.pooling.changed(machine, row.hour)

    def _skipped(self, *, over: bool, gone: bool) -> set[str]:
        """KPIs whose facts of an hour are not worked out now: those that are not on the board until the hour is over
        (whoever asks before gets them worked out), those of readings where these are gone and only the facts left."""
        if not over:
            return self._in_the_end | self._of_readings
        return self._of_readings if gone else set()

    def _save(self, machine: Machine, cell: Slice, skip: set[str], *, provisional: bool) -> None:
        found = {NAME: self.time_model.facts(cell), **self.host.facts(cell, skip)}
        facts = {self.kpi_ids[name]: numbers for name, numbers in found.items()}
        hour_store.save_facts(self.db, machine.number, cell.start, cell.end, facts, provisional=provisional)
        failed = [number for name, number in self.kpi_ids.items() if name not in found and name not in skip]
        hour_store.drop_facts(self.db, failed, machine.number, cell.start)  # of an earlier evaluation


def cell_slices(path: str, walked: Walk, events: HourEvents, units: list[Unit], bounds: list[int],
                rules: Rules) -> list[Slice]:  # fmt: skip
    """The cells of an hour; nothing for an empty stretch."""
    return slices(path, walked, events, units, bounds, rules) if bounds[0] < bounds[-1] else []


class _Writing:
    """The history of a machine whose evaluated hours are written."""

    def __init__(self, evaluation: Evaluation, machine: Machine) -> None:
        self._evaluation, self._machine = evaluation, machine
        self.before, self.after, self.get, self.events = machine.before, machine.after, machine.get, machine.events

    @property
    def base(self) -> Base | None:
        return self._machine.base

    def put(self, row: Row, walked: Walk, events: HourEvents) -> None:
        self._evaluation.write(self._machine, row, walked, events)
