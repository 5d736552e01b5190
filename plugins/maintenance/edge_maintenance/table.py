"""A recording as a table: columns with a separator or blanks between them, one row of one machine after the other."""

from __future__ import annotations

import argparse
import csv
import difflib
import gzip
import io
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import IO

from edge_maintenance.cells import MICRO, instant_us, iso_us, number
from edge_maintenance.header import HeaderError, header_of

PEEK_ROWS = 1000
"""Rows that are looked at for which columns are numbers; a column that is blank in all of them is none."""

TIME_NAMES = ("ts", "time", "timestamp", "datetime", "date", "t")
STEP_NAMES = ("cycle", "cycles")
"""Names of a column of times, and of one that is taken as such where there is no other."""

MANY_STEPS_BACK = 5
NAMED_SEPARATORS = {
    "\\t": "\t", "tab": "\t", "\\s": " ", "\\s+": " ", "\\s*": " ", "blank": " ", "space": " ", "comma": ",",
    "semicolon": ";",
}  # fmt: skip
DURATION = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*(ms|s|sec|min|h|d)?\s*", re.IGNORECASE)
UNIT_S = {"ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class TableError(ValueError):
    """The table or an option for it cannot be used; the text names what is wrong and where."""


@dataclass(frozen=True)
class Layout:
    """How to read a table; what is empty is found out from the file."""

    sep: str = ""  # one character, or a blank for any run of white space
    columns: tuple[str, ...] = ()  # of a file without a header
    time: str | None = None
    time_scale: float | None = None  # seconds of one step of the time column; None: ISO time or epoch seconds
    unit: str | None = None  # the column whose values are machines
    signals: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row: what was measured of a machine at one time. A cell that is no number is NaN."""

    line: int  # in the file, from 1
    unit: str  # "" without a unit column
    ts: int | None  # microseconds; None where the cell has no time
    time: str  # the cell as it stands
    values: dict[str, float]


@dataclass
class Table:
    """An open table: its columns, and its rows once."""

    path: str
    layout: Layout
    signals: tuple[str, ...]
    time: str | None  # None: each row is one step
    unit: str | None
    rows: Iterable[Row] = field(repr=False)
    notes: list[str] = field(default_factory=list)  # of what was found out, where it may not be what was meant


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that say how a table is read."""
    add = parser.add_argument
    add("file", metavar="FILE", help="CSV or blank-separated text, also as .gz; - for the standard input")
    add("--sep", default="", help="separator; a blank means any run of blanks (default: found out)")
    add("--columns", type=names, default=(), metavar="A,B,...", help="names of the columns of a file without header")
    add("--time", metavar="COL", help="column of the time (default: one called time or ts, or with times in it)")
    add("--time-scale", type=positive, metavar="SECONDS", help="what 1 in the time column is, for cycles or hours")
    add("--unit", metavar="COL", help="column that names the machine; each is assessed alone")
    add("--signals", type=names, default=(), metavar="A,B", help="columns to watch (default: all numbers)")
    add("--ignore", type=names, default=(), metavar="C,D", help="columns to leave out")


def layout_of(options: argparse.Namespace) -> Layout:
    return Layout(
        options.sep, options.columns, options.time, options.time_scale, options.unit, options.signals, options.ignore
    )


def names(text: str) -> tuple[str, ...]:
    """Names between commas; quotes hold a comma together."""
    return tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True)))


def positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"a number above 0, not {text!r}")
    return number


def seconds(text: str) -> float:
    """A duration such as `20min`, `400s`, `7d`, or plain seconds."""
    found = DURATION.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"a duration such as 400s, 20min, 2h or 7d, not {text!r}")
    return float(found[1]) * UNIT_S[(found[2] or "s").lower()]


@contextmanager
def open_table(path: str, layout: Layout) -> Iterator[Table]:
    """Raises TableError for a file or a column that is not there."""
    with _opened(path) as stream:
        yield read_table(stream, layout, path)


@contextmanager
def _opened(path: str) -> Iterator[IO[str]]:
    if path == "-":
        yield sys.stdin
        return
    try:
        raw = Path(path).open("rb")  # noqa: SIM115  # closed below
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error
    with raw, gzip.open(raw) if path.endswith(".gz") else raw as plain:
        text = io.TextIOWrapper(plain, encoding="utf-8-sig", errors="replace", newline="")
        yield text


def read_table(stream: Iterable[str], layout: Layout, path: str = "-") -> Table:
    """The columns are settled here from the first rows; the rows come as they are asked for."""
    lines = (line for line in stream if line.strip())
    first = next(lines, None)
    if first is None:
        raise TableError(f"{path}: the file is empty")
    sep = _separator(layout.sep, first, path)
    cells = enumerate(_cells(chain([first], lines), sep), 1)
    peeked = list(islice(cells, PEEK_ROWS))
    try:
        header, heads, notes = header_of(layout.columns, [row for _, row in peeked])
    except HeaderError as error:
        raise TableError(f"{path}: {error} (separator {sep!r})") from error
    peeked = peeked[heads:]
    _check(layout, header, path)
    rows = [row for _, row in peeked]
    time = layout.time if layout.time is not None else _time_column(header, rows)
    signals = layout.signals or _numeric(header, rows, {time, layout.unit, *layout.ignore})
    if not signals:
        raise TableError(f"{path}: no column of numbers; there are {', '.join(map(repr, header))}")
    if time is not None and layout.time_scale is None and _counts_cycles(time, header, rows):
        layout = replace(layout, time_scale=1.0)
        notes.append(f"column {time!r} is taken as counting steps (see --time-scale)")
    table = Table(path, layout, signals, time, layout.unit, (), notes)
    if layout.unit is None and time is not None and _steps_back(_rows(table, header, peeked)) >= MANY_STEPS_BACK:
        notes.append("the time steps back again and again: several machines? (see --unit)")
    table.rows = _rows(table, header, chain(peeked, cells))
    return table


def _separator(asked: str, line: str, path: str) -> str:
    if asked:
        found = NAMED_SEPARATORS.get(asked.lower(), " " if asked.isspace() and asked != "\t" else asked)
        if len(found) != 1 or found in '\r\n"':
            raise TableError(f"{path}: --sep: one character, or a blank for any run of blanks, not {asked!r}")
        return found
    counts = {sep: line.count(sep) for sep in (";", "\t", ",", "|")}
    best = max(counts, key=lambda sep: counts[sep])
    return best if counts[best] else " "


def _cells(lines: Iterable[str], sep: str) -> Iterator[list[str]]:
    if sep == " ":
        return (line.split() for line in lines)
    return csv.reader(lines, delimiter=sep)


def _check(layout: Layout, header: Sequence[str], path: str) -> None:
    """Raises TableError where an option needs a column that is not there; what is to be ignored may be missing."""
    asked = [("--time", layout.time), ("--unit", layout.unit)]
    asked += [("--signals", name) for name in layout.signals]
    for option, name in asked:
        if name is not None and name not in header:
            near = difflib.get_close_matches(name, header, 1, 0.5)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(map(repr, header))}"
            raise TableError(f"{path}: {option}: no column {name!r}{hint}")


def _time_column(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str | None:
    named = [name for name in header if name.lower() in TIME_NAMES]
    if named:
        return named[0]
    filled = (next((row[at] for row in rows if len(row) > at and row[at].strip()), "") for at in range(len(header)))
    dated = next((name for name, cell in zip(header, filled, strict=True) if iso_us(cell) is not None), None)
    return dated if dated is not None else next((name for name in header if name.lower() in STEP_NAMES), None)


def _counts_cycles(time: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a column that is called so holds plain numbers."""
    at = header.index(time)
    return "cycle" in time.lower() and all(math.isfinite(number(row[at])) for row in rows[:10] if len(row) > at)


def _steps_back(rows: Iterable[Row]) -> int:
    times = [row.ts for row in rows if row.ts is not None]
    return sum(after < before for before, after in pairwise(times))


def _numeric(header: Sequence[str], rows: Sequence[Sequence[str]], others: set[str | None]) -> tuple[str, ...]:
    """Columns whose cells are mostly numbers, where there is anything in them."""
    found = []
    for at, name in enumerate(header):
        cells = [row[at] for row in rows if len(row) > at and row[at].strip()]
        numbers = sum(math.isfinite(number(cell)) for cell in cells)
        if name not in others and numbers * 2 > len(cells):
            found.append(name)
    return tuple(found)


def _rows(table: Table, header: Sequence[str], cells: Iterable[tuple[int, list[str]]]) -> Iterator[Row]:
    places = [(name, header.index(name)) for name in table.signals]
    time_at = None if table.time is None else header.index(table.time)
    unit_at = None if table.unit is None else header.index(table.unit)
    scale = table.layout.time_scale
    steps: dict[str, int] = {}
    for line, row in cells:
        width = len(row)
        unit = row[unit_at].strip() if unit_at is not None and unit_at < width else ""
        values = {name: number(row[at]) if at < width else math.nan for name, at in places}
        if time_at is None:
            step = steps[unit] = steps.get(unit, -1) + 1
            yield Row(line, unit, round(step * (scale or 1.0) * MICRO), str(step), values)
        else:
            cell = row[time_at].strip() if time_at < width else ""
            yield Row(line, unit, instant_us(cell, scale), cell, values)
