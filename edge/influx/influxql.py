"""InfluxQL: the one dialect that InfluxDB 1, 2 and 3 answer. Whatever goes into a statement is quoted here."""

from __future__ import annotations

from collections.abc import Iterable

from edge.influx.lineprotocol import name
from edge.influx.points import LEVELS, TAKEN, tags

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"', "'": "\\'"})


def quoted(text: str, mark: str) -> str:
    """The text between marks: `"` makes it an identifier, `'` a literal. The only way of a text into a statement."""
    return f"{mark}{text.translate(_ESCAPES)}{mark}"


def identifier(text: str) -> str:
    """A measurement, tag or field, by the name that the line had."""
    return quoted(name(text, TAKEN - frozenset(LEVELS)), '"')


def field(text: str) -> str:
    """A field of readings: a signal."""
    return quoted(name(text, TAKEN), '"')


def literal(text: str) -> str:
    return quoted(text, "'")


def where(path: str, start_us: int, end_us: int) -> str:
    """The condition: points of one machine in [start, end)."""
    of_machine = [f"{identifier(tag)} = {literal(value)}" for tag, value in tags(path).items()]
    return " and ".join([*of_machine, f"time >= {int(start_us)}000", f"time < {int(end_us)}000"])


def select(what: Iterable[str], measurements: Iterable[str], condition: str, rest: str = "") -> str:
    """A statement of parts that are quoted already."""
    return f"select {', '.join(what)} from {', '.join(map(identifier, measurements))} where {condition} {rest}".rstrip()
