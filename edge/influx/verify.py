"""Compares what InfluxDB has with what the store says, by UTC day, and sends again what is missing.

The service may go on meanwhile, so a difference counts only if it is still there a while later: what the outbox has in
hand is not missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from edge.clock import DAY, HOUR
from edge.influx.comparison import Look, Send, Suspects, Verdict
from edge.influx.points import KPI
from edge.influx.querying import Querying
from edge.influx.truth import Span, Truth

ON_ITS_WAY_S = 3.0
"""What the outbox sends as it comes is in InfluxDB so long after it was in the store."""
TRIES = 5
HELD = 1_000_000
"""Differences in memory until they are looked at again."""


@dataclass
class Verification:
    """`truths` opens one state of the store and gives each machine; `send` writes lines, where that is wanted;
    `windows_every_s`: how often the service sends KPI windows; before `kept_from` (us) InfluxDB lets points go."""

    truths: Callable[[], AbstractContextManager[list[Truth]]]
    querying: Querying
    send: Send | None = None
    exact: bool = False
    windows_every_s: float = 0.0
    pause: Callable[[float], None] = time.sleep
    kept_from: int | None = None
    verdict: Verdict = field(default_factory=Verdict)

    def run(self, start: int, end: int) -> Verdict:
        """Compare [start, end) in microseconds; InfluxUnavailable where nobody answers."""
        held: list[tuple[Span, Suspects]] = []
        for span in days(start, end):
            look = self._look(span, Look(self.querying, Verdict(), self.exact, kept_from=self.kept_from))
            if not look.wrong:
                self.verdict.points += look.verdict.points
                self.verdict.expired += look.verdict.expired
                continue
            held.append((span, look.wrong))
            if sum(len(suspects) for _, suspects in held) > HELD:
                self._look_again(held)
        self._look_again(held)
        return self.verdict

    def _look_again(self, held: list[tuple[Span, Suspects]]) -> None:
        if not held:
            return
        windows = any(_windows(suspects) for _, suspects in held)
        self.pause(ON_ITS_WAY_S + (self.windows_every_s if windows else 0.0))
        for span, suspects in held:
            look = Look(self.querying, self.verdict, self.exact, suspects, self.send, self.kept_from)
            self._settle(span, _windows(self._look(span, look).wrong))
        held.clear()

    def _settle(self, span: Span, mended: Suspects) -> None:
        """Look once more at windows that were sent again: the service may have sent newer ones just before."""
        for _ in range(TRIES):
            if not mended or self.send is None:
                return
            look = Look(self.querying, Verdict(), suspects=mended, send=self.send, kept_from=self.kept_from)
            mended = self._look(span, look).wrong

    def _look(self, span: Span, look: Look) -> Look:
        with self.truths() as truths:
            look.take(truths, span)
        return look


def _windows(suspects: Suspects) -> Suspects:
    return {(asset, place) for asset, place in suspects if place[0].startswith(KPI)}


def days(start: int, end: int) -> Iterator[Span]:
    """The range in whole hours, cut at UTC midnights, the latest day first."""
    first, last = start - start % HOUR, -(-end // HOUR) * HOUR
    at = last
    while at > first:
        begin = max(first, (at - 1) // DAY * DAY)
        yield begin, at
        at = begin
