"""Line protocol: one point as one line. Pure, and the only place that knows how names and values are escaped.

Names (measurements, keys, tag values) know no escape for a backslash or a line break, so those characters, and names
that InfluxDB keeps for itself, are written as `%` and two hexadecimal digits, and come back by `read_name`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

TEXT_MAX = 32_000
"""Characters of a text field that are sent; InfluxDB refuses more than 64 KiB."""
INT_MIN, INT_MAX = -(2**63), 2**63 - 1

RESERVED = frozenset({"time", "_time", "_field", "_measurement", "_value", "_start", "_stop"})
"""Names that InfluxDB 2 drops or refuses as keys."""

Field = float | int | bool | str
"""A value: numbers of Python's `int` and `float` become integers and floats there, and stay of that type for good."""

_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]|%(?=[0-9A-Fa-f]{2})")
_CODED = re.compile(r"%([0-9A-Fa-f]{2})")
_IN_KEY = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})
_IN_MEASUREMENT = str.maketrans({",": "\\,", " ": "\\ "})
_IN_TEXT = str.maketrans({'"': '\\"', "\\": "\\\\"})


def _coded(character: str) -> str:
    return f"%{ord(character):02X}"


def name(text: str, taken: frozenset[str] = RESERVED) -> str:
    """The name as InfluxDB keeps it, another one for each text. ValueError where it is empty: no key or tag may be."""
    if not text:
        raise ValueError("a name in line protocol must not be empty")
    found = _UNSAFE.sub(lambda match: _coded(match[0]), text)
    if found in taken or found[0] == "#":  # a line that begins with # is a comment: taken, and not stored
        found = _coded(found[0]) + found[1:]
    return found


def read_name(text: str) -> str:
    """The text that `name` was given."""
    return _CODED.sub(lambda match: chr(int(match[1], 16)), text)


def key(text: str, taken: frozenset[str] = RESERVED) -> str:
    """A tag key, tag value or field key, escaped."""
    return name(text, taken).translate(_IN_KEY)


def head(measurement: str, tags: Mapping[str, str]) -> str:
    """Measurement and tags, in the order that InfluxDB sorts quickest. A tag without a value would be a series of its
    own, so it is refused."""
    parts = [name(measurement).translate(_IN_MEASUREMENT)]
    parts += [f"{key(tag)}={key(value, frozenset())}" for tag, value in sorted(tags.items())]
    return ",".join(parts)


def text_value(text: str) -> str:
    """A text in quotes; line breaks may stand in it. What is too long is cut."""
    return '"' + text[:TEXT_MAX].translate(_IN_TEXT) + '"'


def value(field: Field) -> str:
    """A field's value. ValueError for what InfluxDB has no number for: NaN, infinities, more than 64 bits."""
    if isinstance(field, bool):
        return "true" if field else "false"
    if isinstance(field, str):
        return text_value(field)
    if isinstance(field, int):
        if not INT_MIN <= field <= INT_MAX:
            raise ValueError(f"{field} does not fit into 64 bits")
        return f"{field}i"
    if not isfinite(field):
        raise ValueError(f"{field} cannot be written")
    return repr(field)


def line(head: str, fields: Mapping[str, Field], time_ns: int) -> str:
    """One point; ValueError without a field, which would be taken and not stored."""
    if not fields:
        raise ValueError("a point needs a field")
    return f"{head} {','.join([f'{key(name)}={value(found)}' for name, found in fields.items()])} {time_ns}"


class Point(NamedTuple):
    """A point as it is written: what names it (measurement, tags, time in ns) and its fields."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, Field]
    time_ns: int

    def line(self) -> str:
        return line(head(self.measurement, self.tags), self.fields, self.time_ns)


class Template:
    """Lines of points that differ in values and time alone: floats, in the order of the field names. Time in us."""

    __slots__ = ("_text",)

    def __init__(self, head: str, fields: tuple[str, ...], taken: frozenset[str] = RESERVED) -> None:
        keys = [key(field, taken).replace("%", "%%") for field in fields]
        self._text = f"{head.replace('%', '%%')} {','.join(f'{one}=%r' for one in keys)} %d000"

    def line(self, row: tuple[float | int, ...]) -> str:
        """The line of (value, ..., us); the values must be finite."""
        return self._text % row
