"""A second, slower look at JSON that decoded, for what a typed decoder lets pass: repeated keys, deep nesting.

A typed decoder keeps the last of two equal keys and skips unknown members unseen. Both leave more quotation marks in
the payload than the decoded struct accounts for, so only such payloads come here (about 5 us more).
"""

from __future__ import annotations

import json
import re

from edge.decode.rejection import Refusal, shorten

MAX_DEPTH = 64
TOO_DEEP = Refusal("too_deep", f"nested more than {MAX_DEPTH} levels deep")
BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"|([\[{])|([\]}])', re.DOTALL)


class RepeatedKey(ValueError):
    """`key` stands twice in one object."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _refuse_repeats(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise RepeatedKey(key)
        seen.add(key)


STRICT = json.JSONDecoder(object_pairs_hook=_refuse_repeats, parse_int=str)


def depth(document: bytes) -> int:
    """Levels of nesting of a valid JSON document."""
    level = deepest = 0
    for match in BRACKETS.finditer(document):
        if match.lastindex == 1:
            level += 1
            deepest = max(deepest, level)
        elif match.lastindex == 2:
            level -= 1
    return deepest


def find_fault(document: bytes) -> Refusal | None:
    """Of a JSON document that has been decoded already: TOO_DEEP, or its first repeated key, or None."""
    if document.count(b"[") + document.count(b"{") > MAX_DEPTH and depth(document) > MAX_DEPTH:
        return TOO_DEEP
    try:
        STRICT.decode(document.decode())
    except RepeatedKey as repeated:
        return Refusal("duplicate_key", shorten(f"key `{repeated.key}` stands twice in one object"))
    except ValueError as error:  # what the typed decoder skipped unseen is not JSON after all
        return Refusal("not_json", shorten(f"not JSON: {error}"))
    return None
