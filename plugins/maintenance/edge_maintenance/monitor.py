"""The monitor of a machine: what its sensors, baselines, limits, parts and alarms say, as one assessment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from edge import Assessment, Monitor, Observation, Reason, RemainingLife, Watched
from edge_maintenance.alarm import TIERS, Alarm, Edge
from edge_maintenance.errors import Errors
from edge_maintenance.life import UNKNOWN, LifeWatch
from edge_maintenance.limits import Limits
from edge_maintenance.presets import KINDS, PRESETS, Preset, kind_of, preset_of
from edge_maintenance.reasons import HELD, plain_of, reason_of
from edge_maintenance.regime import Regime
from edge_maintenance.said import Said
from edge_maintenance.sensors import Sensors, with_signals
from edge_maintenance.suggestions import suggested
from edge_maintenance.track import Track
from edge_maintenance.usage import Usage

MICRO = 1_000_000
NEVER = -(1 << 62)
BELOW = 0.999
"""The score while no alarm is open is less than 1, whatever the single reading is worth."""

REGIMES = 4
"""Regimes of a machine that are remembered; the one that was not in use for the longest time is dropped."""

REASONS = 3
HALF_HEALTH = 4.0
"""Health is 1 / (1 + score / 4): 1 like the baseline, 0.8 at the threshold of an alarm, 0.5 at four times that."""

LOOK_US = 60 * MICRO
"""So often it is looked whether there is something new to say where no alarm opens, rises or ends."""

FUTURE_US = 86_400 * MICRO
"""A state that ends so much later than what comes now is none of this machine's past."""

NOT_RUNNING = frozenset(
    ("slow", "setup", "changeover", "cleaning", "stopped", "fault", "idle", "starved", "blocked", "operator",
     "maintenance", "no_order")
)  # fmt: skip
"""A machine that says itself that it runs slowly is none to compare: its speed, load and vibration are others then."""


State = Literal["learning", "ok", "watch", "plan", "act", "unknown"]


class Maintenance(Monitor):
    """Settings of a signal: `kind`, `bad`, `preset`, `low`, `high`, `iso_class`."""

    name = "maintenance"
    title = "Maintenance"
    version = "1"
    settings: ClassVar[Mapping[str, Any]] = {
        "preset": None,  # of all signals that name none: process, cycle, thermal; None: by how often they come
        "learn_s": None,  # of running; None: of the preset
        "grace_s": None,  # after a start or a gap; None: of the preset
        "regime": None,  # a signal whose level tells what the machine does; None: the product does
        "components": {},  # part: its `signals`, `life_h`, `life_cycles`, `life_starts`, `weibull`, `horizon_h`
        "ranges": {},  # signal: the lowest and the highest value that its sensor can measure
        "model": None,  # path of a model file for the remaining life
        "max_life": None,  # a life longer than that is said to be that long
        "model_component": None,  # the part whose replacement makes the machine new to the model; None: any
    }

    def __init__(self, machine: Watched, state: dict[str, Any] | None = None) -> None:
        super().__init__(machine, state)
        self._begin()
        if state:
            try:
                self._restore(state)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                self._begin(f"learns anew: its state could not be read ({type(error).__name__})")

    def _begin(self, note: str = "") -> None:
        """Know nothing."""
        self.note = note
        self.sensors = Sensors(self.machine.settings.get("ranges"))
        self.limits = Limits(self.machine.signals)
        self.usage = Usage(self.machine.settings.get("components"))
        self.errors = Errors()
        self.alarm = Alarm()
        self.life = LifeWatch(self.machine, {})
        self.remaining: RemainingLife = UNKNOWN
        self.regime_signal: str | None = self.machine.settings.get("regime")
        self.presets: dict[Preset, Preset] = {}
        self.key = ""
        self.regimes: dict[str, Regime] = {"": Regime(self._new_track)}
        self.regime = self.regimes[""]
        self.ts = self.rated_at = self.checked_at = self.looked_at = self.muted_until = NEVER
        self.slow_due = 0  # the tier that trends, parts and alarms of the machine's own are worth
        self.slow_reasons: list[Reason] = []
        self.running = True
        self.waiting: list[Reason] = []  # what stood before the last work, to be said once it is learned anew
        self.reasons: tuple[Reason, ...] = ()
        self.said = Said()
        self.edge: Edge | None = None

    def _new_track(self, name: str, interval_us: int) -> Track:
        settings = self.machine.signal(name)
        kind = KINDS[kind_of(name, settings)]
        preset = preset_of(settings, self.machine.settings, interval_us / MICRO)
        preset = self.presets.setdefault(preset, preset)  # one object, so that it is found to be the same at a glance
        self.limits.know(name)
        return Track(name, kind, settings.get("bad") or kind.bad, preset, interval_us)

    # --- what comes ------------------------------------------------------------------------------------

    def update(self, observation: Observation) -> Assessment | None:
        """Take one observation; say something where an alarm or a finding changes, or health or life have."""
        self._take(observation)
        ts = observation.ts
        quiet = self.edge is None and ts - self.looked_at < LOOK_US
        if quiet and not self.said.findings_differ(self.sensors.findings):
            return None
        self.looked_at = ts
        found = self._assessment(ts)
        if not self.said.is_old(found) or self.edge is not None:
            self.said.keep(found)
            if self.regime.learned and not self.regime.anew:
                self.waiting = []  # what stood before the last work is said once
            return found
        return None

    def assess(self, observation: Observation) -> Assessment:
        """The same, but say what there is to say even if it is not new."""
        self._take(observation)
        return self._assessment(observation.ts)

    def _take(self, observation: Observation) -> None:
        ts = observation.ts
        self.edge = None
        if self.ts > ts + FUTURE_US:
            self._begin("learns anew: its state was of a later time")
        self.ts = max(self.ts, ts)
        kind = observation.kind
        if kind == "reading":
            values = self.sensors.valid(observation)
            self._reading(observation, values)
            if values is not observation.signals:
                observation = with_signals(observation, values)
        elif kind == "alarm":
            if observation.active and observation.code:
                self.errors.take(observation.code, ts)
        elif kind == "maintenance":
            observation = self.usage.of_component(observation)
            self._work_done(observation)
        self.usage.take(observation)
        if self.life.model is not None or self.limits.known:  # a trend goes to a limit
            self.remaining = self.life.update(observation)
        if kind != "reading":
            self._look(ts)
            if self.slow_due and not self.alarm.tier:
                self._rate(ts, {})

    def _reading(self, observation: Observation, values: Mapping[str, float]) -> None:
        ts = observation.ts
        running = observation.state not in NOT_RUNNING
        if running is not self.running:
            self.running = running
            if running:
                self._mute(ts)
        if not running:
            self.sensors.stopped()
            return
        key = self._key_of(observation, values)
        if key != self.key:
            self._switch(key, ts)
        regime = self.regime
        if regime.take(values, ts, ts >= self.muted_until):
            self._mute(ts)
        if regime.rewound:
            self.ts = self.rated_at = self.checked_at = self.looked_at = ts - 1
            self.alarm.rewind(ts)
            self._mute(ts)
        if ts > self.rated_at:
            self._rate(ts, values)

    def _mute(self, ts: int) -> None:
        """After a start, a gap or a change of regime: no alarm for a while."""
        preset = self.regime.preset or PRESETS["process"]
        grace_s = self.machine.settings.get("grace_s")
        self.muted_until = ts + round((preset.grace_s if grace_s is None else float(grace_s)) * MICRO)

    def _key_of(self, observation: Observation, values: Mapping[str, float]) -> str:
        signal = self.regime_signal
        if signal:
            return f"{values[signal]:.2g}" if signal in values else self.key
        return observation.product or ""

    def _switch(self, key: str, ts: int) -> None:
        """Another regime, known or new. What nothing was learned of yet becomes the first one's."""
        known = self.regimes.pop(key, None)
        if known is None and len(self.regimes) == 1 and not self.regime.tracks and not self.regime.coming:
            self.regimes.clear()
        self.regimes[key] = self.regime = known or Regime(self._new_track)
        self.key = key
        while len(self.regimes) > REGIMES:
            del self.regimes[next(iter(self.regimes))]
        self._mute(ts)
        self._count()

    def _work_done(self, observation: Observation) -> None:
        """The signals of that component are learned anew, those of no component by work on any; what stood is kept."""
        component = observation.component
        gone = [
            name for name in self.regime.tracks
            if not component or self.usage.component_of(name) in (None, component)
        ]  # fmt: skip
        if not gone:
            return
        learned = [track for name in gone if (track := self.regime.tracks[name]).sigma][:REASONS]
        self.waiting = [reason_of(one, self.regime.offset(one.name), "before the work") for one in learned]
        for regime in self.regimes.values():
            regime.forget(gone)
        self._end_alarm(observation.ts)
        self._count()

    def _end_alarm(self, ts: int) -> None:
        self.edge = self.alarm.end(ts, 0) or self.edge
        self.reasons = ()
        for track in self.regime.active:
            track.follow(False, ts)

    def _count(self) -> None:
        self.regime.count(self.sensors.gone)

    # --- what follows ----------------------------------------------------------------------------------

    def _rate(self, ts: int, values: Mapping[str, float]) -> None:
        """Once for each reading of the machine."""
        regime, alarm = self.regime, self.alarm
        self.rated_at = ts
        muted = ts < self.muted_until
        if muted and not alarm.tier:
            regime.settle()
        if not muted and not (regime.all_learned and regime.learned) and regime.learn():
            self._count()
        doubtful = regime.odd or self.sensors.findings or self.sensors.gone
        if doubtful or len(values) < len(regime.tracks) or ts >= self.checked_at + LOOK_US:
            self._look(ts)
        unusual = 0 if muted or not regime.active else regime.due(alarm.factors(ts) if alarm.habits else {})
        if alarm.tier and alarm.why and not unusual and (muted or not self._judges):
            alarm.due_at = ts  # nobody knows: it is neither there nor gone
        beyond = self.limits.take(values, ts) if self.limits.known else 0
        due = max(unusual, beyond, self.slow_due)
        if not due and alarm.idle:
            if regime.adapt(ts, alarm=False):
                self._count()
            return
        preset = regime.preset or PRESETS["process"]
        hold_us, silence_us = round(preset.hold_s * MICRO), round(preset.silence_s * MICRO)
        urgent, why = max(beyond, self.slow_due) > 0, regime.why if unusual else ""
        self.edge = alarm.step(due, ts, hold_us, silence_us, why=why, urgent=urgent) or self.edge
        for track in regime.active:
            track.follow(bool(unusual or alarm.tier), ts)
        if self.edge == "open":
            alarm.judges = [key for key, one in self.regimes.items() if one.learned]
        if not alarm.tier:
            self.reasons = ()
        elif due:
            self.reasons = self._reasons_now()
        elif alarm.why and not self._judges and self.reasons[-1:] != (HELD,):
            self.reasons = (*self.reasons[: REASONS - 1], HELD)
        regime.adapt(ts, alarm=True)

    @property
    def _judges(self) -> bool:
        """Whether the present regime can tell that what opened the alarm is over: it was learned before. Where none is
        left that was, each that is learned."""
        judges = self.alarm.judges
        return self.regime.learned and (self.key in judges or not any(key in self.regimes for key in judges))

    def _look(self, ts: int) -> None:
        """What need not be looked at with each reading: sensors, parts, alarms of the machine's own."""
        self.checked_at = ts
        before = self.sensors.gone
        if self.running:
            self.sensors.look(self.regime.tracks.values(), ts)
        if self.sensors.gone != before:
            self._count()
        used, of_parts = self.usage.due()
        often, of_errors = self.errors.due(ts)
        soon, of_trend = self.life.due(self.remaining, self.alarm.tier)
        self.slow_due = max(used, often, soon)
        self.slow_reasons = [*of_trend, *of_parts, *of_errors][:REASONS]

    def _reasons_now(self) -> tuple[Reason, ...]:
        """At most three: limits, what is due for its change, what is away, trends, parts and alarms."""
        away = [track for track in self.regime.active if track.stands_out()]
        away.sort(key=lambda track: (track.tier() > 0, abs(track.deviation())), reverse=True)
        found = self.limits.reasons()
        named = {reason.signal for reason in found}
        found += [reason_of(track, self.regime.offset(track.name)) for track in away if track.name not in named]
        return tuple([*found, *self.slow_reasons][:REASONS])

    # --- what is said ------------------------------------------------------------------------------------

    def _assessment(self, ts: int) -> Assessment:
        alarm, regime = self.alarm, self.regime
        score = regime.score()
        if alarm.tier:
            score = max(score or 0.0, 1.0)
        elif score is not None:
            score = min(score, BELOW)
        state = self._state()
        if state == "learning" and score is None:
            score = 0.0
        life = self.remaining if self.remaining.value is not None else self.usage.life() or self.remaining
        health = None if score is None or state == "learning" else 1.0 / (1.0 + score / HALF_HEALTH)
        if self.said.last and not alarm.tier and health is not None and any(track.outlier for track in regime.active):
            health = self.said.health  # one reading far off all others is no news yet
        return Assessment(
            ts,
            state,
            health=health,
            score=score,
            life=life,
            reasons=self.reasons or self._before_work(),
            findings=self.sensors.as_findings(),
            edge=self.edge,
            work=suggested(self.reasons, self.machine.signals) if alarm.tier else self.note,
            version=" ".join(filter(None, (f"rules {self.version}", self.life.version))),
        )

    def _state(self) -> State:
        if self.alarm.tier:
            return TIERS[self.alarm.tier - 1]
        anew = any(name not in self.sensors.gone for name in self.regime.anew)
        if anew or not self.regime.learned:
            return "learning" if self.regime.tracks or self.regime.coming else "unknown"
        return "ok" if self.regime.active else "unknown"

    def _before_work(self) -> tuple[Reason, ...]:
        return tuple(self.waiting) if self.regime.learned and not self.regime.anew else ()

    # --- state -------------------------------------------------------------------------------------------

    def checkpoint(self) -> dict[str, Any]:
        """The state as plain data: two monitors with the same go on alike, bit for bit."""
        return {
            "times": [self.ts, self.rated_at, self.checked_at, self.looked_at, self.muted_until],
            "flags": [self.key, self.running, self.slow_due, self.note],
            "regimes": {key: regime.plain() for key, regime in self.regimes.items()},
            "alarm": self.alarm.plain(),
            "sensors": self.sensors.plain(),
            "limits": self.limits.plain(),
            "usage": self.usage.plain(),
            "errors": self.errors.plain(),
            "life": self.life.state,
            "remaining": plain_of(self.remaining),
            "reasons": [[plain_of(one) for one in kept] for kept in (self.reasons, self.slow_reasons, self.waiting)],
            "said": self.said.plain(),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        """Raises KeyError, TypeError, ValueError, IndexError or AttributeError for what `checkpoint` did not write."""
        self.ts, self.rated_at, self.checked_at, self.looked_at, self.muted_until = state["times"]
        self.key, self.running, self.slow_due, self.note = state["flags"]
        self.regimes = {key: Regime.restored(plain, self._new_track) for key, plain in state["regimes"].items()}
        self.regime = self.regimes[self.key]
        self.alarm.restore(state["alarm"])
        self.sensors.restore(state["sensors"])
        self.limits.restore(state["limits"])
        self.usage.restore(state["usage"])
        self.errors.restore(state["errors"])
        self.life = LifeWatch(self.machine, state["life"])
        self.remaining = RemainingLife(*state["remaining"])
        reasons, slow, waiting = ([Reason(*plain) for plain in kept] for kept in state["reasons"])
        self.reasons, self.slow_reasons, self.waiting = tuple(reasons), slow, waiting
        self.said = Said(state["said"])
        self.regime.count(self.sensors.gone, again=True)
