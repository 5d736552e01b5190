"""A settings file: its text, what it says, and the problems that keep it from being read."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from edge.settings.nearest import nearest
from edge.settings.places import line_of, lines_of
from edge.settings.problems import Finding, Problem, key_text, shown, value_text

SYNTAX = re.compile(r"(?P<message>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)")

PAIR = re.compile(r"(?P<key>[^=\s]+)\s*=?\s*(?P<value>.*)")
HEADER = re.compile(r"\s*\[+(?P<table>[^\[\]]+)\]+")


@dataclass(frozen=True)
class Source:
    """`data` is empty where the file could not be read; `problems` then says why."""

    file: str
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def problem(self, finding: Finding) -> Problem:
        """The finding with the file and line that it stands in."""
        return Problem(
            self.file, key_text(finding.path), value_text(finding.value, finding.path), finding.message,
            finding.nearest, line_of(self._lines, finding.path),
        )  # fmt: skip

    @cached_property
    def _lines(self) -> dict[tuple[str | int, ...], int]:
        return lines_of(self.text)


def read_source(path: Path) -> Source:
    """Reads a TOML file; what stands against it is in `problems`, never raised."""
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")  # editors of Windows put a mark in front
    except OSError as error:
        return Source(file, problems=(Problem(file, "", "", unreadable(error), similar_file(path)),))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"byte {error.object[error.start]:#04x} is not UTF-8: save the file as UTF-8"
        return Source(file, problems=(Problem(file, "", "", message, line=line),))
    try:
        return Source(file, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        return Source(file, text, problems=(_syntax_problem(file, text.splitlines(), error),))
    except (ValueError, RecursionError) as error:
        return Source(file, text, problems=(Problem(file, "", "", f"is no TOML that can be read: {error}"),))


def unreadable(error: OSError) -> str:
    """Why a file cannot be read, in words."""
    return "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"


def similar_file(path: Path) -> str | None:
    """A file beside `path` with nearly its name."""
    try:
        names = [one.name for one in path.parent.iterdir() if one.is_file()]
    except OSError:
        return None
    near = nearest(path.name, names, cutoff=0.7)
    return str(path.parent / near) if near else None


def _syntax_problem(file: str, lines: Sequence[str], error: tomllib.TOMLDecodeError) -> Problem:
    match = SYNTAX.fullmatch(str(error))
    message = match["message"] if match else str(error)
    number = int(match["line"]) if match and match["line"] else max(len(lines), 1)
    key, value = _pair_on(lines[:number])
    return Problem(file, key, value, f"is no TOML: {message}", line=number)


def _pair_on(lines: Sequence[str]) -> tuple[str, str]:
    """Key, with the table that it stands in, and value on the last of these lines, as far as they can be made out."""
    match = PAIR.fullmatch(lines[-1].strip()) if lines else None
    if not match or match["key"].startswith("["):
        return (match["key"], "") if match else ("", "")
    headers = (HEADER.match(line) for line in reversed(lines))
    table = next((header["table"].strip() + "." for header in headers if header), "")
    return table + match["key"], shown(match["value"], match["key"])
