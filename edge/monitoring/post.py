"""One monitor at its post beside one machine, behind a fence: what it fails at stays its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgspec

from edge.clock import MINUTE, SECOND
from edge.fence import LoadedMonitor
from edge.host import PluginHost
from edge.monitor import Assessment, Health, Monitor, Observation, Reason, Watched
from edge.store.assessments import ALARMS, Acknowledgement, Current

STATES = frozenset(get_args(Health))
RANK = {state: rank for rank, state in enumerate(ALARMS, 1)}
FAILURES, WITHIN = 3, 60 * SECOND  # so many in so much event time, and it pauses
PAUSE = 15 * MINUTE
FINDINGS_APART = 60 * SECOND  # new findings alone are a row of the history no more often
BUDGET_S, BUDGET_CALLS = 500e-6, 1000  # on average, with whatever else the computer does

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.decode
_decode_said = msgspec.msgpack.Decoder(Assessment).decode


class PostState(msgspec.Struct, array_like=True):
    """What of a post outlives the process. `state` is the monitor's own, packed; `kept_ts` the last row of the history;
    `since` the beginning of the alarm that goes on."""

    version: str
    state: bytes = b""
    said: Assessment | None = None
    since: int | None = None
    kept_ts: int = 0
    failures: list[int] = []
    paused_until: int | None = None
    acknowledged: Acknowledgement | None = None
    before: bytes | None = None  # where it stood before a silence that goes on, packed

    def current(self, monitor: str) -> Current | None:
        """What the monitor of this name says now."""
        return None if self.said is None else Current(monitor, self.said, self.since, self.acknowledged)


_decode_post = msgspec.msgpack.Decoder(PostState).decode


class Post:
    """`keep` is called with every assessment that belongs into the history."""

    def __init__(self, host: PluginHost, loaded: LoadedMonitor, watched: Watched, history_us: int,
                 keep: Callable[[str, Assessment], None]) -> None:  # fmt: skip
        self.loaded, self.name = loaded, loaded.name
        self.every = tuple(loaded.monitor.signals) == ("*",)
        self.kept = PostState(loaded.monitor.version)
        self.watched = watched
        self._host, self._history_us, self._keep = host, history_us, keep
        self._monitor: Monitor | None = None
        self._checked = False

    def restore(self, kept: PostState) -> None:
        """Stand where an earlier post stood. The caller has compared versions."""
        self.loaded.paused += (kept.paused_until is not None) - (self.kept.paused_until is not None)
        self.kept = kept
        self._monitor = None

    def rule(self, watched: Watched) -> None:
        """From now on the machine has other settings: as if it had been started again with them."""
        if self._monitor is not None:
            self.checkpoint()
            self._monitor = None
        self.watched = watched

    def take(self, seen: Observation) -> None:
        """Show the monitor an observation."""
        kept = self.kept
        if kept.paused_until is not None:
            if seen.ts < kept.paused_until:
                return
            self._resume()
        said, worked = self._host.tried(self.loaded, "update", lambda: self._update(seen))
        self._measure()
        if not worked:
            self._failed(seen.ts)
        elif said is not None:
            self._say(said)

    def _update(self, seen: Observation) -> Assessment | None:
        said = (self._monitor or self._made()).update(seen)
        return None if said is None else checked(said)

    def _made(self) -> Monitor:
        state: dict[str, Any] | None = _decode(self.kept.state) if self.kept.state else None
        self._monitor = self.loaded.monitor(self.watched, state)
        return self._monitor

    def _say(self, said: Assessment) -> None:
        kept, before = self.kept, self.kept.said
        kept.said = said
        rank, was = RANK.get(said.state, 0), RANK.get(before.state, 0) if before is not None else 0
        if not rank:
            kept.since = None
        elif not was or kept.since is None:
            kept.since = said.ts
        if not rank or rank > was:
            kept.acknowledged = None
        if before is None or self._is_news(said, before):
            kept.kept_ts = said.ts
            self._keep(self.name, said)

    def _is_news(self, said: Assessment, before: Assessment) -> bool:
        passed = said.ts - self.kept.kept_ts
        if said.state != before.state or said.edge is not None or passed >= self._history_us:
            return True
        if passed < FINDINGS_APART or said.findings == before.findings:
            return False
        return {(f.signal, f.kind) for f in said.findings} != {(f.signal, f.kind) for f in before.findings}

    def _failed(self, ts: int) -> None:
        kept = self.kept
        kept.failures = [*(past for past in kept.failures if past > ts - WITHIN), ts]
        if len(kept.failures) >= FAILURES:
            self._pause(ts, f"failed {FAILURES} times within {WITHIN // SECOND} s: {self.loaded.last_error}")

    def _pause(self, ts: int, why: str) -> None:
        self.loaded.paused += self.kept.paused_until is None
        self.kept.paused_until, self.kept.failures = ts + PAUSE, []
        self._monitor = None
        self.kept.state = b""
        text = f"{self.name} pauses for {self.watched.asset}, and says so of other machines that it fails at: {why}"
        self._host.report_once(self.loaded.plugin, "update", f"{self.name} pauses", text)
        self._say(nothing_more(ts, f"paused: {why}"))

    def _resume(self) -> None:
        self.kept.paused_until = None
        self.loaded.paused -= 1

    def stop(self, ts: int, why: str) -> None:
        """Pause it for what it did to its process."""
        self._host.blame(self.loaded, why)
        self._pause(ts, why)

    def start_anew(self, ts: int, why: str) -> None:
        """Say that the monitor has no baseline any more."""
        self._say(Assessment(ts, "learning", reasons=(Reason("", text=why),)))

    def acknowledge(self, said: Acknowledgement) -> bool:
        """Somebody has taken note of what it says; False where that is no alarm."""
        alarm = self.kept.said is not None and self.kept.said.state in ALARMS
        if alarm:
            self.kept.acknowledged = said
        return alarm

    def take_back(self, number: str) -> bool:
        """The acknowledgement of this id does not hold any more; False where there is none."""
        known = self.kept.acknowledged is not None and self.kept.acknowledged.id == number
        if known:
            self.kept.acknowledged = None
        return known

    def remember(self) -> None:
        """A silence begins, of which it may be said later that it was none."""
        self.kept.before = None
        self.kept.before = _encode(self.checkpoint())

    def end_silence(self, *, undone: bool) -> None:
        """The silence is over; `undone`: it was none, and the monitor stands where it stood before it."""
        before, self.kept.before = self.kept.before, None
        if before is None or not undone:
            return
        said = self.kept.said
        self.restore(_decode_post(before))
        if self.kept.said is not None and self.kept.said != said:
            self._keep(self.name, self.kept.said)

    def _measure(self) -> None:
        loaded = self.loaded
        if loaded.calls % BUDGET_CALLS == 0 and loaded.seconds > loaded.calls * BUDGET_S and not loaded.slow:
            loaded.slow = True
            took = round(1e6 * loaded.seconds / loaded.calls)
            self._host.report(
                loaded.plugin, "update", f"{self.name} takes {took} us an observation, its budget is {BUDGET_S * 1e6:g}"
            )

    def checkpoint(self) -> PostState:
        """Where the post stands, as plain data."""
        kept = self.kept
        if self._monitor is None:
            return kept
        state, worked = self._host.tried(self.loaded, "checkpoint", self._packed)
        if worked and state is not None:
            kept.state = state
        else:
            self._pause(kept.said.ts if kept.said else 0, f"its state cannot be kept: {self.loaded.last_error}")
        return kept

    def written(self) -> None:
        """The checkpoint has been taken over: the packed state need not be held beside the monitor that has it."""
        if self._monitor is not None:
            self.kept.state = b""

    def _packed(self) -> bytes:
        assert self._monitor is not None
        state = self._monitor.checkpoint()
        if not self._checked:
            refuse_other_than_plain(state, "state")
            self._checked = True
        return _encode(state)


def nothing_more(ts: int, why: str) -> Assessment:
    """The core's word that a monitor says nothing from now on."""
    return Assessment(ts, "unknown", reasons=(Reason("", text=why[:500]),))


def checked(said: Assessment) -> Assessment:
    """What a monitor says, as it will be kept; TypeError, ValueError or ValidationError where it cannot be."""
    if said.__class__ is not Assessment:
        raise TypeError(f"update returned {said!r}, neither an edge.Assessment nor None")
    if said.state not in STATES:
        raise ValueError(f"state is {said.state!r}; it must be one of {', '.join(sorted(STATES))}")
    if said.health is not None and not 0.0 <= said.health <= 1.0:
        raise ValueError(f"health is {said.health!r}; it must be from 0 to 1")
    return _decode_said(_encode(said))  # as it will be kept; ValidationError where a member is of another type


def refuse_other_than_plain(value: object, where: str) -> None:
    """TypeError where a state is not what comes back after a restart: dicts by text, lists, numbers, text and None."""
    if value is None or type(value) in (bool, int, float, str):
        return
    if type(value) is dict:
        for key, member in value.items():
            if type(key) is not str:
                raise TypeError(f"{where} has the key {key!r}: keys of a state are text")
            refuse_other_than_plain(member, f"{where}[{key!r}]")
    elif type(value) is list:
        for number, member in enumerate(value):
            refuse_other_than_plain(member, f"{where}[{number}]")
    else:
        raise TypeError(f"{where} is a {type(value).__name__}: a state is dicts, lists, numbers, text and None")
