"""What a mapping is: which topics it reads, and where in a payload the members of an event stand."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any, Literal

from msgspec import Struct

COMMON = ("ts", "id", "boot", "seq")
MEMBERS: dict[str, tuple[str, ...]] = {
    "state": (*COMMON, "state", "mode", "reason", "product"),
    "count": (*COMMON, "total", "bad", "counter", "value", "product"),
    "unit": (*COMMON, "serial", "result", "station", "defects", "opportunities", "product"),
    "reading": COMMON,
    "order": (*COMMON, "order", "action", "product", "quantity", "due", "dwell_s"),
    "product": (*COMMON, "product"),
    "scrap": (*COMMON, "qty", "produced_ts", "reason", "product"),
    "alarm": (*COMMON, "code", "active", "severity", "text"),
    "maintenance": (*COMMON, "component", "action", "by"),
    "heartbeat": COMMON,
    "offline": COMMON,
}
"""The members that an event of each kind can be given."""

NAMED = re.compile(r"\{(\w+)\}")
LEVEL = re.compile(r"\{([A-Za-z]\w*)\}|([^{}/+#]+)")
STEP = re.compile(r'\.?(?:"(?P<quoted>[^"]+)"|\[(?P<place>\d{1,6})\]|(?P<bare>[^."\[\]$*={}]+))')
FACTOR = re.compile(r"(?P<place>.*?)\s*\*\s*(?P<factor>-?\d+(?:\.\d+)?(?:[eE]-?\d+)?)", re.DOTALL)
MISSING: Any = object()
"""What is found where nothing stands; null is nothing too."""

Scalar = str | int | float | bool
Time = Literal["s", "ms", "us", "ns", "local"]
States = Literal["own", "packml", "umh"]


class Mapping(Struct, frozen=True, kw_only=True):
    """One way from a topic to events of one kind; its keys are those of `[[mappings]]` in the service file."""

    topic: str
    asset: str
    kind: str
    each: str | None = None
    where: dict[str, Scalar] = {}
    names: dict[str, str] = {}
    members: dict[str, str] = {}
    signals: dict[str, str] = {}
    values: dict[str, dict[str, Scalar]] = {}
    time: Time = "ms"
    timezone: str = "UTC"
    states: States = "own"


class Place(Struct, frozen=True, gc=False):
    """The steps to a value; `top` begins at the payload, otherwise at the element of it that is looked at."""

    text: str
    steps: tuple[str | int, ...]
    top: bool = False
    factor: float = 1.0

    def of(self, element: Any, payload: Any) -> Any:
        """The value that stands here, MISSING where there is none."""
        found = payload if self.top else element
        for step in self.steps:
            if isinstance(step, str):
                found = found.get(step) if isinstance(found, dict) else None
            else:
                found = found[step] if isinstance(found, list) and step < len(found) else None
        return MISSING if found is None else found


def place_of(text: str) -> Place:
    """The place that a text names: `.` (all of it), `data.state`, `axes[0].load`, `"Total parts"`, `$.time` (from the
    top of the payload), `raw.temp * 0.1` (with a factor). ValueError where it names none."""
    factored = FACTOR.fullmatch(text.strip())
    where = (factored["place"] if factored else text).strip()
    top = where.startswith("$")
    rest = where[1:] if top else where
    if not where:
        raise ValueError("names no place in the payload")
    steps: list[str | int] = []
    position = len(rest) if rest == "." else 0
    while position < len(rest):
        step = STEP.match(rest, position)
        if step is None or (position and step["place"] is None and rest[position] != "."):
            raise ValueError(f"cannot be read from `{rest[position:]}` on")
        steps.append(int(step["place"]) if step["place"] is not None else step["quoted"] or step["bare"].strip())
        position = step.end()
    return Place(where, tuple(steps), top, float(factored["factor"]) if factored else 1.0)


def names_in(text: str) -> set[str]:
    """The names in braces."""
    return set(NAMED.findall(text))


def subscription(topic: str) -> str:
    """The MQTT filter that brings the topics of a mapping."""
    return "/".join("+" if NAMED.search(level) else level for level in topic.split("/"))


def covers(one: str, other: str) -> bool:
    """Whether an MQTT filter brings every topic that another one does. A wildcard in front brings none of `$SYS`."""
    if other.startswith("$") and not one.startswith("$"):
        return False
    for level, theirs in zip_longest(one.split("/"), other.split("/")):
        if level == "#":
            return True
        if level is None or theirs in (None, "#") or level not in ("+", theirs):
            return False
    return True


def pattern_of(topic: str) -> re.Pattern[str]:
    """What topics match: `{name}` stands for a level or a part of one, `+` for a level, `#` at the end for the rest.

    ValueError where it can be no topic."""
    *levels, last = topic.split("/")
    parts = [_level_pattern(level) for level in levels]
    if last == "#":
        return re.compile("/".join(parts) + "(?:/.*)?" if parts else ".*", re.DOTALL)
    try:
        return re.compile("/".join([*parts, _level_pattern(last)]), re.DOTALL)
    except re.error as error:
        raise ValueError(f"has a name twice ({error})") from None


def _level_pattern(level: str) -> str:
    if level == "+":
        return "[^/]+"
    pattern, position = "", 0
    while position < len(level):
        part = LEVEL.match(level, position)
        if part is None:
            raise ValueError(f"level `{level}` must be text with {{names}} in it, or +; # only as the last level")
        pattern += f"(?P<{part[1]}>[^/]+?)" if part[1] else re.escape(part[2])
        position = part.end()
    return pattern
