"""When to look at which silent machine, so that a look costs as much as there is to do and not as there are machines.

Looks come at multiples of `GRID`. Pure.
"""

from __future__ import annotations

from heapq import heappop, heappush

from edge.clock import SECOND

GRID = SECOND  # of received time: silence is looked at once in each


class Agenda:
    """Machines (numbers) by the look at which they are due; each is there once at most."""

    def __init__(self) -> None:
        self._looks: list[int] = []  # a heap
        self._due: dict[int, set[int]] = {}  # by look
        self._look_of: dict[int, int] = {}

    def put(self, machine: int, due: int) -> None:
        """The machine is due at the first look at or after `due`, and at no other."""
        look = -(-due // GRID) * GRID
        known = self._look_of.get(machine)
        if known == look:
            return
        if known is not None:
            self._due[known].discard(machine)
        self._look_of[machine] = look
        there = self._due.get(look)
        if there is None:
            there = self._due[look] = set()
            heappush(self._looks, look)
        there.add(machine)

    def take(self, now: int) -> list[int]:
        """The machines that are due at `now`, in order; they are off the agenda then."""
        found: list[int] = []
        while self._looks and self._looks[0] <= now:
            found += self._due.pop(heappop(self._looks))
        for machine in found:
            del self._look_of[machine]
        found.sort()
        return found
