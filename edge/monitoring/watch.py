"""One machine under watch: its window, what is known of its production, and the monitors at their posts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from edge.clock import SECOND
from edge.events import Alarm, AnyEvent, Offline, Reading, WorkDone
from edge.monitor import Observation
from edge.monitoring.apart.outpost import Apart
from edge.monitoring.context import Context
from edge.monitoring.post import Post, PostState
from edge.monitoring.watched import watched
from edge.monitoring.window import FOREVER, NEVER, Item, Pending, Sample, Window
from edge.plant import Plant
from edge.store.assessments import Acknowledgement, Current

Kind = Literal["reading", "alarm", "maintenance", "tick"]
SPARSER = 8  # a tick comes after so much of the silence before it
SCHEMA = 2  # of a checkpoint


@dataclass(frozen=True)
class WatchRules:
    """How machines are watched; microseconds. `tick_us` 0: no ticks."""

    reorder_us: int = 2 * SECOND
    bundle_us: int = 120 * SECOND
    tick_us: int = 60 * SECOND
    history_us: int = 300 * SECOND


class Standing(msgspec.Struct, array_like=True):
    """Where a watch stands: it belongs to the cursor that is written with it.

    `ticked` (received time) and `tick_ts` are of the last tick; `silent`: there has been one since it was heard."""

    schema: int
    interval_us: int
    pending: Pending
    context: Context
    ticked: int = 0
    tick_ts: int = NEVER
    posts: dict[str, PostState] = {}
    silent: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Standing).decode


class Watch:
    """`posts` are its monitors."""

    def __init__(self, number: int, path: str, plant: Plant, rules: WatchRules, posts: Sequence[Post | Apart]) -> None:
        self.number, self.path, self.dirty = number, path, False
        self._rules = rules
        self._signal = plant.watched(path)
        self._settings = plant.settings.machine(path)  # that the posts have
        interval_us = max(1, round(self._settings.monitor_interval_s * SECOND))
        context = Context(plant.rules(path).default_state)
        self.standing = Standing(SCHEMA, interval_us, Pending(), context)
        self.window = Window(interval_us, rules.reorder_us, rules.bundle_us, self.standing.pending)
        self.posts = posts
        self._wanted: dict[str, dict[str, bool]] = {}
        self._holds = (NEVER, NEVER)  # from when to when the settings hold that the posts have
        self.rule(plant)

    def rule(self, plant: Plant) -> None:
        """From now on, in the order of the journal, this is the plant; what has been shown stays as it was."""
        self._plant = plant
        self._machine_rules = plant.rules(self.path)
        self._holds = (NEVER, NEVER)

    def _settle(self, ts: int) -> None:
        """Have the posts go by the settings that hold at `ts`."""
        self._holds = self._plant.stretch(self.path, ts)
        self._wanted = {post.name: {} for post in self.posts if not post.every}
        settings = self._plant.at(ts)
        before, self._settings = self._settings, settings.machine(self.path)
        if self._settings != before:
            for post in self.posts:
                post.rule(watched(settings, self.path, post.loaded.monitor))

    def restore(self, checkpoint: bytes, notice: Callable[[str], None]) -> None:
        """Stand where the checkpoint says; `notice` is called with what does not fit any more, and why."""
        standing = _read(checkpoint)
        if standing is None:
            notice("a checkpoint of monitors cannot be read: they learn anew")
            return
        interval_us = self.standing.interval_us
        if standing.interval_us != interval_us:
            samples = sorted(standing.pending.samples.values(), key=lambda sample: sample.ts)
            standing.pending.samples = {sample.ts // interval_us: sample for sample in samples}
            standing.interval_us = interval_us
        self.standing = standing
        self.window = Window(interval_us, self._rules.reorder_us, self._rules.bundle_us, standing.pending)
        for post in self.posts:
            known = standing.posts.get(post.name)
            if known is None:
                continue
            version = post.loaded.monitor.version
            if known.version == version:
                post.restore(known)
                continue
            why = f"version {known.version} became {version}: it learns anew"
            notice(f"monitor {post.name}: {why}")
            if known.said is not None:
                post.start_anew(max(known.said.ts, standing.context.at), why)
                self.dirty = True

    # what comes

    def reading(self, event: Reading) -> None:
        """Take a reading."""
        self.dirty = True
        if self.window.add_reading(event):
            self._show(self.window.release(event.received))

    def event(self, event: AnyEvent) -> None:
        """Take any other event. One that came late still counts: for the state where no later one is known, for work
        done and alarms at the time that has been reached."""
        self.dirty = True
        if event.ts < self.window.pending.mark or isinstance(event, Offline):
            self._event(event)
        elif self.window.add_event(event):
            self._show(self.window.release(event.received))

    def heard(self, event: AnyEvent) -> None:
        """The machine is alive: its time has gone on."""
        if self.window.heard(event):
            self.dirty = True
            self._show(self.window.release(event.received))

    def silent(self, now: int) -> None:
        """Nothing has come until `now` (received time): nothing will overtake what waits, and time has passed."""
        if now >= self.window.due:
            self.dirty = True
            self._show(self.window.release(now))
        if now >= self._tick_due:
            self._tick(now)

    @property
    def due(self) -> int:
        """The received time from which on `silent` does something, if nothing comes before."""
        return min(self.window.due, self._tick_due)

    @property
    def _tick_due(self) -> int:
        standing, tick_us = self.standing, self._rules.tick_us
        if not tick_us or standing.context.at == NEVER:
            return FOREVER
        received = standing.pending.received
        last = max(received, standing.ticked)
        return last + max(tick_us, (last - received) // SPARSER)  # ever more seldom while it is silent

    def work_done(self, component: str, action: str | None) -> None:
        """Somebody says that work has been done."""
        self.dirty = True
        self._observe(self._seen(self._last_ts, "maintenance", component=component, action=action))  # fmt: skip

    def acknowledge(self, monitor: str | None, said: Acknowledgement) -> None:
        """Somebody has taken note of the alarms of a monitor, or of all."""
        for post in self.posts:
            if monitor in (None, post.name) and post.acknowledge(said):
                self.dirty = True

    def take_back(self, number: str) -> None:
        """The acknowledgement of this id does not hold any more."""
        for post in self.posts:
            if post.take_back(number):
                self.dirty = True

    # what the monitors see

    def _show(self, items: Iterable[Item]) -> None:
        for item in items:
            if self.standing.silent:
                self._end_silence(item.ts)
            self.standing.context.go_to(item.ts, self._machine_rules)
            if isinstance(item, Sample):
                self._sample(item)
            else:
                self._event(item)

    def _sample(self, sample: Sample) -> None:
        context = self.standing.context
        if self._signal is not None and self._signal[0] in sample.signals:
            name, above = self._signal
            context.become("running" if sample.signals[name] > above else "stopped", sample.ts)
        seen = self._seen(sample.ts, "reading", signals=sample.signals, quality=sample.quality or None)
        for post in self.posts:
            if post.every:
                post.take(seen)
                continue
            wanted = self._wanted_by(post, sample.signals)
            if wanted:
                post.take(msgspec.structs.replace(seen, signals=wanted))

    def _wanted_by(self, post: Post | Apart, signals: dict[str, float]) -> dict[str, float]:
        known = self._wanted[post.name]
        new = [name for name in signals if name not in known]
        if new:
            found = self._plant.wanted(self.path, new, post.loaded.monitor.signals, self._holds[0])
            known.update({name: name in found for name in new})
        return {name: value for name, value in signals.items() if known[name]}

    def _event(self, event: AnyEvent) -> None:
        self.standing.context.take(event, self._machine_rules)
        ts = max(event.ts, self._last_ts)
        if isinstance(event, Alarm):
            self._observe(self._seen(ts, "alarm", code=event.code, active=event.active, severity=event.severity))
        elif isinstance(event, WorkDone):
            self._observe(self._seen(ts, "maintenance", component=event.component, action=event.action))

    def _observe(self, seen: Observation) -> None:
        for post in self.posts:
            post.take(seen)

    def _seen(self, ts: int, kind: Kind, *, state: str | None = None, **members: Any) -> Observation:
        context = self.standing.context
        if not self._holds[0] <= ts < self._holds[1]:
            self._settle(ts)
        product = context.product or self._machine_rules.at(ts).product
        return Observation(
            self.path, ts, kind, state=state or context.state, product=product,
            run_s=context.run_us / SECOND, cycles=context.cycles, starts=context.starts, **members,
        )  # fmt: skip

    @property
    def _last_ts(self) -> int:
        return max(self.standing.context.at, self.standing.tick_ts)

    # silence

    def _tick(self, now: int) -> None:
        """Time passes for a machine that is silent. It may only have been cut off, and its readings come later: where
        the monitors stood before is kept until then."""
        standing = self.standing
        if not standing.silent:
            standing.silent = True
            for post in self.posts:
                post.remember()
        standing.ticked = now
        standing.tick_ts = max(standing.tick_ts, standing.context.at + now - standing.pending.received)
        state = standing.context.silent_state(standing.tick_ts, self._machine_rules)
        self._observe(self._seen(standing.tick_ts, "tick", state=state))
        self.dirty = True

    def _end_silence(self, ts: int) -> None:
        """The machine is heard again; what it says of the time of the ticks counts as if they had not been."""
        standing = self.standing
        passed, standing.tick_ts, standing.silent = standing.tick_ts, NEVER, False
        for post in self.posts:
            post.end_silence(undone=ts < passed)

    # what outlives the process

    def gather(self) -> None:
        """Have monitors in processes of their own say where they stand."""
        for post in self.posts:
            if isinstance(post, Apart):
                post.gather()

    def checkpoint(self) -> bytes:
        """All that is needed to go on from here."""
        self.standing.posts |= {post.name: post.checkpoint() for post in self.posts}
        written = _encode(self.standing)
        for post in self.posts:
            post.written()
        return written

    @property
    def current(self) -> Sequence[Current]:
        """What is said of the machine now."""
        return [said for post in self.posts if (said := post.kept.current(post.name)) is not None]


def _read(checkpoint: bytes) -> Standing | None:
    """A checkpoint of this schema; None where it cannot be read."""
    try:
        standing = _decode(checkpoint)
    except msgspec.MsgspecError:
        return None
    return standing if standing.schema == SCHEMA else None
