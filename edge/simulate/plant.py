"""All lines together: messages in the order of time, the same ones whenever they are asked for again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from edge.clock import HOUR
from edge.simulate.layout import LineLayout
from edge.simulate.line import Line
from edge.simulate.machine import MS, STEP, Message

STRETCH = 8 * HOUR
OFFSET = 5 * HOUR  # stretches begin at 05, 13 and 21 h UTC
TOLD_AT_CONNECT = ("state", "product")

Event = tuple[int, str, dict[str, Any]]
"""Event time in microseconds, topic below the root (`<asset>/<kind>`), payload."""


class Plant:
    """A plant whose history is a function of `seed` and time.

    It is made in stretches of eight hours, each from its own random source and with its own boot id, so that two runs
    whose times overlap publish the same messages with the same identities, and a service counts them once."""

    def __init__(self, lines: Sequence[LineLayout], seed: int = 1) -> None:
        self._lines, self._seed = lines, seed

    def events(self, start: int) -> Iterator[Event]:
        """Everything from `start` (microseconds) on, without end. First each machine says what it is doing."""
        stretch = (start - OFFSET) // STRETCH
        told: dict[tuple[str, str], dict[str, Any]] = {}
        begun = False
        for message, identity in self._messages(stretch):
            if message.ts >= start and not begun:
                begun = True
                yield from self._greetings(start, told)
            if begun:
                yield self._event(message.ts, message, identity)
            elif message.kind in TOLD_AT_CONNECT:
                told[message.machine, message.kind] = message.members

    def _messages(self, stretch: int) -> Iterator[tuple[Message, dict[str, Any]]]:
        while True:
            start = stretch * STRETCH + OFFSET
            boot = f"sim{self._seed}-{stretch}"
            sequence: dict[str, int] = {}
            lines = [
                Line(line, start, start + STRETCH, Random(f"{self._seed}/{line.path}/{stretch}"), stretch=stretch)
                for line in self._lines
            ]
            for t in range(start, start + STRETCH, STEP):
                for message in sorted(
                    (message for line in lines for message in line.step(t)), key=lambda message: message.ts
                ):
                    number = sequence[message.machine] = sequence.get(message.machine, -1) + 1
                    yield message, {"boot": boot, "seq": number}
            stretch += 1

    def _greetings(self, start: int, told: dict[tuple[str, str], dict[str, Any]]) -> Iterator[Event]:
        for (machine, kind), members in told.items():
            identity = {"id": f"connect-{self._seed}-{start}-{kind}"}
            yield self._event(start, Message(start, machine, kind, members), identity)

    def _event(self, ts: int, message: Message, identity: dict[str, Any]) -> Event:
        return ts, f"{message.machine}/{message.kind}", {"ts": ts // MS, **identity, **message.members}
