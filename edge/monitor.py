"""What a plugin author writes to watch a machine: a streaming detector that takes one observation after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import msgspec

Health = Literal["learning", "ok", "watch", "plan", "act", "unknown"]
"""`watch`, `plan` and `act` are alarms, in rising order; `learning`: no baseline yet; `unknown`: nothing to go by."""


class Observation(msgspec.Struct, frozen=True, gc=False):
    """One thing seen of one machine at event time `ts` (microseconds), with what was known of the machine then.

    Observations of a machine come in order of event time. `kind` says which members are filled: a `reading` has
    `signals`, an `alarm` has `code` and `active`, `maintenance` (work done) has `component` and `action`, and a `tick`
    (the machine was silent, time passed) has none."""

    asset: str
    ts: int
    kind: Literal["reading", "alarm", "maintenance", "tick"]
    signals: Mapping[str, Any] = {}  # signal -> number; what is no finite number is to be treated as not valid
    quality: Mapping[str, str] | None = None  # of signals whose message carried one, such as "bad"
    code: str = ""
    active: bool = True
    severity: str | None = None
    component: str = ""
    action: str | None = None
    state: str = "unknown"  # of the machine, a name of `edge.events.STATES`
    product: str | None = None
    run_s: float = 0.0  # seconds for which it has run since it was first heard
    cycles: int = 0  # parts it has made since then
    starts: int = 0  # how often it has begun to run since then

    @property
    def running(self) -> bool:
        """Whether it produces."""
        return self.state in ("running", "slow")


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why: a signal, its value and the one expected, the change in percent of the expected value and in standard
    deviations of normal running, and since when (microseconds). What has no number is None."""

    signal: str
    value: float | None = None
    expected: float | None = None
    change_pct: float | None = None
    sigma: float | None = None
    since: int | None = None
    text: str = ""


class RemainingLife(msgspec.Struct, frozen=True, gc=False):
    """How long it will last: None where that is not known. `low` to `high` is meant to hold it in a share `coverage`
    of all cases; `basis` says where it comes from."""

    value: float | None
    low: float | None = None
    high: float | None = None
    coverage: float | None = None
    unit: str = "s"  # s, cycles, or the unit of the model's training
    basis: Literal["model", "trend", "usage", "unknown"] = "unknown"
    text: str = ""  # such as: outside the range of the training, the interval is wider


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Something about a sensor, not about the machine: `stale`, `stuck`, `invalid`, `out_of_range`, `outlier`."""

    signal: str
    kind: str
    since: int
    text: str = ""


class Assessment(msgspec.Struct, frozen=True, gc=False):
    """What a monitor says of a machine from `ts` (microseconds) on, until it says something else."""

    ts: int
    state: Health
    health: float | None = None  # 1: like its baseline, 0: as bad as it gets
    score: float | None = None  # the anomaly score; 1 is the threshold of an alarm
    life: RemainingLife | None = None
    reasons: tuple[Reason, ...] = ()  # at most three, the strongest first
    findings: tuple[Finding, ...] = ()
    edge: Literal["open", "escalate", "clear"] | None = None  # of an alarm, with this assessment
    work: str = ""  # what is suggested
    version: str = ""  # of rules and model


@dataclass(frozen=True)
class Watched:
    """The machine that a monitor is for. `settings` are those of the machine in the plant file, with defaults, and of
    the monitor at this machine;
    `signal` gives those of one of its signals: `kind`, `bad`, `low`, `high`, `preset`, `iso_class` and so on."""

    asset: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    signals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def signal(self, name: str) -> Mapping[str, Any]:
        return self.signals.get(name, {})


class Monitor:
    """A streaming detector. Subclass it, name it, and return the class from `register_monitors`.

    The core makes one for each machine and calls `update` with its observations, one after the other. All that it
    remembers is in `state`: plain data (dicts with text keys, lists, numbers, text, None), which the core keeps with
    its position and gives back after a restart. No clock, randomness or I/O: time comes with the observation, so that
    live, restarted and recomputed are the same."""

    name: ClassVar[str]
    title: ClassVar[str] = ""
    version: ClassVar[str] = "1"  # a state of another version is not restored: the monitor learns anew
    settings: ClassVar[
        Mapping[str, Any]
    ] = {}  # of its own, with defaults: `[machines."...".monitors.<name>]` sets them
    signals: ClassVar[tuple[str, ...]] = ("*",)  # which readings it wants: names with `*`, or `kind:vibration`
    rank: ClassVar[int] = 100  # order on the page, lowest first

    def __init__(self, machine: Watched, state: dict[str, Any] | None = None) -> None:
        self.machine = machine
        self.state: dict[str, Any] = {} if state is None else state

    def update(self, observation: Observation) -> Assessment | None:
        """Take one observation; say something where there is something new to say."""
        raise NotImplementedError

    def checkpoint(self) -> dict[str, Any]:
        """The state as plain data; override it where `state` is not kept up to date by itself."""
        return self.state
