"""A mistake in the settings as somebody has to read it: where, what stands there, and what would be right."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

Path = tuple[str | int, ...]
"""Keys and array indices from the top of a file to a value."""

STATUS = 78  # EX_CONFIG of sysexits.h
SHOWN = 80
HIDDEN = "***"
SECRET_KEY = re.compile(r"(?i)pass|token|secret|pwd")
USER_IN_URL = re.compile(r"//[^/@]*@")


@dataclass(frozen=True)
class Finding:
    """A mistake before it is known which file or option it came from."""

    path: Path
    value: Any
    message: str
    nearest: str | None = None


@dataclass(frozen=True)
class Problem:
    """`file` is a file, an option or an environment variable; `key` a dotted path; `value` the text to show."""

    file: str
    key: str
    value: str
    message: str
    nearest: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        said = " = ".join(part for part in (self.key, self.value) if part)
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{place}: {said}{': ' if said else ''}{self.message}{hint}"


class SettingsError(Exception):
    """The settings cannot be used; `problems` says all that is wrong with them, `status` is how the command ends."""

    status = STATUS

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def key_text(path: Path) -> str:
    """A path as TOML writes it: sites.demo.shifts[1].start, machines."demo/packing/*".product."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", step)
            text += ("." if text else "") + (step if bare else json.dumps(step, ensure_ascii=False))
    return text


def value_text(value: Any, path: Path = ()) -> str:
    """A value as TOML writes it, shortened; what is or may hold a secret is hidden."""
    return "" if value is None else shown(_written(value), str(path[-1]) if path else "")


def shown(text: str, key: str) -> str:
    """The text of a value of `key` as it may be printed: shortened, and without secrets."""
    if SECRET_KEY.search(key) and not key.endswith("_file"):
        return HIDDEN
    text = USER_IN_URL.sub(f"//{HIDDEN}@", text)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _written(value: Any) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {value_text(one, (key,))}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(value_text(one) for one in value) + "]"
    if isinstance(value, float):
        return repr(value)  # nan and inf as TOML has them
    return json.dumps(value, ensure_ascii=False, default=str)
