"""`docs/settings.md` and the files in `config/` name every key; type and default in the reference are the real ones."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from edge.settings import plant
from edge.settings.findings import annotation_at, field_of, known_keys, plain
from edge.settings.mappings import MappingSettings
from edge.settings.problems import value_text
from edge.settings.service import ServiceSettings

ROOT = Path(__file__).parents[2]
SERVICE: dict[str, type[BaseModel]] = {
    f"`[{section}]`": annotation_at(ServiceSettings, (section,))
    for section in ServiceSettings.model_fields
    if section != "mappings"
} | {"`[[mappings]]`": MappingSettings}
PLANT: dict[str, type[BaseModel]] = {
    "`[products.<name>]`": plant.Product,
    "`[sites.<site>]`": plant.SiteSettings,
    "`[[sites.<site>.shifts]]`": plant.Shift,
    "`breaks` of a shift": plant.Break,
    "`[[sites.<site>.breaks]]`": plant.SiteBreak,
    "`[[sites.<site>.planned]]` and `[[sites.<site>.unscheduled]]`": plant.Slot,
    '`[lines."<site>/<area>/<line>"]`': plant.LineSettings,
    '`[machines."<path or pattern>"]`': plant.MachineSettings,
    '`[machines."<path or pattern>".signals.<name or pattern>]`': plant.SignalSettings,
}
TYPES = {
    str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path", date: "date",
    time: "time of day", datetime: "instant",
}  # fmt: skip
IN_WORDS = {
    "days": "all seven",
    "last": "end of `route`",
    "signals": "none",
    "monitors": "none",
    **dict.fromkeys(("where", "names", "members", "values", "kpis"), "none"),
}  # defaults that no value can say


def sections() -> dict[str, dict[str, list[str]]]:
    """The rows of the reference: section, then key, then type, default and meaning."""
    found: dict[str, dict[str, list[str]]] = {}
    rows: dict[str, list[str]] = {}
    for line in (ROOT / "docs" / "settings.md").read_text().splitlines():
        if line.startswith("### "):
            rows = found[line.removeprefix("### ")] = {}
        elif match := re.match(r"\| `(\w+)` \|", line):
            rows[match[1]] = [cell.strip() for cell in line.split("|")[2:-1]]
    return found


def type_text(annotation: Any) -> str:
    annotation = plain(annotation)
    if get_origin(annotation) is Literal:
        return ", ".join(f'`"{option}"`' for option in get_args(annotation))
    if get_origin(annotation) is dict:
        return "tables"
    if get_origin(annotation) is tuple:
        inner = plain(get_args(annotation)[0])
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return "tables"
        return "array of weekdays" if inner is int else f"array of {type_text(inner)}"
    return TYPES[annotation]


def default_text(key: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if key in IN_WORDS:
        return IN_WORDS[key]
    default = field.get_default(call_default_factory=True)
    return (
        "none" if default is None else f"`{value_text(str(default) if isinstance(default, Path | date) else default)}`"
    )


def test_the_reference_has_a_section_for_each_table() -> None:
    assert list(sections()) == [*SERVICE, *PLANT]


@pytest.mark.parametrize("section", [*SERVICE, *PLANT])
def test_every_key_is_in_the_reference_with_its_type_and_default(section: str) -> None:
    model = (SERVICE | PLANT)[section]
    said = {key: (kind, default) for key, (kind, default, _) in sections()[section].items()}
    fields = {key: field for key in known_keys(model) if (field := field_of(model, key))}
    assert said == {key: (type_text(field.annotation), default_text(key, field)) for key, field in fields.items()}


def shipped_keys() -> Iterator[tuple[str, str]]:
    for section, model in SERVICE.items():
        yield from (("edge.toml", f"{section} {key}") for key in known_keys(model))
    for section, model in PLANT.items():
        yield from (("plant.toml", f"{section} {key}") for key in known_keys(model))


@pytest.mark.parametrize(("file", "key"), [*shipped_keys()])
def test_every_key_stands_in_the_shipped_file_as_a_value_or_a_comment(file: str, key: str) -> None:
    name = key.rpartition(" ")[2]
    pattern = rf"(?m)(^(# )?|[{{,] ?){name} = |\[+[^\]]*\b{name}\b[^\]]*\]"
    assert re.search(pattern, (ROOT / "config" / file).read_text())
