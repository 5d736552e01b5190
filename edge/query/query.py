"""The façade that answers questions: reads the store, never writes, and may be asked from several threads at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import apsw

from edge.clock import SECOND, to_text
from edge.decode import DecodeSettings, decode
from edge.errors import QueryError
from edge.facts import total
from edge.host import PluginHost
from edge.influx.history import History
from edge.journal.reader import JournalReader
from edge.plant import Plant, line_of
from edge.plants import Plants
from edge.query import assessments, lists
from edge.query.catalogue import catalogue
from edge.query.explain import explain, too_long
from edge.query.export import Table, export
from edge.query.kpis import answers, known_kpi, settings_of
from edge.query.older import Older
from edge.query.plantdata import PlantAnswers
from edge.query.question import Question, heard_of, kpi_number
from edge.query.reading import Connections
from edge.query.remembered import Remembered
from edge.query.revisions import revisions
from edge.query.series import series_shown
from edge.query.status import KIND_BY_LEVELS, group_status, machine_statuses
from edge.query.timelines import timeline
from edge.query.window import Window, named_shift, running_window, steps
from edge.settings.plant import PlantSettings
from edge.store import corrections, identity
from edge.store.athand import AtHand
from edge.store.machines import MachineRow, all_machines, machines_at, machines_under
from edge.store.readings import ReadingsReader
from edge.timemodel import NAME, pareto, six_big_losses, waterfall

SETTLE_S = 0.5
MISSING_SHOWN = 20


@dataclass(frozen=True)
class Asked:
    """A window of an asset, as the API hands it back."""

    asset: str
    window: Window

    @property
    def start(self) -> int:
        return self.window.start

    @property
    def end(self) -> int:
        return self.window.end


@dataclass
class Query:
    """`settle` waits until what has been received is in the store; `now` is the present in microseconds."""

    connections: Connections
    plant: Plant
    host: PluginHost
    journal: JournalReader
    decode_settings: DecodeSettings
    settle: Callable[[float], object] = lambda timeout_s: None
    now: Callable[[], int] = lambda: time.time_ns() // 1000
    lateness_us: int = 86_400 * SECOND
    history: History | None = None  # where what is older than the embedded store comes from

    def __post_init__(self) -> None:
        self._journal_lock = threading.Lock()
        self.remembered = Remembered()
        self.at_hand = AtHand()
        self.plants = Plants(self.plant)

    def renew(self) -> None:
        """The store is another file now."""
        self.connections.renew()
        self.remembered.clear()
        self.at_hand.clear()
        self.plants.clear()

    # what is asked about

    def window(self, asset: str, start: int | None, end: int | None, shift: str | None, as_of: int | None = None,
               ) -> Asked:  # fmt: skip
        """The window meant by from and to, or by a shift of the asset's site, as its calendar was known at `as_of`;
        without any, the shift that runs."""
        calendar = self.plants.known(self.connections.get(), as_of)[0].calendar(asset)
        now = self.now()
        if shift is not None:
            machines_under(self.connections.get(), asset)  # an asset that is not there is the first mistake to name
            return Asked(asset, named_shift(calendar, shift, now))
        if start is None and end is None:
            return Asked(asset, running_window(calendar, now))
        if start is None:
            raise QueryError("from", None, "the window has no start", expected="from and to, or shift=current")
        until = now if end is None else end
        if start >= until:
            raise QueryError("from", to_text(start), "the window is empty", expected=f"before {to_text(until)}")
        return Asked(asset, Window(start, until))

    def _asking(self, path: str, as_of: int | None = None,
                settle_s: float = SETTLE_S) -> AbstractContextManager[Question]:  # fmt: skip
        """A question about the machines at or under a path, once what has been received is committed."""
        if settle_s:
            self.settle(settle_s)
        return self._reading(lambda db: machines_under(db, path), as_of)

    @contextmanager
    def _reading(self, machines_in: Callable[[apsw.Connection], Sequence[MachineRow]],
                 as_of: int | None = None) -> Iterator[Question]:  # fmt: skip
        """One committed state of the store, in which all of an answer is read."""
        db = self.connections.get()
        now = self.now()
        past = as_of if as_of is not None and as_of < now else None
        db.execute("begin")
        try:
            machines = heard_of(machines_in(db), self.plant, past)
            numbers = tuple(row.number for row in machines)
            versions = self.remembered.look(db, numbers) if past is None else {}
            notices = db.execute("select max(offset) from notices").fetchone()
            plant, state = self.plants.known(db, past)
            yield Question(
                db, plant, self.host, machines, now if past is None else past, past, self.lateness_us,
                self.remembered, versions, (notices, state),
                None if self.history is None else Older(self.history), self.at_hand,
            )  # fmt: skip
        finally:
            db.execute("rollback")

    @property
    def plant_data(self) -> PlantAnswers:
        """Answers about plant data."""
        return PlantAnswers(self.connections, self.plants, self.settle, lambda: self.now(), self.host.unknown_settings)

    # answers

    def assets(self) -> dict[str, Any]:
        """Every path that published, with the sites, areas and lines above it."""
        db = self.connections.get()
        readings, plant = ReadingsReader(db), self.plants.known(db)[0].at(self.now())
        groups: dict[str, list[str]] = {}
        machines = []
        for row in all_machines(db):
            levels = row.path.split("/")
            for depth in range(1, len(levels)):
                groups.setdefault("/".join(levels[:depth]), []).append(row.path)
            machines.append(self._asset(row, readings, plant))
        above = [
            {"path": path, "kind": KIND_BY_LEVELS[path.count("/") + 1], "title": self._title(path), "machines": under}
            for path, under in sorted(groups.items())
        ]
        return {"assets": [*above, *machines]}

    def _title(self, path: str) -> str | None:
        depth = path.count("/")
        if depth == 0:
            return self.plant.settings.site(path).title
        line = self.plant.settings.line(path) if depth == 2 else None
        return line.title if line else None

    def _asset(self, row: MachineRow, readings: ReadingsReader, plant: PlantSettings) -> dict[str, Any]:
        settings = plant.machine(row.path)
        return {
            "path": row.path,
            "kind": "machine",
            "line": line_of(row.path),
            "title": settings.title,
            "configured": plant.configured(row.path),
            "first_seen": to_text(row.first_seen) if row.first_seen else None,
            "last_heard": to_text(row.last_heard) if row.last_heard else None,
            "product": settings.product,
            "signals": [self._signal(row.path, found) for found in readings.signals(row.number)],
            "missing_messages": self._missing(row.number),
        }

    def _missing(self, number: int) -> dict[str, Any]:
        """Sequence numbers of a machine that never came, the latest ranges first."""
        holes = [(boot, *hole) for boot, found in identity.missing(self.connections.get(), number) for hole in found]
        shown = [{"boot": boot, "from": first, "to": last} for boot, first, last in holes[: -MISSING_SHOWN - 1 : -1]]
        return {"count": sum(last - first + 1 for _, first, last in holes), "ranges": shown}

    def _signal(self, path: str, found: Any) -> dict[str, Any]:
        settings = self.plant.settings.signal(path, found.name)
        return {
            "name": found.name,
            "unit": settings.unit or found.unit,
            "kind": settings.kind,
            "last": {"ts": to_text(found.last_ts), "value": found.last_value},
        }

    def status(self, path: str) -> dict[str, Any]:
        """The present of a machine, or of the machines under a prefix."""
        with self._asking(path) as question:
            if len(question.machines) == 1 and question.machines[0].path == path:
                return machine_statuses(question, self.now())[0]
            return group_status(question, path, self.now())

    def statuses(self, paths: Iterable[str]) -> list[dict[str, Any]]:
        """The present of each of these machines that the store knows, as far as it is committed."""
        with self._reading(lambda db: machines_at(db, paths)) as question:
            return machine_statuses(question, self.now())

    def timeline(self, path: str, start: int, end: int) -> dict[str, Any]:
        """Spans of one machine."""
        with self._asking(path) as question:
            if question.machines[0].path != path:
                raise QueryError("asset", path, "a timeline is one machine's", expected=question.machines[0].path)
            return {
                "asset": path,
                "from": to_text(start),
                "to": to_text(end),
                "timezone": self.plant.timezone(path),
                "as_of": to_text(question.cut),
                **timeline(question.cells()[0], start, end),
            }

    def readings(self, path: str, signals: Sequence[str], start: int, end: int, points: int) -> dict[str, Any]:
        """Series of one machine's signals."""
        with self._asking(path) as question:
            row = question.machines[0]
            if row.path != path:
                raise QueryError("asset", path, "readings are one machine's", expected=row.path)
            window = (start, end)
            shown = series_shown(question, row, signals, window, points, lambda found: self._signal(path, found))
            return {"asset": path, "from": to_text(start), "to": to_text(end), "series": shown, **question.missing()}

    def losses(self, path: str, window: Asked) -> dict[str, Any]:
        """Where the time of a window went, and the reasons of stops."""
        with self._asking(path) as question:
            number = kpi_number(question.db, NAME)
            parts = [
                part
                for cells in question.cells()
                for part in cells.sums(number, NAME, window.start, window.end, self.host).parts
            ]
            facts = total(parts)
            return {
                "asset": path,
                **window.window.label(),
                "timezone": self.plant.timezone(path),
                "as_of": to_text(question.cut),
                "time": waterfall(facts),
                "six_big_losses": six_big_losses(facts),
                "reasons": pareto(facts),
                **question.missing(),
            }

    def kpis(self) -> dict[str, Any]:
        """The KPIs that plugins brought, in page order, and plugins that could not be loaded."""
        return catalogue(self.host)

    def kpi(self, name: str, window: Asked, step: str | None, as_of: int | None) -> dict[str, Any]:
        """One KPI over a window, pooled over the machines of a prefix, whole and by steps."""
        known_kpi(self.host, name)
        with self._asking(window.asset, as_of) as question:
            parts = [] if step is None else steps(question.plant.calendar(window.asset), window.window, step)
            whole, *of_parts = answers(question, question.cells(), name, [window.window, *parts])
            out = {
                "kpi": name,
                "asset": window.asset,
                "timezone": self.plant.timezone(window.asset),
                **whole,
                "settings": settings_of(question.plant, question.machines, window.window),
            }
            return {**out, **({} if step is None else {"windows": of_parts}), **question.missing()}

    def explain(self, name: str, window: Asked, as_of: int | None) -> dict[str, Any]:
        """One KPI over a window with everything that it is the sum of."""
        known_kpi(self.host, name)
        with self._asking(window.asset, as_of) as question:
            return {
                "kpi": name,
                "asset": window.asset,
                "timezone": self.plant.timezone(window.asset),
                **explain(question, question.cells(), name, window.window),
            }

    def revisions(self, name: str, window: Asked, as_of: int | None, limit: int) -> dict[str, Any]:
        """How a KPI of a window came to change after it was over; with `as_of` as far as that was known then."""
        known_kpi(self.host, name)
        too_long(window.window)
        with self._asking(window.asset, as_of) as question:

            def at(instant: int) -> Question:
                return question.known_by(instant, self.plants.known(question.db, instant)[0])

            return {
                "kpi": name,
                "asset": window.asset,
                **window.window.label(),
                "timezone": self.plant.timezone(window.asset),
                "as_of": to_text(question.cut),
                "revisions": revisions(question, at, name, window.window, limit),
            }

    def export(self, table: str, window: Asked, kpi: str | None, step: str | None, as_of: int | None) -> Table:
        """A table of a window; its pieces may be read from any thread, one at a time."""
        self.settle(SETTLE_S)
        return export(
            partial(self._asking, as_of=as_of, settle_s=0), table, window.asset, window.window, kpi=kpi, step=step
        )

    def corrections(self, path: str | None, start: int | None, end: int | None, limit: int) -> dict[str, Any]:
        """Corrections that touch a time, the newest `limit` of them in the order in which they were said."""
        self.settle(SETTLE_S)
        db = self.connections.get()
        machines = [None] if path is None else [row.number for row in machines_under(db, path)]
        until = self.now() + 366 * 86_400 * SECOND if end is None else end
        found = [one for number in machines for one in corrections.listed(db, number, start or 0, until)]
        return {"corrections": sorted(found, key=lambda one: int(one["offset"]))[-limit:]}

    def can_revoke(self, number: str) -> bool:
        """Whether a correction of this id holds."""
        self.settle(SETTLE_S)
        return corrections.holds(self.connections.get(), number)

    def check_machine(self, path: str) -> dict[str, Any]:
        """QueryError (404) where no machine of this path has published."""
        machines_under(self.connections.get(), path)
        return {}

    def rejections(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        """Messages that could not become events, newest first."""
        self.settle(SETTLE_S)
        db = self.connections.get()
        rows = lists.rejection_rows(db, filters)
        page = rows[: filters["limit"]]
        counts = lists.rejection_counts(db, filters["asset"])
        return {
            "rejections": [lists.rejection_dict(row, self._record(row[0])) for row in page],
            "counts": counts,
            "total": sum(counts.values()),
            "next": f"{page[-1][0]}-{page[-1][1]}" if len(rows) > len(page) else None,
        }

    def events(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        """Production events in order of arrival."""
        self.settle(SETTLE_S)
        db = self.connections.get()
        asset = filters["asset"]
        machines = all_machines(db) if asset is None else machines_under(db, asset)
        return lists.events(db, machines, filters, self.now())

    def assessments(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        """What monitors say of machines now, or said over time."""
        self.settle(SETTLE_S)
        db = self.connections.get()
        asset = filters["asset"]
        machines = all_machines(db) if asset is None else machines_under(db, asset)
        if filters["start"] is filters["end"] is None and not isinstance(filters["after"], int):
            return assessments.current(db, self.host, machines, filters)
        return assessments.history(db, self.host, machines, filters, self.now())

    def message(self, offset: int) -> dict[str, Any] | None:
        """The raw message at a journal offset and what became of it; None where the journal has it no more."""
        record = self._record(offset)
        if record is None:
            return None
        decoded = decode(record, self.decode_settings)
        return lists.message_dict(record, decoded.events, decoded.rejections)

    def _record(self, offset: int) -> Any:
        with self._journal_lock:
            return self.journal.get(offset)


__all__ = ["Asked", "Query"]
