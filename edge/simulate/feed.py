"""Brings a simulated plant to the broker: its past at once, then its present as it comes."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from edge.clock import HOUR, MINUTE, SECOND, to_text
from edge.publisher import Publisher, PublishError
from edge.settings.load import Settings
from edge.simulate.layout import lay_out
from edge.simulate.plant import Event, Plant

BUNDLE = MINUTE  # of the past: what one machine says of one kind in this time goes out as one array
ENCODER = msgspec.json.Encoder()


def simulate(
    settings: Settings,
    *,
    rate: float = 1.0,
    seed: int = 1,
    backfill_h: float = 8.0,
    duration_s: float | None = None,
    machines: int = 0,
) -> int:
    """Publish the plant of the settings until a signal comes or `duration_s` is over; the exit status.

    Event times never run ahead of the clock, since a service would take that for a wrong clock. `rate` 1 publishes the
    past `backfill_h` hours at once and then lives in real time; above 1 the past runs by so many times as fast; 0 ends
    when the past is published."""
    plant = Plant(lay_out(settings.plant, machines), seed)
    stop = threading.Event()
    feed = Feed(plant, settings.service.mqtt.root, stop, _now)
    start = _now() - round(backfill_h * HOUR)
    with _stopped_by_signals(stop), _timer(stop, duration_s):
        try:
            with Publisher(settings.service.mqtt, "simulate") as publisher:
                feed.run(publisher.publish, start, rate)
        except PublishError as error:
            _say(str(error))
            return 1
    _say(f"{feed.events} events in {feed.messages} messages")
    return 0


class Feed:
    """Takes events from a plant and hands messages to `publish`, until `stop` is set."""

    def __init__(self, plant: Plant, root: str, stop: threading.Event, now: Callable[[], int]) -> None:
        self._plant, self._root, self._stop, self._now = plant, root, stop, now
        self.events = self.messages = 0

    def run(self, publish: Callable[[str, bytes], None], start: int, rate: float) -> None:
        """Publish from `start` (microseconds) on at `rate`."""
        events = self._plant.events(start)
        waiting = self._hurry(events, publish) if rate <= 1 else next(events)
        if rate > 0 and waiting is not None:
            _say(f"published {to_text(start)} to {to_text(self._now())}; from here on as it comes")
            self._follow(events, waiting, publish, start, rate)

    def _hurry(self, events: Iterator[Event], publish: Callable[[str, bytes], None]) -> Event | None:
        """Everything before now, in bundles; the first event that is not of the past."""
        bundle: dict[str, list[dict[str, Any]]] = {}
        ends = 0
        for event in events:
            ts, topic, payload = event
            if ts >= ends:
                self._send(bundle, publish)
                bundle, ends = {}, ts + BUNDLE
                if self._stop.is_set():
                    return None
            if ts > self._now():
                self._send(bundle, publish)
                return event
            bundle.setdefault(topic, []).append(payload)
        return None

    def _follow(
        self, events: Iterator[Event], event: Event, publish: Callable[[str, bytes], None], start: int, rate: float
    ) -> None:
        """One message an event, each when it is due: at `rate` in the past, and never before its time."""
        began = self._now()
        while not self._stop.is_set():
            ts, topic, payload = event
            due = max(ts, began + round((ts - start) / rate)) if rate > 1 else ts
            if (left := due - self._now()) > 0 and self._stop.wait(left / SECOND):
                return
            self._send({topic: [payload]}, publish)
            event = next(events)

    def _send(self, bundle: dict[str, list[dict[str, Any]]], publish: Callable[[str, bytes], None]) -> None:
        for topic, payloads in bundle.items():
            publish(f"{self._root}/{topic}", ENCODER.encode(payloads if len(payloads) > 1 else payloads[0]))
            self.messages += 1
            self.events += len(payloads)


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM end the feed in order, a second one at once; only the main thread can take them over."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def end(*_: object) -> None:
        stop.set()
        restore()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        restore()


@contextmanager
def _timer(stop: threading.Event, seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _now() -> int:
    return time.time_ns() // 1000


def _say(text: str) -> None:
    sys.stderr.write(f"edge simulate: {text}\n")
