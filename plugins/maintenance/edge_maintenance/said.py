"""What was said of a machine last, and whether something is new beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge import Assessment

NEW_HEALTH, NEW_LIFE = 0.02, 0.02
"""What health and, as a share of itself, remaining life have to change by to be news."""


class Said:
    """State, signals of the reasons, findings, health and remaining life; of nothing before anything was said."""

    def __init__(self, plain: Sequence[Any] = ()) -> None:
        self.last = list(plain)

    def plain(self) -> list[Any]:
        return list(self.last)

    @property
    def health(self) -> float | None:
        """None also where nothing was said."""
        return self.last[3] if self.last else None

    def findings_differ(self, findings: Mapping[str, tuple[str, int]]) -> bool:
        """Whether the sensors in doubt, or the kinds of doubt, are others now; called for each observation."""
        before = self.last[2] if self.last else []
        if not findings and not before:
            return False
        return len(findings) != len(before) or any(findings.get(name, ("",))[0] != kind for name, kind in before)

    def is_old(self, found: Assessment) -> bool:
        """Whether it says nothing that was not said."""
        before, now = self.last, _essence(found)
        return (
            bool(before)
            and before[:3] == now[:3]
            and _near(before[3], now[3], NEW_HEALTH)
            and _near(before[4], now[4], NEW_LIFE * abs(before[4] or 0.0))
        )

    def keep(self, found: Assessment) -> None:
        self.last = _essence(found)


def _essence(found: Assessment) -> list[Any]:
    return [
        found.state,
        [reason.signal for reason in found.reasons],
        [[one.signal, one.kind] for one in found.findings],
        found.health,
        found.life.value if found.life else None,
    ]


def _near(one: float | None, other: float | None, by: float) -> bool:
    """Whether they differ by no more; what is not known is only near to what is not."""
    return one is other if one is None or other is None else abs(one - other) <= by
