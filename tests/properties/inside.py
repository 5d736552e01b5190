"""The inside of the service: takes messages in any pieces, evaluates when told, is killed and opened again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from edge.decode import DecodeSettings
from edge.host import PluginHost, load
from edge.journal.record import Record
from edge.monitoring.watch import WatchRules
from edge.plant import Plant
from edge.processing.pipeline import Hooks, Pipeline
from edge.query.query import Asked, Query
from edge.query.reading import Connections
from edge.query.window import Window
from edge.settings.plant import PlantSettings
from tests.scenarios.offline import Records
from tests.scenarios.scenario import Message

HOST = load()
WATCHING, NO_HOOKS = WatchRules(), Hooks()
Cell = tuple[str, str, int, int]


class Visible(Records):
    """A journal of which only the first `limit` records have come yet."""

    limit = 0

    def read(self, from_offset: int, limit: int) -> list[Record]:
        return self.records[from_offset - 1 : min(from_offset - 1 + limit, self.limit)]

    @property
    def last_offset(self) -> int:
        return self.limit


class Inside:
    """`clock` is the present, in microseconds; it goes on with the messages that are taken."""

    def __init__(self, folder: Path, plant: Mapping[str, Any], messages: Sequence[Message], host: PluginHost = HOST,
                 watching: WatchRules = WATCHING, hooks: Hooks = NO_HOOKS) -> None:  # fmt: skip
        self.host, self.watching, self.hooks = host, watching, hooks
        self.path = folder / "store.db"
        self.plant = Plant(PlantSettings.model_validate(plant))
        self.journal = Visible(messages)
        self.clock = 0
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self.pipeline.close()

    def _open(self) -> None:
        self.pipeline = Pipeline(
            self.path,
            self.journal,
            self.plant,
            DecodeSettings(),
            self.host,
            self.hooks,
            watching=self.watching,
            now=lambda: self.clock,  # type: ignore[arg-type]
        )
        self.pipeline.open()

    def take(self, count: int) -> None:
        """The next messages arrive and are taken, as one batch."""
        self.journal.limit = min(len(self.journal.records), self.journal.limit + count)
        if self.journal.limit:
            self.clock = max(self.clock, self.journal.records[self.journal.limit - 1].received)
        while self.pipeline.take_batch():
            pass

    def restart(self, *, kill: bool) -> None:
        """Stop in order, or at once: what was taken since the last commit is taken again."""
        if kill:
            self.pipeline.abandon()
        else:
            self.pipeline.close()
        self._open()
        while self.pipeline.take_batch():
            pass

    def evaluate(self) -> None:
        """What the loop does once a second."""
        self.pipeline.commit()
        self.pipeline.evaluate_live()
        self.pipeline.work_on_cold(10.0)
        self.pipeline.pool()

    @property
    def taken(self) -> int:
        """How many messages have been taken."""
        return self.journal.limit

    @contextmanager
    def asking(self) -> Iterator[Query]:
        """Questions at the present, over restarts; what is not committed they do not see."""
        connections = Connections(self.path)
        try:
            yield Query(
                connections, self.plant, self.host, self.journal, DecodeSettings(),  # type: ignore[arg-type]
                now=lambda: self.clock,
            )  # fmt: skip
        finally:
            connections.close()

    def facts(self) -> dict[Cell, Any]:
        """Everything in the table of facts, by KPI, machine, start and end."""
        sql = (
            "select kpis.name, machines.path, start, end, facts from facts "
            "join kpis on kpis.id=facts.kpi join machines on machines.id=facts.machine"
        )
        rows = self.pipeline.db.execute(sql).fetchall()
        return {(name, path, start, end): msgspec.msgpack.decode(blob) for name, path, start, end, blob in rows}


def answers(query: Query, path: str, start: int, end: int, as_of: int | None = None) -> dict[str, Any]:
    """Facts and values of both KPIs under one roof."""
    out: dict[str, Any] = {}
    flags: set[str] = set()
    for name in ("oee", "first_pass_yield"):
        found = query.kpi(name, Asked(path, Window(start, end)), None, as_of)
        out |= {**found["facts"], **found["values"]}
        flags |= set(found["flags"])
    return {**out, "flags": sorted(flags)}
