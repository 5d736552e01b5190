"""The shapes of answers about assessments."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from edge.api.shapes import Time
from edge.monitor import Health


class Reason(Struct):
    """A signal behind an assessment: its value and the one expected, the change in percent and in sigma."""

    signal: str
    value: float | None
    expected: float | None
    change_pct: float | None
    sigma: float | None
    since: Time | None
    text: str


class Life(Struct):
    """Remaining life: `low` to `high` is meant to hold it in a share `coverage` of all cases."""

    value: float | None
    low: float | None
    high: float | None
    coverage: float | None
    unit: str
    basis: Literal["model", "trend", "usage", "unknown"]
    text: str


class Finding(Struct):
    """Something about a sensor, not about the machine."""

    signal: str
    kind: str
    since: Time | None
    text: str


class Acknowledged(Struct):
    """Who took note of the alarm, when and why; until it clears or grows."""

    id: str
    by: str
    why: str
    at: Time


class Assessment(Struct):
    """What a monitor says of a machine from `ts` on. `since` is when its alarm began; `health` 1 is like its baseline,
    `score` 1 the threshold of an alarm. `id` is of the history, `since` and `acknowledged` of what holds now."""

    asset: str
    monitor: str
    title: str
    ts: Time
    state: Health
    health: float | None
    score: float | None
    life: Life | None
    reasons: list[Reason]
    findings: list[Finding]
    edge: Literal["open", "escalate", "clear"] | None
    work: str
    version: str
    id: int | UnsetType = UNSET
    since: Time | UnsetType | None = UNSET
    acknowledged: Acknowledged | UnsetType | None = UNSET


class MonitorDescription(Struct):
    """A monitor and the plugin that brought it; `paused` counts the machines for which it failed too often, `deaths`
    how often its process (`apart`: it has one of its own) ended; `off` says why it is switched off."""

    name: str
    title: str
    plugin: str
    version: str
    failures: int
    last_error: str | None
    paused: int
    apart: bool
    deaths: int
    off: str | None


class Assessments(Struct):
    """`counts` by state; `next` goes into `after`: an id of the history, or a place in the order of what holds now."""

    assessments: list[Assessment]
    counts: dict[str, int]
    monitors: list[MonitorDescription]
    next: int | str | None
