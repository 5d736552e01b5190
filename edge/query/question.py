"""A question while it is answered: about whom, as of when, and what is at hand for it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import apsw

from edge.cells import MachineCells
from edge.clock import DAY
from edge.host import PluginHost
from edge.plant import Plant
from edge.query.older import Older
from edge.query.remembered import Entry, Remembered
from edge.store.athand import AtHand
from edge.store.machines import MachineRow


@dataclass(frozen=True)
class Question:
    """Who is asked about: machines, as they were known at `cut` (`as_of` is None in the present)."""

    db: apsw.Connection
    plant: Plant
    host: PluginHost
    machines: Sequence[MachineRow]
    cut: int
    as_of: int | None
    lateness_us: int = DAY
    remembered: Remembered = field(default_factory=lambda: Remembered(0))
    versions: dict[int, int] = field(default_factory=dict)
    state: Hashable = None  # which losses of messages and changes of plant data were known
    older: Older | None = None
    at_hand: AtHand | None = None  # events of running hours, where those are remembered

    def cells(self) -> list[MachineCells]:
        facts = None if self.older is None else self.older.facts
        return [
            MachineCells(self.db, self.plant, row, self.cut, self.as_of, facts, self.at_hand) for row in self.machines
        ]

    @property
    def lacks(self) -> bool:
        """Whether a part of the answer should have come from InfluxDB and did not."""
        return self.older is not None and bool(self.older.missing)

    def missing(self) -> dict[str, Any]:
        """For the answer: which part that is, where there is one."""
        return {} if self.older is None or not self.older.missing else {"missing": self.older.told()}

    def remembered_of(self, machines: tuple[int, ...], key: Hashable) -> Any:
        """What is remembered about machines in the present, None where nothing is. It must not be changed."""
        if self.as_of is not None:
            return None
        return self.remembered.get(machines, (key, self.state), self.versions)

    def remember(self, machines: tuple[int, ...], found: Mapping[Hashable, Entry]) -> None:
        """Remember what was worked out of windows that are settled, where all of it could be."""
        if found and self.as_of is None and not self.lacks:
            keyed: dict[Hashable, Entry] = {(key, self.state): entry for key, entry in found.items()}
            self.remembered.keep(machines, keyed, self.versions)

    def known_by(self, instant: int, plant: Plant) -> Question:
        """The same question as of an instant of receipt, with the plant as it was known then."""
        return replace(self, plant=plant, machines=heard_of(self.machines, plant, instant), cut=instant, as_of=instant)


def heard_of(machines: Sequence[MachineRow], plant: Plant, instant: int | None) -> Sequence[MachineRow]:
    """Those of machines that the plant file names or that had published by an instant (None: now); where none had, all,
    with nothing known of them."""
    if instant is None:
        return machines
    named = frozenset(plant.settings.machine_paths())
    return [row for row in machines if row.path in named or row.first_seen <= instant] or machines


def kpi_number(db: apsw.Connection, name: str) -> int:
    """The number of a KPI in the store; -1 where nothing of it is stored."""
    found = db.execute("select id from kpis where name=?", (name,)).fetchone()
    return -1 if found is None else int(found[0])
