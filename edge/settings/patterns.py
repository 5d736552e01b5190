"""Patterns over asset paths: `*` stands for any part of a level, a last level `*` for everything below."""

import re
from dataclasses import dataclass

from edge.settings.values import LEVEL, LEVEL_HINT, as_level, refusal

MACHINE_LEVELS = 4  # site/area/line/machine
LINE_LEVELS = 3


@dataclass(frozen=True)
class Pattern:
    text: str
    regex: re.Pattern[str]

    @property
    def exactness(self) -> tuple[int, int, str]:
        """Sorts patterns from loose to exact: levels without `*`, then characters that are not `*`."""
        levels = self.text.split("/")
        return sum("*" not in level for level in levels), len(self.text) - self.text.count("*"), self.text

    def matches(self, path: str) -> bool:
        return self.regex.fullmatch(path) is not None


def is_pattern(text: str) -> bool:
    return "*" in text


def path_pattern(text: str) -> Pattern:
    """Compiles a pattern over paths: `demo/packing/*` matches demo/packing/l1/m003, `demo/*/l1/m*` too."""
    *levels, last = text.split("/")
    parts = [_level_regex(level) for level in levels] + [".+" if last == "*" else _level_regex(last)]
    return Pattern(text, re.compile("/".join(parts)))


def concerns(text: str, path: str) -> bool:
    """Whether a path or pattern of machines speaks of the machine at `path`."""
    return path_pattern(text).matches(path) if is_pattern(text) else text == path


def name_pattern(text: str) -> Pattern:
    """Compiles a pattern over names without levels, such as those of signals."""
    return Pattern(text, re.compile(re.escape(text).replace(r"\*", ".*")))


def _level_regex(level: str) -> str:
    return "[^/]+" if level == "*" else re.escape(level).replace(r"\*", "[^/]*")


def checked_machine_pattern(text: str) -> str:
    """The text where it can match a machine (site/area/line/machine); raises a refusal otherwise."""
    levels = text.split("/")
    for level in levels:
        _check_level(level, text)
    if len(levels) > MACHINE_LEVELS:
        raise refusal("has more than four levels: site/area/line/machine", near="/".join(levels[:MACHINE_LEVELS]))
    if len(levels) < MACHINE_LEVELS and levels[-1] != "*":
        raise refusal("names no machine: site/area/line/machine, or a pattern that ends with /*", near=f"{text}/*")
    return text


def checked_line_path(text: str) -> str:
    """The text where it is site/area/line, without `*`; raises a refusal otherwise."""
    levels = text.split("/")
    for level in levels:
        if "*" in level:
            raise refusal("must name one line, without *: site/area/line")
        _check_level(level, text)
    if len(levels) != LINE_LEVELS:
        near = "/".join(levels[:LINE_LEVELS]) if len(levels) > LINE_LEVELS else None
        raise refusal("must have three levels: site/area/line", near=near)
    return text


def _check_level(level: str, text: str) -> None:
    if LEVEL.fullmatch(level.replace("*", "x") if level else ""):
        return
    if set(level) & set("+#"):
        raise refusal("holds an MQTT wildcard: write * instead", near=text.replace("#", "*").replace("+", "*"))
    mended = [as_level(part) or part for part in text.split("/") if part]
    raise refusal(f"is no path: levels of {LEVEL_HINT}, or *, with / between", near="/".join(mended) or None)
