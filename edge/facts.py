"""Adding facts: the only way in which numbers of windows and machines come together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import fsum
from typing import Any

from edge.kpi import Facts

NUMBERS = frozenset({int, float})  # the usual ones: asking a value for an interface costs more
LARGEST = 1e290  # of facts: as many as there will ever be have a sum that is a float


def total(parts: Iterable[Facts]) -> dict[str, Any]:
    """The sum of facts. Integers stay integers; floats are summed exactly and rounded once, so that neither the order
    nor the grouping of the parts shows in the result."""
    parts = list(parts)
    if len(parts) == 1:
        return copied(parts[0])
    numbers, nested = _by_name(parts)
    out: dict[str, Any] = {}
    for name, values in numbers.items():
        out[name] = fsum(values) if float in map(type, values) else sum(values)
    for name, mappings in nested.items():
        out[name] = total(mappings)
    return out


def copied(facts: Facts) -> dict[str, Any]:
    """The facts in dicts of their own."""
    return {name: value if value.__class__ in NUMBERS or not isinstance(value, Mapping) else copied(value)
            for name, value in facts.items()}  # fmt: skip


def condensed(parts: Iterable[Facts]) -> list[dict[str, Any]]:
    """Few facts in place of many, with the same exact sum: their total, and where rounding took something from it,
    what it took. So a sum that goes by stages has the digits of one that does not."""
    numbers, nested = _by_name(parts)
    out: list[dict[str, Any]] = [{}]
    for name, values in numbers.items():
        if float not in map(type, values):
            out[0][name] = sum(values)
            continue
        stage, rounded = 0, fsum(values)
        while rounded or not stage:
            _put(out, stage, name, rounded)
            values.append(-rounded)
            stage, rounded = stage + 1, fsum(values)
    for name, mappings in nested.items():
        for stage, inner in enumerate(condensed(mappings)):
            _put(out, stage, name, inner)
    return out


def _put(stages: list[dict[str, Any]], stage: int, name: str, value: object) -> None:
    if stage == len(stages):
        stages.append({})
    stages[stage][name] = value


def _by_name(parts: Iterable[Facts]) -> tuple[dict[str, list[int | float]], dict[str, list[Facts]]]:
    """Numbers, and nested facts, that have to be added."""
    numbers: defaultdict[str, list[int | float]] = defaultdict(list)
    nested: defaultdict[str, list[Facts]] = defaultdict(list)
    for part in parts:
        for name, value in part.items():
            kind = value.__class__
            if kind in NUMBERS:
                numbers[name].append(value)
            elif kind is dict or isinstance(value, Mapping):
                nested[name].append(value)
            else:
                numbers[name].append(value)
    return numbers, nested


def in_64_bits(facts: Facts) -> dict[str, Any]:
    """The facts with whole numbers beyond 64 bits as floats: no part is so exact there that it would matter."""
    return {
        name: in_64_bits(value) if isinstance(value, Mapping) else value if abs(value) < 2**63 else float(value)
        for name, value in facts.items()
    }


def unfit(facts: object, path: str = "facts") -> str | None:
    """Why `facts` cannot be added: what it is and where; None where it is fine."""
    if not isinstance(facts, Mapping):
        return f"{path} is {type(facts).__name__}, not a dict of numbers"
    for name, value in facts.items():
        kind = value.__class__
        if name.__class__ is str and (kind is int or kind is float) and -LARGEST < value < LARGEST:
            continue  # the usual ones first
        here = f"{path}[{name!r}]"
        if not isinstance(name, str):
            return f"{here}: names are strings"
        if isinstance(value, Mapping):
            problem = unfit(value, here)
            if problem:
                return problem
        elif isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST < value < LARGEST:
            return f"{here} is {value!r}, not a finite number that can be added up"
    return None
