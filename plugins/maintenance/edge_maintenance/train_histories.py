"""Run-to-failure histories from a table: the rows of each unit in order of age, and how long it lasted."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from edge_maintenance.table import Table, TableError

MIN_UNITS, MIN_ROWS = 5, 10
ROWS_PER_LIFE = 1000
"""More rows than this in the life of a unit teach nothing more: those between are passed over."""


@dataclass(frozen=True)
class History:
    """A unit from its first row to its failure. Ages count from the first row, in steps of the time column."""

    unit: str
    ages: list[float]
    rows: list[dict[str, float]]

    @property
    def life(self) -> float:
        return self.ages[-1]


def read_histories(table: Table) -> tuple[list[History], list[str]]:
    """The units that can be learned from, in the order of the file, and what was left out.

    Raises TableError where there is no column of units, or too few of them."""
    if table.unit is None:
        raise TableError(f"{table.path}: training needs --unit COL, the column that names the machine")
    scale = (table.layout.time_scale or 1.0) * 1e6
    found: dict[str, list[tuple[float, dict[str, float]]]] = {}
    timeless = 0
    for row in table.rows:
        if row.ts is None:
            timeless += 1
        else:
            found.setdefault(row.unit, []).append((row.ts / scale, row.values))
    notes = [f"{timeless} rows without a time are left out"] if timeless else []
    histories = []
    for unit, rows in found.items():
        rows.sort(key=lambda row: row[0])
        if len(rows) < MIN_ROWS or rows[-1][0] <= rows[0][0]:
            notes.append(f"unit {unit!r} is left out: {len(rows)} rows, {MIN_ROWS} at different times are needed")
        else:
            histories.append(History(unit, [at - rows[0][0] for at, _ in rows], [values for _, values in rows]))
    if len(histories) < MIN_UNITS:
        left_out = f" ({'; '.join(notes)})" if notes else ""
        raise TableError(
            f"{table.path}: {len(histories)} units with a history to failure in column {table.unit!r}, "
            f"at least {MIN_UNITS} are needed{left_out}"
        )
    return histories, notes


def step_of(histories: list[History]) -> float:
    """The usual distance of rows, or a thousandth of the usual life where that is longer."""
    steps = [later - age for history in histories for age, later in zip(history.ages, history.ages[1:], strict=False)]
    usual = median([step for step in steps if step > 0])
    return max(usual, median([history.life for history in histories]) / ROWS_PER_LIFE)


def name_of_unit(table: Table) -> str:
    """What ages and lives are in: cycles where the time column says so, else s, min, h or d by its scale."""
    if "cycle" in (table.time or "").lower():
        return "cycles"
    if table.time is None:
        return "rows"
    names = {1.0: "s", 60.0: "min", 3600.0: "h", 86400.0: "d"}
    scale = table.layout.time_scale or 1.0
    return names.get(scale, f"{scale:g} s")
