"""Scenarios without a broker: settings, journal records, decode, timeline, plugins, store and questions in process."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge.decode import DecodeSettings
from edge.facts import total
from edge.host import PluginHost, load
from edge.journal.record import Record
from edge.plant import Plant
from edge.processing.pipeline import Pipeline
from edge.query.query import Asked, Query
from edge.query.reading import Connections
from edge.query.window import Window
from edge.settings.plant import PlantSettings
from tests.scenarios.compare import Found, found, instants, latest
from tests.scenarios.scenario import Expectation, Message, Prepared


class Records:
    """A journal in memory."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.records = [Record(n + 1, m.topic, m.payload, m.received, 1, 1) for n, m in enumerate(messages)]

    def read(self, from_offset: int, limit: int) -> list[Record]:
        return self.records[from_offset - 1 : from_offset - 1 + limit]

    def get(self, offset: int) -> Record | None:
        return self.records[offset - 1] if 0 < offset <= len(self.records) else None

    @property
    def first_offset(self) -> int:
        return 1 if self.records else 0

    @property
    def last_offset(self) -> int:
        return len(self.records)


@contextmanager
def answering(
    plant_settings: Mapping[str, Any], messages: Sequence[Message], latest: int = 0, evaluated: int = 0
) -> Iterator[Query]:
    """A service's inside that has taken all messages; its present is now, or `latest` where that is later. The first
    `evaluated` messages were taken and worked out before the rest came."""
    plant = Plant(PlantSettings.model_validate(plant_settings))
    host = load()
    records = Records(messages)
    present = max(time.time_ns() // 1000, latest)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        pipeline = Pipeline(path, records, plant, DecodeSettings(), host, now=lambda: present)
        pipeline.open()
        if evaluated:
            come, records.records = records.records, records.records[:evaluated]
            pipeline.catch_up()
            records.records = come
        pipeline.catch_up()
        connections = Connections(path)
        try:
            yield Query(
                connections, plant, host, records, DecodeSettings(),  # type: ignore[arg-type]  # a journal in memory
                now=lambda: present,
            )  # fmt: skip
        finally:
            connections.close()
            pipeline.close()


def ask(query: Query, expectation: Expectation) -> dict[str, dict[str, Any]]:
    """Answers of all KPIs for one expectation."""
    start, end = instants(expectation, query.plant.calendar(expectation.site))
    out = {}
    for name in query.host.kpis:
        parts = [
            query.kpi(name, Asked(path, Window(start, end)), None, expectation.as_of) for path in expectation.paths
        ]
        out[name] = parts[0] if len(parts) == 1 else pooled(query.host, name, parts)
    return out


def pooled(host: PluginHost, name: str, parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several machines' answers as one, by sums."""
    facts = total(part["facts"] for part in parts)
    found = host.values(name, facts)
    assert found is not None
    return {"facts": facts, "values": found[0], "flags": found[1]}


def run(prepared: Prepared) -> Iterator[tuple[Expectation, Found]]:
    """Every expectation with what is found of it."""
    plant = Plant(PlantSettings.model_validate(prepared.plant))
    with answering(prepared.plant, prepared.messages, latest(prepared, plant)) as query:
        for expectation in prepared.expectations:
            yield expectation, found(expectation, partial(ask, query))
