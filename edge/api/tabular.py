"""Tables as CSV (RFC 4180): a header, UTF-8, RFC 3339 times, and no cell that a spreadsheet would run.

A cell of text that begins like a formula gets an apostrophe in front, which spreadsheets take for "this is text".
Numbers stay numbers, negative ones too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from edge.api.answers import Exported
from edge.clock import to_text

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
ROWS_AT_ONCE = 2000  # in one block of bytes
FORMULA = tuple("=+-@\t\r\n")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
QUOTED = re.compile(r"[\",;'\t\r\n]|^\s|\s$")


def blocks(table: Exported) -> Iterator[bytes]:
    """The table as blocks of whole lines; each is made when it is asked for, and may be empty."""
    writers = [_WRITERS.get(kind, text_cell) for kind in table.columns.values()]
    yield _line([text_cell(name) for name in table.columns]).encode()
    for piece in table.pieces:
        rows = iter(piece)
        while some := list(islice(rows, ROWS_AT_ONCE)):
            yield "".join(_line(_cells(row, writers)) for row in some).encode("utf-8", "replace")
        yield b""


def _cells(row: Sequence[Any], writers: Sequence[Callable[[Any], str]]) -> list[str]:
    return ["" if value is None else write(value) for write, value in zip(writers, row, strict=True)]


def _line(cells: Sequence[str]) -> str:
    return ",".join(cells) + "\r\n"


def text_cell(text: str) -> str:
    """Text in a cell: not a formula, and in quotes where it has to be."""
    if text.startswith(FORMULA) and not NUMBER.fullmatch(text):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if QUOTED.search(text) else text


def number_cell(value: float) -> str:
    """A number; nothing where it is none, as in JSON."""
    return str(value) if math.isfinite(value) else ""


def truth_cell(value: object) -> str:
    return "true" if value else "false"


_WRITERS: dict[str, Callable[[Any], str]] = {
    "integer": str,
    "number": number_cell,
    "truth": truth_cell,
    "instant": to_text,
}
