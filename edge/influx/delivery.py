"""Gets lines to InfluxDB, however long it takes: waits, tries again, finds the line that is refused, and gives up none.

Waiting goes by a monotonic clock, so a step of the time of day neither shortens nor lengthens it.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from edge.influx.writing import Answer, Writing

FIRST_S, CEILING_S = 0.5, 60.0
DENIED_S = 1.0
REQUEST_LINES = 5000
REQUEST_BYTES = 4_000_000

_DROPPED = re.compile(r"dropped=(\d+)")
_EXPIRED = re.compile(r"(?:outside|beyond) retention policy")  # the words of InfluxDB 2 and 1

Refused = tuple[int, str, str]
"""(status, reason, line)."""


@dataclass
class Link:
    """How the connection is: for figures and pages, read from other threads. `since` (monotonic) it has been amiss."""

    state: str = "starting"  # connected, waiting, denied
    detail: str = ""
    since: float | None = None
    requests: int = 0
    sent: int = 0
    expired: int = 0  # lines older than what the bucket keeps

    def well(self) -> None:
        self.state, self.detail, self.since = "connected", "", None

    def amiss(self, state: str, detail: str, now: float) -> None:
        self.state, self.detail = state, detail
        if self.since is None:
            self.since = now


@dataclass
class Delivery:
    """`pause` waits so many seconds and returns True where the service ends meanwhile."""

    writing: Writing
    pause: Callable[[float], bool]
    link: Link = field(default_factory=Link)
    draw: Callable[[float, float], float] = random.uniform
    clock: Callable[[], float] = time.monotonic

    def deliver(self, lines: Sequence[str]) -> list[Refused] | None:
        """Returns when InfluxDB has taken every line but those returned; None where the service ended before that."""
        refused: list[Refused] = []
        for part in requests(lines):
            if not self._part(part, refused):
                return None
        return refused

    def _part(self, lines: Sequence[str], refused: list[Refused]) -> bool:
        """One request, or what it is cut into. False where the service ends."""
        answer = self._answered(lines)
        if answer is None:
            return False
        if answer.verdict == "taken":
            self.link.sent += len(lines)
            return True
        if _concerns_all(answer, len(lines)):
            if _EXPIRED.search(answer.reason):
                self.link.expired += len(lines)
            else:
                refused.extend((answer.status, answer.reason, line) for line in lines)
            return True
        middle = len(lines) // 2
        return self._part(lines[:middle], refused) and self._part(lines[middle:], refused)

    def _answered(self, lines: Sequence[str]) -> Answer | None:
        """The answer of a server that has one; None where the service ends first."""
        failures = 0
        while True:
            self.link.requests += 1
            answer = self.writing.write(lines)
            if answer.verdict in ("taken", "refused"):
                self.link.well()
                return answer
            wait_s = self._wait_s(answer, failures)
            failures = min(failures + 1, 30)
            if self.pause(wait_s):
                return None

    def _wait_s(self, answer: Answer, failures: int) -> float:
        ceiling = min(CEILING_S, FIRST_S * 2**failures)
        if answer.verdict == "denied":
            self.link.amiss("denied", f"{answer.status}: {answer.reason}", self.clock())
            return DENIED_S + self.draw(0.0, min(ceiling, 4 * DENIED_S))
        self.link.amiss("waiting", answer.reason or str(answer.status), self.clock())
        return max(answer.wait_s, self.draw(0.0, ceiling))


def _concerns_all(answer: Answer, lines: int) -> bool:
    """Whether a refusal speaks of each of the lines: there is one, or the server says that it dropped as many."""
    said = _DROPPED.search(answer.reason)
    return lines == 1 or (said is not None and int(said[1]) == lines)


def requests(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """Lines cut into requests."""
    for first in range(0, len(lines), REQUEST_LINES):
        yield from _small_enough(lines[first : first + REQUEST_LINES])


def _small_enough(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    if len(lines) == 1 or sum(map(len, lines)) <= REQUEST_BYTES:
        yield lines
        return
    middle = len(lines) // 2
    yield from _small_enough(lines[:middle])
    yield from _small_enough(lines[middle:])
