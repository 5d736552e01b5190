"""When an alarm opens, rises and ends: n of m readings, a hold, a silence, and the habit of one that keeps coming."""

from __future__ import annotations

from typing import Any, Literal

OF_READINGS, NEEDED = 5, 3
"""An alarm opens or rises when it is due in so many of the last readings."""

HABIT_SILENCES, HABIT_FACTOR, HABIT_LIMIT = 28, 2.0, 8.0
"""One that ended by itself and comes again within so many silence times is less of a news: the limit of T2 rises by
this factor each time, up to that. One that comes later finds the limit as it was."""

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
        self.habit = 1.0
        self.habit_until: int | None = None
        self.history = [0, 0, 0]  # of each tier, a bit for each of the last readings

    @property
    def idle(self) -> bool:
        """Whether a reading that is not due changes nothing."""
        return not self.tier and not self.history[0]

    def step(self, due: int, ts: int, hold_us: int, silence_us: int, *, urgent: bool = False) -> Edge | None:
        """`due`: the tier that this reading alone is worth. `urgent`: the silence does not hold."""
        confirmed = self._confirmed(due)
        if due:
            self.due_at = ts
        if not self.tier:
            silent = not urgent and self.quiet_until is not None and ts < self.quiet_until
            if not confirmed or (silent and confirmed <= self.last_tier):
                return None
            self.tier, self.since = confirmed, ts
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

    def factor(self, ts: int) -> float:
        """By which the limit of T2 is higher than it was learned."""
        return self.habit if self.habit_until is not None and ts < self.habit_until else 1.0

    def end(self, ts: int, silence_us: int) -> Edge | None:
        """End it, where there is one; what follows within the silence time opens none, unless it is worse."""
        self.history = [0, 0, 0]
        if not self.tier:
            return None
        again = self.since is not None and self.habit_until is not None and self.since < self.habit_until
        self.habit = min(self.habit * HABIT_FACTOR, HABIT_LIMIT) if again else 1.0
        self.last_tier = self.tier
        self.tier, self.since, self.due_at = 0, None, None
        self.quiet_until = ts + silence_us
        self.habit_until = ts + HABIT_SILENCES * silence_us
        return "clear"

    def rewind(self, ts: int) -> None:
        """The clock was set back."""
        self.quiet_until = self.habit_until = None
        self.due_at = None if self.due_at is None else min(self.due_at, ts)

    def plain(self) -> list[Any]:
        return [
            self.tier,
            self.since,
            self.due_at,
            self.quiet_until,
            self.last_tier,
            self.habit,
            self.habit_until,
            list(self.history),
        ]

    def restore(self, plain: list[Any]) -> None:
        self.tier, self.since, self.due_at, self.quiet_until, self.last_tier, self.habit, self.habit_until, history = (
            plain
        )
        self.history = list(history)
