"""Expected numbers against answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from math import isclose
from typing import Any
from urllib.error import HTTPError

from edge.calendar import Calendar
from edge.errors import QueryError
from edge.plant import Plant
from tests.scenarios.layout import as_level
from tests.scenarios.said import instant
from tests.scenarios.scenario import TOLERANCE, Expectation, Prepared

Answers = Mapping[str, Mapping[str, Any]]
"""What each KPI answers."""
Found = Mapping[str, Any] | str
"""Numbers by name, or why there are none."""
PLUGINS = ("oee", "first_pass_yield")
"""Whose numbers and flags section 13 of the definitions names; what else there is may fill in names of its own."""


def instants(expectation: Expectation, calendar: Calendar) -> tuple[int, int]:
    """The window asked for, as instants."""
    window = expectation.window
    if "shift" in window:
        shift = calendar.shift_window(as_level(window["shift"]), date.fromisoformat(window["date"]))
        if shift is None:
            raise LookupError(f"no shift {window['shift']} on {window['date']}")
        return shift.start, shift.end
    if "business_day" in window:
        return calendar.business_day(date.fromisoformat(window["business_day"]))
    if "local_day" in window:
        return calendar.local_day(date.fromisoformat(window["local_day"]))
    if not {"from", "to"} <= window.keys():
        raise ValueError("a window has from and to, shift and date, business_day, or local_day")
    return instant(window["from"]), instant(window["to"])


def latest(prepared: Prepared, plant: Plant) -> int:
    """The last instant that anything speaks of: a window that ends after the present would be cut there."""
    ends = [message.received for message in prepared.messages]
    for expectation in prepared.expectations:
        with suppress(LookupError, ValueError):  # a window that cannot be asked for says so when it is asked for
            ends.append(instants(expectation, plant.calendar(expectation.site))[1])
    return max(ends, default=0)


def found(expectation: Expectation, ask: Callable[[Expectation], Answers]) -> Found:
    """The numbers of a window, those of the line from all its machines; or why there are none."""
    try:
        out = numbers(ask(expectation))
        if expectation.of_line:
            of_all = numbers(ask(expectation.of_all))
            out |= {name: of_all[name] for name in expectation.of_line}
    except HTTPError as error:
        return f"{error}: {error.read().decode()}"
    except (LookupError, QueryError, ValueError) as error:  # no such shift, no date, an empty window
        return f"{type(error).__name__}: {error}"
    return out


def numbers(answers: Answers) -> dict[str, Any]:
    """Facts and values of all KPIs by name, as section 13 of the definitions names them."""
    out: dict[str, Any] = {}
    for name in (*(name for name in answers if name not in PLUGINS), *PLUGINS):
        answer = answers[name]
        out |= {name: value for name, value in answer["facts"].items() if not isinstance(value, dict)}
        out |= answer["values"]
    out["flags"] = sorted({flag for name in PLUGINS for flag in answers[name]["flags"]})
    out["units"] = {"stations": out.get("stations", {}), "rty": out.get("rty"), "line_fpy": out.get("line_fpy")}
    return out


def missed(expectation: Expectation, found: Found) -> list[str]:
    """What of an expectation is not met, a line each."""
    if isinstance(found, str):
        return [f"{expectation.name}: {found}"]
    of_name = expectation.tolerance
    lines: list[str] = []
    for name, expected in expectation.window.get("expected", {}).items():
        tolerance = of_name.get(name, TOLERANCE) if isinstance(of_name, Mapping) else of_name
        if name != "tol":
            lines += differences({name: expected}, found, tolerance)
    return [f"{expectation.name}: {line}" for line in lines]


def differences(expected: Any, found: Any, tolerance: float, path: str = "") -> Iterator[str]:
    """What differs, member by member; only what is expected is looked at. A number may have a tolerance of its own, as
    `{"value": ..., "tol": ...}`."""
    if isinstance(expected, dict) and expected.keys() == {"value", "tol"}:
        yield from differences(expected["value"], found, expected["tol"], path)
    elif isinstance(expected, dict):
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
