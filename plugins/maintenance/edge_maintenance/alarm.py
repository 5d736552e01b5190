"""When an alarm opens, rises and ends: n of m readings, a hold, a silence, and the habit of one that keeps coming."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

OF_READINGS, NEEDED = 5, 3
"""An alarm opens or rises when it is due in so many of the last readings."""

HABIT_SILENCES, HABIT_FACTOR, HABIT_LIMIT = 28, 2.0, 8.0
"""One that ended by itself and comes again for the same reason within so many silence times is less of a news: the
limit of T2 rises for that reason by this factor each time, up to that. One that comes later finds it as it was."""

HABITS = 16
"""Reasons that are remembered for that; the one that is forgotten first makes room."""

MASK = (1 << OF_READINGS) - 1
TIERS: tuple[Literal["watch", "plan", "act"], ...] = ("watch", "plan", "act")
Edge = Literal["open", "escalate", "clear"]


class Alarm:
    """The alarm of a machine. `tier` is 0 while there is none."""

    def __init__(self) -> None:
        self.tier = 0
        self.since: int | None = None
        self.due_at: int | None = None  # when it was last due
        self.quiet_until: int | None = None
        self.last_tier = 0  # of the alarm before; one that is worse breaks the silence
        self.why = ""  # the reason for which it opened
        self.judges: list[str] = []  # the regimes that were learned when it opened
        self.habits: dict[str, tuple[float, int]] = {}  # reason: factor, and until when
        self.history = [0, 0, 0]  # of each tier, a bit for each of the last readings

    @property
    def idle(self) -> bool:
        """Whether a reading that is not due changes nothing."""
        return not self.tier and not self.history[0]

    def step(
        self, due: int, ts: int, hold_us: int, silence_us: int, *, why: str = "", urgent: bool = False
    ) -> Edge | None:
        """`due`: the tier that this reading alone is worth, and `why`. `urgent`: the silence does not hold."""
        confirmed = self._confirmed(due)
        if due:
            self.due_at = ts
        if not self.tier:
            silent = not urgent and self.quiet_until is not None and ts < self.quiet_until
            if not confirmed or (silent and confirmed <= self.last_tier):
                return None
            self.tier, self.since, self.why = confirmed, ts, why
            return "open"
        if confirmed > self.tier:
            self.tier = confirmed
            return "escalate"
        if not due and (self.due_at is None or ts - self.due_at >= hold_us):
            return self.end(ts, silence_us)
        return None

    def _confirmed(self, due: int) -> int:
        confirmed = 0
        for tier, bits in enumerate(self.history):
            self.history[tier] = bits = (bits << 1 | (due > tier)) & MASK
            if bits.bit_count() >= NEEDED:
                confirmed = tier + 1
        return confirmed

    def factors(self, ts: int) -> Mapping[str, float]:
        """Reason: by how much the limit of T2 is higher than it was learned."""
        return {why: factor for why, (factor, until) in self.habits.items() if factor > 1.0 and ts < until}

    def end(self, ts: int, silence_us: int) -> Edge | None:
        """End it, where there is one; what follows within the silence time opens none, unless it is worse."""
        self.history = [0, 0, 0]
        if not self.tier:
            return None
        factor, until = self.habits.pop(self.why, (1.0, None))
        again = self.since is not None and until is not None and self.since < until
        factor = min(factor * HABIT_FACTOR, HABIT_LIMIT) if again else 1.0
        self.habits[self.why] = factor, ts + HABIT_SILENCES * silence_us
        if len(self.habits) > HABITS:
            del self.habits[min(self.habits, key=lambda why: self.habits[why][1])]
        self.last_tier = self.tier
        self.tier, self.since, self.due_at = 0, None, None
        self.quiet_until = ts + silence_us
        return "clear"

    def rewind(self, ts: int) -> None:
        """The clock was set back."""
        self.quiet_until = None
        self.habits = {}
        self.due_at = None if self.due_at is None else min(self.due_at, ts)

    def plain(self) -> list[Any]:
        return [
            self.tier,
            self.since,
            self.due_at,
            self.quiet_until,
            self.last_tier,
            self.why,
            {why: list(habit) for why, habit in self.habits.items()},
            list(self.history),
            list(self.judges),
        ]

    def restore(self, plain: list[Any]) -> None:
        self.tier, self.since, self.due_at, self.quiet_until, self.last_tier, self.why, *rest = plain
        habits, history, judges = rest
        self.habits = {why: (factor, until) for why, (factor, until) in habits.items()}
        self.history, self.judges = list(history), list(judges)
