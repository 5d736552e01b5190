"""Line numbers of keys: complete for every TOML text, and right for the odd ways to write one."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.settings.places import line_of, lines_of

ROOT = Path(__file__).parents[2]
ODD = '''# a comment with [brackets] and = signs
title = "a # no comment [not.a.table]"
text = """
[not.a.table]
key = "no key" """"
raw = \'\'\'
[nor.this]\'\'\'
"quoted key".'literal.key' . bare = 1
numbers = [1,
  2,  # two ]
  [3, "]"],
]
inline = { a = 1, b = { c = "}" }, "d e" = [ { f = 1 }, { f = 2 } ] }
when = 2026-12-24T00:00:00+01:00

[a."b/*".c]   # header
x=1
[[a.list]]
y = 1
[a.list.sub]
z = 2
  [[ a . list ]]
y = 3
[[a.list.deep]]
w = 4
'''


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in below:
        yield (*path, key)
        yield from paths(one, (*path, key))


@pytest.mark.parametrize("text", [ODD, *((ROOT / "config" / f"{name}.toml").read_text() for name in ("edge", "plant"))])
def test_every_key_has_a_line_and_nothing_else_has(text: str) -> None:
    assert set(lines_of(text)) == set(paths(tomllib.loads(text)))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("raw",), 6),
        (("quoted key", "literal.key", "bare"), 8),
        (("numbers", 1), 10),
        (("numbers", 2, 1), 11),
        (("inline", "d e", 1, "f"), 13),
        (("when",), 14),
        (("a", "b/*", "c", "x"), 17),
        (("a", "list", 0, "sub", "z"), 21),
        (("a", "list", 1, "y"), 23),
        (("a", "list", 1, "deep", 0, "w"), 25),
        (("a", "list", 1, "unknown", "deeper"), 22),
        (("nowhere",), None),
    ],
)
def test_a_key_is_found_on_its_line(path: tuple[str | int, ...], line: int | None) -> None:
    assert line_of(lines_of(ODD), path) == line


@pytest.mark.parametrize("text", ["", "[", "[[", "=", "a = [", "a = {", 'a = "', "a..b = 1", "[a", "a = 1 b = 2"])
def test_a_text_that_is_no_toml_ends_too(text: str) -> None:
    lines_of(text)
