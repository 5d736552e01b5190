"""The names of a table's columns: from its first row, from the option, or by their places."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import mode

from edge_maintenance.cells import iso_us, number

Rows = Sequence[Sequence[str]]


class HeaderError(ValueError):
    """More columns are named than there are."""


def header_of(asked: Sequence[str], rows: Rows) -> tuple[tuple[str, ...], int, list[str]]:
    """The names, how many rows are a header, and what is to be said of them. `asked`: names for a file without one.

    Raises HeaderError."""
    first = [cell.strip() for cell in rows[0]]
    notes: list[str] = []
    names = list(asked) or first
    if asked:
        heads = int(_alike(first, names) or (len(rows) > 1 and _is_header(first, rows[1])))
        if heads and not _alike(first, names):
            notes.append(f"the header ({', '.join(first[:3])} ...) is replaced by --columns")
    else:
        heads = int(len(rows) == 1 or not _is_data(first, rows[1]))
        if not heads:
            names = [f"c{number}" for number in range(1, len(first) + 1)]
            notes.append(f"there is no header; the columns are called c1 to c{len(first)} (see --columns)")
    width = mode(_width(row) for row in rows[heads:]) if rows[heads:] else len(names)
    if asked and len(names) > max(map(len, rows)):
        raise HeaderError(f"--columns names {len(names)} columns, but the rows have {width}")
    if width > len(names):
        notes.append(f"the rows have {width} columns, {len(names)} are named: the others are left out")
    return tuple(_distinct(names, notes)), heads, notes


def _alike(first: Sequence[str], names: Sequence[str]) -> bool:
    return [cell.casefold() for cell in first if cell] == [name.casefold() for name in names if name]


def _kind(cell: str) -> str:
    if not cell.strip():
        return "nothing"
    return "number" if math.isfinite(number(cell)) else "word" if iso_us(cell) is None else "time"


def _is_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """Words alone, above a row that has others."""
    return {*map(_kind, first)} <= {"word", "nothing"} and not {*map(_kind, second)} <= {"word", "nothing"}


def _is_data(first: Sequence[str], second: Sequence[str]) -> bool:
    """Like the row below it, and no mere count of the columns."""
    kinds = list(zip(map(_kind, first), map(_kind, second), strict=False))
    alike = all(one == other or "nothing" in (one, other) for one, other in kinds)
    counted = [str(start + at) for start in (0, 1) for at in range(len(first))]
    return alike and any(one in ("number", "time") for one, _ in kinds) and first not in (
        counted[: len(first)], counted[len(first) :]
    )  # fmt: skip


def _width(row: Sequence[str]) -> int:
    """Without what is blank at the end."""
    return max((at for at, cell in enumerate(row, 1) if cell.strip()), default=0)


def _distinct(names: Sequence[str], notes: list[str]) -> list[str]:
    """A name that is there again gets a number."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
        if seen[name] > 1:
            notes.append(f"there is more than one column {name!r}: this one is called {found[-1]!r}")
    return found
