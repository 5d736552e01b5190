"""What a plugin must be and return, and in which words it is told where it is not."""

from __future__ import annotations

import difflib
import re
import traceback
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path

from edge.kpi import Kpi
from edge.monitor import Monitor

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
HOOKS = {"register_kpis": Kpi, "register_monitors": Monitor}
METHODS = {Kpi: ("facts", "values"), Monitor: ("update",)}
CORE = str(Path(__file__).resolve().parent)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(one, str) for one in value)


def _maps_text_to(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, Mapping) and all(isinstance(name, str) and fits(one) for name, one in value.items())
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2 and _are_texts(value)


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


TEXTS = "must be a tuple of texts, such as ('availability',)"
ATTRIBUTES: dict[str, tuple[Callable[[object], bool], str]] = {
    "title": (_is_text, "must be a text"),
    "unit": (_is_text, "must be a text"),
    "headline": (_is_text, "must be a text"),
    "units": (_maps_text_to(_is_text), "must be a dict of value and unit, both texts"),
    "titles": (_maps_text_to(_is_text), "must be a dict of value and title, both texts"),
    "details": (_are_texts, TEXTS),
    "of_line": (_are_texts, TEXTS),
    "signals": (_are_texts, TEXTS.replace("availability", "temperature")),
    "quotients": (_maps_text_to(_is_pair), "must be a dict of value and two facts"),
    "better": (lambda value: value in ("up", "down"), "must be 'up' or 'down'"),
    "rank": (_is_number, "must be a number"),
    "board": (_is_switch, "must be True or False"),
    "orders": (_is_switch, "must be True or False"),
    "version": (_is_text, "must be a text"),
    "settings": (_maps_text_to(lambda value: True), "must be a dict by text"),
}
"""What a class says of itself, as far as its kind of plugin has it."""


def problem_of_hook(hook: str, returned: object) -> str | None:
    """Why what a hook returned is no list of classes; None where it is one."""
    if isinstance(returned, tuple | list):
        return None
    if isinstance(returned, type):
        return f"{hook} returned the class {returned.__name__}: return a list, [{returned.__name__}]"
    return f"{hook} returned {type(returned).__name__}, not a list of classes"


def problem_of_class(cls: object, wanted: type) -> str | None:
    """Why a class cannot be used as a KPI or a monitor; None where it can."""
    what = wanted.__name__
    if not isinstance(cls, type):
        return f"register_{what.lower()}s returned an object of {type(cls).__name__}: return the class itself"
    if not issubclass(cls, wanted):
        return f"{cls.__name__} is no subclass of edge.{what}"
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not NAME.match(name):
        return f"{cls.__name__}.name is {name!r}; it must match {NAME.pattern.removesuffix(chr(92) + 'Z')}"
    for method in METHODS[wanted]:
        if getattr(cls, method) is getattr(wanted, method):
            near = difflib.get_close_matches(method, vars(cls), n=1)
            return f"{cls.__name__} has no method `{method}`" + (f"; is `{near[0]}` meant to be it?" if near else "")
    for attribute, (fits, right) in ATTRIBUTES.items():
        if hasattr(wanted, attribute) and not fits(getattr(cls, attribute)):
            return f"{cls.__name__}.{attribute} is {getattr(cls, attribute)!r}; it {right}"
    return None


def problem_of_plugin(plugin: object) -> str | None:
    """Why a plugin brings nothing at all; None where it has a hook."""
    if any(callable(getattr(plugin, hook, None)) for hook in HOOKS):
        return None
    near = [name for name in vars(plugin) if difflib.get_close_matches(name, HOOKS, n=1, cutoff=0.8)]
    hint = f"; is `{near[0]}` meant to be one of them?" if near else ""
    return f"registers nothing: it has no function {' or '.join(HOOKS)}{hint}"


def unfit_values(values: object, path: str = "values") -> str | None:
    """Why values cannot be shown: what it is and where; None where they can: JSON without NaN."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            kind = value.__class__
            if name.__class__ is str and (value is None or kind is int or (kind is float and isfinite(value))):
                continue  # the usual ones first
            if not isinstance(name, str):
                return f"{path}[{name!r}]: names are texts"
            if value is not None and (problem := unfit_values(value, f"{path}[{name!r}]")):
                return problem
        return None
    if path == "values":
        return f"values is {type(values).__name__}, not a dict"
    if isinstance(values, list | tuple):
        return next((found for n, one in enumerate(values) if (found := unfit_values(one, f"{path}[{n}]"))), None)
    if isinstance(values, float) and not isfinite(values):
        return f"{path} is {values!r}: return None for what cannot be known"
    if values is None or isinstance(values, str | int | float):
        return None
    return f"{path} is {type(values).__name__}, which cannot be shown: return numbers, texts or None"


def place_of(error: BaseException) -> str:
    """Where in the plugin an error was raised, as ` (file, line)`; nothing where it was not in a plugin."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    outside = next((frame.filename for frame in frames if not frame.filename.startswith(CORE)), None)
    inside = [frame for frame in frames if frame.filename == outside]
    return f" ({Path(inside[-1].filename).name}, line {inside[-1].lineno})" if inside else ""


def said_of(error: BaseException) -> str:
    """An error in one line, with where it was raised."""
    text = f"{type(error).__name__}: {error}".removesuffix(": ")
    return text if isinstance(error, SyntaxError) else text + place_of(error)
