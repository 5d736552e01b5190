"""Units with serial numbers on their way through the stations of a line, tested at each, retested where they fail."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from random import Random

from edge.clock import SECOND
from edge.simulate.machine import MS, STEP, Machine, Message

EVERY_S = 40.0  # of running of the first station: one unit in about ten carries a serial number
PASS, PASS_LAST, PASS_RETEST = 0.992, 0.965, 0.65
ABORT = 0.004
TRANSIT_S, RETEST_S = (45.0, 100.0), (20.0, 45.0)
TRIES = 2


class Units:
    """To be stepped with its line."""

    def __init__(self, prefix: str, stations: Sequence[Machine], random: Random) -> None:
        self._prefix, self._stations, self._random = prefix, stations, random
        self._made = 0
        self._on_the_way: list[tuple[int, str, int, int]] = []  # ready at, serial, place of the station, try

    def step(self, t: int) -> Iterator[Message]:
        """The verdicts of the step from `t`."""
        if self._stations[0].producing and self._random.random() < STEP / SECOND / EVERY_S:
            self._made += 1
            heapq.heappush(self._on_the_way, (t, f"{self._prefix}-{self._made:05d}", 0, 1))
        waiting = []
        while self._on_the_way and self._on_the_way[0][0] < t + STEP:
            unit = heapq.heappop(self._on_the_way)
            station = self._stations[unit[2]]
            if station.producing and not station.silent(t):
                yield self._test(t, *unit[1:])
            else:
                waiting.append((t + STEP, *unit[1:]))
        for unit in waiting:
            heapq.heappush(self._on_the_way, unit)

    def _test(self, t: int, serial: str, place: int, attempt: int) -> Message:
        random = self._random
        last = place == len(self._stations) - 1
        ts = t + random.randrange(20, STEP // MS - 20) * MS
        chance = PASS_RETEST if attempt > 1 else PASS_LAST if last else PASS
        result = "abort" if random.random() < ABORT else "pass" if random.random() < chance else "fail"
        if result == "abort":
            self._send_on(ts, RETEST_S, serial, place, attempt)
        elif result == "fail" and attempt < TRIES:
            self._send_on(ts, RETEST_S, serial, place, attempt + 1)
        elif result == "pass" and not last:
            self._send_on(ts, TRANSIT_S, serial, place + 1, 1)
        path = self._stations[place].path
        members = {"serial": serial, "result": result, "station": path.rpartition("/")[2]}
        return Message(ts, path, "unit", members)

    def _send_on(self, ts: int, after_s: tuple[float, float], serial: str, place: int, attempt: int) -> None:
        ready = ts + round(self._random.uniform(*after_s) * SECOND)
        heapq.heappush(self._on_the_way, (ready, serial, place, attempt))
