"""Monitors and messages for tests of what the core does around a monitor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge.clock import SECOND, from_text
from edge.host import PluginHost
from edge.journal.record import NOTICE_PREFIX
from edge.monitor import Assessment, Monitor, Observation, Reason
from edge.monitoring.watch import WatchRules
from edge.processing.pipeline import Hooks
from edge.store import assessments
from tests.properties.inside import NO_HOOKS, WATCHING, Inside
from tests.scenarios.scenario import Message

NOON = from_text("2025-03-03T12:00:00Z")
MACHINE = "site/area/line/m0"
SILENT_MEANS_NOTHING: dict[str, Any] = {"machines": {"site/*": {"stale_after_s": 0}}}


class Level(Monitor):
    """Smooths a signal, remembers all it saw in a sum that depends on the order, and says what it thinks each time."""

    name = "level"
    title = "Level"

    def update(self, seen: Observation) -> Assessment | None:
        state = self.state
        state["order"] = (state.get("order", 0) * 31 + seen.ts // 1000 + len(seen.kind)) % 1_000_000_007
        state[seen.kind] = state.get(seen.kind, 0) + 1
        if seen.kind == "maintenance":
            state["level"] = 0.0
            return Assessment(seen.ts, "learning")
        if seen.kind == "tick":
            return Assessment(seen.ts, "unknown")
        if seen.kind == "alarm":
            return None
        state["level"] = state.get("level", 0.0) * 0.9 + 0.1 * sum(seen.signals.values())
        state["context"] = [seen.state, seen.product, seen.run_s, seen.cycles, seen.starts]
        high = state["level"] > 5.0
        reasons = (Reason("v", state["level"], 5.0),) if high else ()
        return Assessment(seen.ts, "plan" if high else "ok", 0.4 if high else 1.0, reasons=reasons)


class Keeper(Monitor):
    """Keeps what it was shown, for tests to look at."""

    name = "keeper"
    shown: list[Observation] = []  # noqa: RUF012  # of the class

    def update(self, seen: Observation) -> Assessment | None:
        self.shown.append(seen)
        return None


class Raises(Monitor):
    name = "raises"

    def update(self, seen: Observation) -> Assessment | None:
        raise ValueError("a monitor's mistake")


def host_of(*monitors: type[Monitor]) -> PluginHost:
    """A host with these monitors and no KPIs."""
    host = PluginHost()
    host.register_monitors("standins", "1", monitors)
    return host


def inside(folder: Path, messages: list[Message], host: PluginHost, plant: dict[str, Any] = SILENT_MEANS_NOTHING,
           rules: WatchRules = WATCHING, hooks: Hooks = NO_HOOKS) -> Inside:  # fmt: skip
    """The inside of the service over a journal of these messages."""
    folder.mkdir(exist_ok=True)
    return Inside(folder, plant, messages, host, rules, hooks)


def said(kind: str, ts: int, received: int | None = None, machine: str = MACHINE, **body: Any) -> Message:
    """A message of a machine with event time `ts`, received then unless said otherwise."""
    payload = json.dumps({"ts": ts // 1000, **body}).encode()
    return Message(f"shopfloor/v1/{machine}/{kind}", payload, ts if received is None else received)


def reading(ts: int, value: float, received: int | None = None, machine: str = MACHINE, name: str = "v") -> Message:
    return said("reading", ts, received, machine, signals={name: value})


def clock(received: int) -> Message:
    """The service's note that time has passed."""
    return Message(NOTICE_PREFIX + "clock", b"{}", received)


def correction(received: int, **members: Any) -> Message:
    body = {"by": "ann", "why": "seen", "asset": MACHINE, **members}
    return Message(NOTICE_PREFIX + "correction", json.dumps(body).encode(), received)


def seconds(count: int, apart: float = 1.0) -> list[int]:
    """Instants from noon on."""
    return [NOON + round(apart * SECOND) * i for i in range(count)]


def kept(within: Inside) -> dict[str, Any]:
    """Everything that monitors left in the store, and where they stand."""
    within.pipeline.commit(whole=True)
    db = within.pipeline.db
    return {
        "history": db.execute("select * from assessments order by id").fetchall(),
        "watched": db.execute("select * from watched order by machine").fetchall(),
        "counts": within.pipeline.monitors.counts,
    }


def states(within: Inside) -> list[str]:
    """The states of the history, in order."""
    within.pipeline.commit(whole=True)
    return [row.said.state for row in assessments.following(within.pipeline.db, 0, 1000)]
