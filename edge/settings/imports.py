"""Products and calendars from CSV files into the plant file: read, checked together with all that it has, written."""

import copy
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.settings.findings import findings
from edge.settings.load import PLANT_FILE, read_plant
from edge.settings.nearest import nearest
from edge.settings.plant import PlantSettings
from edge.settings.problems import Finding, Problem, SettingsError, key_text, value_text
from edge.settings.references import reference_findings
from edge.settings.rows import Row, read_rows
from edge.settings.site import DAYS
from edge.settings.source import Source, read_source
from edge.settings.toml_text import toml_text

PRODUCT_COLUMNS = ("product", "ideal_cycle_s", "parts_per_cycle", "title")
CALENDAR_COLUMNS = ("site", "kind", "name", "start", "end", "days", "minutes", "from", "to", "reason")
SLOT = {"from": "from", "to": "to", "reason": "reason"}
KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "shift": ("shifts", {"name": "name", "start": "start", "end": "end", "days": "days"}),
    "break": ("breaks", {"name": "shift", "start": "start", "minutes": "minutes", "reason": "name"}),
    "planned": ("planned", SLOT),
    "unscheduled": ("unscheduled", SLOT),
}
"""Kinds of calendar rows: the array of a site that they become, and the key there that each column becomes."""

OF_A_SITE = {"": "site"}

Place = tuple[str | int, ...]


@dataclass
class Taken:
    """What a file brings: `data` as the plant file has it, and which row each part came from."""

    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[Place, tuple[Row, Mapping[str, str]]] = field(default_factory=dict)  # and the column of each key
    problems: list[Problem] = field(default_factory=list)

    def problem(self, finding: Finding) -> Problem | None:
        """The finding with its row and column; None where it lies in nothing that came from the file."""
        for depth in range(len(finding.path), 0, -1):
            if origin := self.origins.get(finding.path[:depth]):
                row, columns = origin
                if columns is OF_A_SITE and depth < len(finding.path):
                    return None  # in a part of the site that no row brought
                key = str(finding.path[depth]) if len(finding.path) > depth else next(iter(columns.values()))
                near = finding.nearest or _decimal_point(finding.value)
                return row.problem(columns.get(key, key), finding.message, near)
        return None


def products(file: Path) -> Taken:
    """Products of a CSV file; each row is one product."""
    taken = Taken(data={"products": {}})
    columns = {"": "product", "ideal_cycle_s": "ideal_cycle_s", "parts_per_cycle": "parts_per_cycle", "title": "title"}
    for row in read_rows(file, PRODUCT_COLUMNS, ("product", "ideal_cycle_s")):
        name = row.cells.get("product")
        if name is None:
            taken.problems.append(row.problem("product", "is missing"))
        elif name in taken.data["products"]:
            first = taken.origins["products", name][0].line
            taken.problems.append(row.problem("product", f"stands in line {first} already: one row a product"))
        else:
            taken.data["products"][name] = _typed({k: v for k, v in row.cells.items() if k != "product"})
            taken.origins["products", name] = (row, columns)
    return taken


def calendar(file: Path) -> Taken:
    """Shifts, breaks, planned stops and unscheduled time of sites; each row is one of them."""
    taken = Taken(data={"sites": {}})
    for row in read_rows(file, CALENDAR_COLUMNS, ("site", "kind")):
        found = _calendar_row(row)
        taken.problems += found
        if not found:
            array, keys = KINDS[row.cells["kind"]]
            site = row.cells["site"]
            rows = taken.data["sites"].setdefault(site, {}).setdefault(array, [])
            taken.origins.setdefault(("sites", site), (row, OF_A_SITE))
            origin = {"": next(iter(keys)), **{key: column for column, key in keys.items()}}
            taken.origins["sites", site, array, len(rows)] = (row, origin)
            rows.append(_typed({keys[name]: cell for name, cell in row.cells.items() if name in keys}))
    return taken


def _calendar_row(row: Row) -> list[Problem]:
    """What is wrong with the form of a row of the calendar."""
    missing = [row.problem(name, "is missing") for name in ("site", "kind") if name not in row.cells]
    if missing:
        return missing
    kind = row.cells["kind"]
    if kind not in KINDS:
        return [row.problem("kind", f"must be one of {', '.join(KINDS)}", nearest(kind, KINDS))]
    used = ("site", "kind", *KINDS[kind][1])
    told = f"means nothing for {kind}, which has {', '.join(used[2:])}: leave it empty"
    return [row.problem(name, told) for name in row.cells if name not in used]


def _typed(cells: Mapping[str, str]) -> dict[str, Any]:
    """Cells as TOML would hold them; what does not look like its kind stays text, and is refused with the settings."""
    return {key: _TYPES[key](cell) if key in _TYPES else cell for key, cell in cells.items()}


def _number(cell: str) -> Any:
    if re.fullmatch(r"[+-]?\d{1,15}", cell, re.ASCII):
        return int(cell)
    return float(cell) if re.fullmatch(r"[+-]?\d*\.?\d+([eE][+-]?\d+)?", cell, re.ASCII) else cell


def _instant(cell: str) -> Any:
    try:
        return datetime.fromisoformat(cell) if len(cell) > len("2026-12-24") else cell
    except ValueError:
        return cell


def _days(cell: str) -> list[str]:
    """`mon tue`, `mon,tue` or `mon-fri` as single days."""
    found: list[str] = []
    for word in re.split(r"[\s,;]+", cell.lower()):
        first, dash, last = word.partition("-")
        if dash and first in DAYS and last in DAYS:
            length = (DAYS.index(last) - DAYS.index(first)) % len(DAYS) + 1
            found += [DAYS[(DAYS.index(first) + n) % len(DAYS)] for n in range(length)]
        else:
            found.append(word)
    return found


def _decimal_point(value: Any) -> str | None:
    """A number that was written with a comma."""
    mended = value.replace(",", ".") if isinstance(value, str) else ""
    return mended if mended != value and not isinstance(_number(mended), str) else None


_TYPES: Mapping[str, Callable[[str], Any]] = {
    "ideal_cycle_s": _number, "parts_per_cycle": _number, "minutes": _number, "from": _instant, "to": _instant,
    "days": _days,
}  # fmt: skip


def merged(config_dir: Path, taken: Taken) -> dict[str, Any]:
    """The plant file with what was taken: products by name, of a site the arrays that the file has rows for.

    SettingsError with all that is wrong, of the rows or with the whole that they make."""
    source = _plant_source(config_dir)
    problems = list(source.problems) or read_plant(source)[1]
    if problems:
        raise SettingsError(problems)
    data = copy.deepcopy(source.data)
    data.setdefault("products", {}).update(taken.data.get("products", {}))
    for site, arrays in taken.data.get("sites", {}).items():
        data.setdefault("sites", {}).setdefault(site, {}).update(arrays)
    problems = [*taken.problems, *(taken.problem(f) or _of_the_whole(source.file, f) for f in _findings(data))]
    if problems:
        raise SettingsError(sorted(problems, key=lambda problem: problem.line or 0))
    return data


def _plant_source(config_dir: Path) -> Source:
    path = config_dir / PLANT_FILE
    return read_source(path) if path.exists() or not config_dir.is_dir() else Source(str(path))


def _findings(data: dict[str, Any]) -> list[Finding]:
    found = reference_findings(data)
    try:
        PlantSettings.model_validate(data)
    except ValidationError as error:
        found = [*findings(PlantSettings, data, error), *found]
    return found


def _of_the_whole(file: str, finding: Finding) -> Problem:
    """A mistake that the import would make elsewhere."""
    value = value_text(finding.value, finding.path)
    return Problem(f"{file} with these rows", key_text(finding.path), value, finding.message, finding.nearest)


def write(config_dir: Path, data: Mapping[str, Any]) -> Path | None:
    """Replace the plant file as a whole, durably; the file before is kept beside it (None: there was none).

    SettingsError where the folder cannot be written to; the plant file is then as it was."""
    path = config_dir / PLANT_FILE
    try:
        kept = _keep(path) if path.exists() else None
        _replace(path, toml_text(data))
    except OSError as error:
        raise SettingsError([Problem(str(path), "", "", f"cannot be written: {error.strerror}")]) from error
    return kept


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    with new.open("w", encoding="utf-8", newline="\n") as file:
        if path.exists():
            shutil.copymode(path, new)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keep(path: Path) -> Path:
    """A copy under the first free name, so that no import overwrites the copy of another."""
    number = 1
    while True:
        copied = path.with_name(f"{path.name}.bak{number}")
        try:
            with copied.open("xb") as file:
                file.write(path.read_bytes())
                os.fsync(file.fileno())
        except FileExistsError:
            number += 1
        else:
            return copied
