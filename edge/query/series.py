"""Series of one machine's signals, as an answer shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edge.errors import QueryError
from edge.query.older import joined_series
from edge.query.question import Question
from edge.store.machines import MachineRow
from edge.store.readings import KnownSignal, ReadingsReader


def series_shown(
    question: Question, row: MachineRow, signals: Sequence[str], window: tuple[int, int], points: int,
    about: Callable[[KnownSignal], Mapping[str, Any]],
) -> list[dict[str, Any]]:  # fmt: skip
    """The series of these signals (of none: of all) in a window; QueryError (404) for one that is not known."""
    reader = ReadingsReader(question.db)
    known = {found.name: found for found in reader.signals(row.number)}
    shown = []
    for name in signals or known:
        if name not in known:
            raise QueryError("signal", name, f"{row.path} has no signal {name!r}", 404, expected=", ".join(known))
        found = joined_series(reader, question.older, row, name, *window, points)
        said = about(known[name])
        shown.append(
            {
                "signal": name,
                "unit": said["unit"],
                "kind": said["kind"],
                "resolution_s": found.resolution_s,
                "count": found.count,
                "points": [[milliseconds(point[0]), *point[1:]] for point in found.points],
            }
        )
    return shown


def milliseconds(us: int) -> int | float:
    """Microseconds as milliseconds, a whole number where it is one."""
    return us // 1000 if us % 1000 == 0 else us / 1000
