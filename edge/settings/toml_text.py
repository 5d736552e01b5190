"""Settings as TOML text: what `tomllib` reads from it is what was given."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any

from edge.settings.problems import Path, key_text


def toml_text(data: Mapping[str, Any]) -> str:
    """A whole file: values before tables, a blank line before each header."""
    text = "\n".join(_lines((), data)).lstrip("\n") + "\n"
    return text.replace("\x7f", "\\u007f")  # the one character that JSON leaves alone and TOML does not take


def _lines(path: Path, table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{key_text((key,))} = {_value(value)}"
    for key, value in table.items():
        below = (*path, key)
        if _is_table(value):
            if not value or not all(_is_table(one) or _is_tables(one) for one in value.values()):
                yield from ("", f"[{key_text(below)}]")
            yield from _lines(below, value)
        elif _is_tables(value):
            for one in value:
                yield from ("", f"[[{key_text(below)}]]")
                yield from _lines(below, one)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_table, value))


def _value(value: Any) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key_text((key,))} = {_value(one)}" for key, one in value.items())
        return "{ " + inner + " }" if inner else "{}"
    if isinstance(value, float):
        return repr(value)  # nan and inf as TOML has them
    return json.dumps(value, ensure_ascii=False)
