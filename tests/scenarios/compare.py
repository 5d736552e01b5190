"""Expected numbers against answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from math import isclose
from typing import Any

from edge.calendar import Calendar
from edge.clock import from_text
from tests.scenarios.scenario import Expectation

TOLERANCE = 1e-9


def instants(expectation: Expectation, calendar: Calendar) -> tuple[int, int]:
    """The window asked for, as instants."""
    window = expectation.window
    if "shift" in window:
        found = calendar.shift_window(window["shift"], date.fromisoformat(window["date"]))
        if found is None:
            raise LookupError(f"{expectation.name}: no shift {window['shift']} on {window['date']}")
        return found.start, found.end
    if "business_day" in window:
        return calendar.business_day(date.fromisoformat(window["business_day"]))
    if "local_day" in window:
        return calendar.local_day(date.fromisoformat(window["local_day"]))
    return from_text(window["from"]), from_text(window["to"])


def numbers(answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Facts and values of all KPIs by name, as section 13 of the definitions names them."""
    out: dict[str, Any] = {}
    flags: set[str] = set()
    for answer in answers.values():
        out |= {name: value for name, value in answer["facts"].items() if not isinstance(value, dict)}
        out |= answer["values"]
        flags |= set(answer["flags"])
    out["flags"] = sorted(flags)
    out["units"] = {"stations": out.get("stations", {}), "rty": out.get("rty"), "line_fpy": out.get("line_fpy")}
    return out


def differences(expected: Any, found: Any, tolerance: float, path: str = "") -> Iterator[str]:
    """What differs, member by member; only what is expected is looked at."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            here = f"{path}.{name}" if path else name
            if not isinstance(found, dict) or name not in found:
                yield f"{here}: expected {value!r}, not there"
            else:
                yield from differences(value, found[name], tolerance, here)
    elif isinstance(expected, int | float) and isinstance(found, int | float) and not isinstance(expected, bool):
        if not isclose(expected, found, rel_tol=tolerance, abs_tol=1e-9):
            yield f"{path}: expected {expected!r}, got {found!r}"
    elif expected != found:
        yield f"{path}: expected {expected!r}, got {found!r}"
