"""The demo's wearing bearing is seen hours before it seizes, by its vibration; the healthy machines stay quiet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from edge.clock import HOUR, from_text
from edge.host import load as load_plugins
from edge.monitor import Assessment, Monitor, Observation, Reason
from edge.settings.load import load
from edge.simulate.layout import lay_out
from edge.simulate.plant import Plant
from edge.simulate.sensors import BEARING_LIFE
from edge.store import assessments
from edge.store.assessments import ALARMS, Kept
from tests.monitoring.standins import host_of, inside
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

SHIPPED = load(Path(__file__).parents[2] / "config", environ={}).plant
WEARS = "demo/packing/l2/m007"
NEW = from_text("2025-03-03T06:00:00Z")  # when the bearing has just been replaced
SEIZED = NEW + BEARING_LIFE
LEARN = 2000  # samples while it runs


class Ratio(Monitor):
    """The rule of practitioners: half more than normal, in most of the last minutes, while the machine runs."""

    name = "ratio"

    def update(self, seen: Observation) -> Assessment | None:
        value = seen.signals.get("vibration")
        state = self.state
        if seen.kind == "maintenance":
            state.clear()
        if value is None or seen.state != "running":
            return None
        state["n"] = state.get("n", 0) + 1
        if state["n"] <= LEARN:
            state["mean"] = state.get("mean", 0.0) + (value - state.get("mean", 0.0)) / state["n"]
            return Assessment(seen.ts, "learning")
        state["high"] = [*state.get("high", []), value > 1.5 * state["mean"]][-60:]
        if sum(state["high"]) < 40:
            return Assessment(seen.ts, "ok")
        change = 100 * (value / state["mean"] - 1)
        return Assessment(seen.ts, "plan", reasons=(Reason("vibration", value, state["mean"], change),))


def bundles(end: int) -> Iterator[Message]:
    """Messages of one line as the demo hands over its past: a minute of each kind of a machine as one array."""
    lines = [line for line in lay_out(SHIPPED) if WEARS in line.machines]
    bundle: dict[str, list[Any]] = {}
    until = NEW
    for ts, topic, payload in takewhile(lambda event: event[0] < end, Plant(lines).events(NEW)):
        if ts >= until:
            yield from (Message(f"shopfloor/v1/{t}", json.dumps(p).encode(), end) for t, p in bundle.items())
            bundle, until = {}, ts + 60_000_000
        bundle.setdefault(topic, []).append(payload)


@pytest.fixture(scope="module", params=["ratio", "maintenance"])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Kept]]:
    """What a rule of thumb, and what the plugin, said of each machine over one life of the bearing."""
    messages = list(bundles(SEIZED + HOUR))
    plant = SHIPPED.model_dump(mode="python", exclude_unset=True)
    monitor = Ratio if request.param == "ratio" else load_plugins().monitors["maintenance"].monitor
    with inside(tmp_path_factory.mktemp("demo"), messages, host_of(monitor), plant) as within:
        within.take(len(messages))
        return said(within)


def said(within: Inside) -> dict[str, list[Kept]]:
    within.pipeline.commit(whole=True)
    assert within.pipeline.watched.late == 0
    paths = {machine.number: machine.path for machine in within.pipeline.intake.machines.values()}
    found: dict[str, list[Kept]] = {}
    for row in assessments.following(within.pipeline.db, 0, 100_000):
        found.setdefault(paths[row.machine], []).append(row)
    return found


def test_the_bearing_is_seen_hours_before_it_seizes_by_its_vibration(history: dict[str, list[Kept]]) -> None:
    alarms = [row.said for row in history[WEARS] if row.said.state in ALARMS]
    first = alarms[0]
    assert SEIZED - first.ts > 1.5 * HOUR
    assert first.ts - NEW > 2 * HOUR, "a good bearing is no alarm"
    assert first.reasons[0].signal == "vibration"


def test_the_alarm_ends_when_the_bearing_is_replaced(history: dict[str, list[Kept]]) -> None:
    assert history[WEARS][-1].said.state == "learning"


def test_healthy_machines_stay_quiet(history: dict[str, list[Kept]]) -> None:
    healthy = {path: rows for path, rows in history.items() if path != WEARS}
    assert len(healthy) == 3
    assert {row.said.state for rows in healthy.values() for row in rows} - {"unknown"} == {"learning", "ok"}
