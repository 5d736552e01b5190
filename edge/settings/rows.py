"""Rows of a CSV file with the lines that they stand in, read whole, with all that is wrong with its form."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.settings.nearest import nearest
from edge.settings.problems import Problem, SettingsError, value_text
from edge.settings.source import similar_file, unreadable


@dataclass(frozen=True)
class Row:
    """The cells of a row that are not empty, by column."""

    file: str
    line: int
    cells: Mapping[str, str]

    def problem(self, column: str, message: str, near: str | None = None) -> Problem:
        """What is wrong with one cell of this row."""
        return Problem(self.file, column, value_text(self.cells.get(column)), message, near, self.line)


def read_rows(path: Path, columns: Sequence[str], needed: Sequence[str]) -> list[Row]:
    """All rows of a file whose header has some of `columns`, `needed` among them; SettingsError where it has not."""
    lines = _lines(str(path), _text(path))
    number, header = next(lines, (1, []))
    names = [name.strip() for name in header]
    problems = _header_problems(str(path), number, names, columns, needed)
    rows = []
    for number, cells in lines:
        if len(cells) > len(names) and not problems:
            message = f"has {len(cells)} cells, the header {len(names)}: put a cell with a comma in quotes"
            problems.append(Problem(str(path), "", "", message, line=number))
        found = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
        if found:
            rows.append(Row(str(path), number, found))
    if not problems and not rows:
        problems.append(Problem(str(path), "", "", "has no rows below its header", line=1))
    if problems:
        raise SettingsError(problems)
    return rows


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # spreadsheets put a mark in front
    except OSError as error:
        raise SettingsError([Problem(str(path), "", "", unreadable(error), similar_file(path))]) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"byte {error.object[error.start]:#04x} is not UTF-8: save the file as CSV UTF-8"
        raise SettingsError([Problem(str(path), "", "", message, line=line)]) from error


def _lines(file: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that each begins in. Where the header has semicolons and no comma, they separate the cells."""
    first = text.partition("\n")[0]
    separator = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise SettingsError([Problem(file, "", "", f"is no CSV: {error}", line=begins)]) from error


def _header_problems(
    file: str, line: int, names: Sequence[str], columns: Sequence[str], needed: Sequence[str]
) -> list[Problem]:
    known = f"the columns are {', '.join(columns)}"
    problems = [
        Problem(file, name, "", f"is no column here; {known}", nearest(name, columns), line)
        for name in names
        if name not in columns
    ]
    problems += [
        Problem(file, name, "", "stands in the header twice", line=line)
        for i, name in enumerate(names)
        if name in columns and name in names[:i]
    ]
    problems += [
        Problem(file, name, "", f"is missing in the header; {known}", line=line) for name in needed if name not in names
    ]
    return problems
