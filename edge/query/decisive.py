"""The settings that decide a machine's numbers in a window, all of them where they change in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from edge.clock import to_text
from edge.plant import Plant
from edge.timeline.rules import Rules


def settings_between(plant: Plant, path: str, start: int, end: int) -> dict[str, Any]:
    """The settings of a machine that decide [start, end): those at its end; where they change in it, all of them as
    `versions`, each with the time for which it holds, and who changed what and why as `changes`."""
    rules = plant.rules(path)
    bounds = [start, *rules.changes(start, end)]
    out = _shown(rules.at(bounds[-1]))
    if len(bounds) > 1:
        ends = [*bounds[1:], end]
        out["versions"] = [
            {"from": to_text(a), "to": to_text(b), **_shown(rules.at(a))} for a, b in zip(bounds, ends, strict=True)
        ]
    changes = [msgspec.to_builtins(one) for one in plant.changes_in(path, start, end)]
    return {**out, "changes": changes} if changes else out


def _plain(value: Any) -> Any:
    return {name: _plain(one) for name, one in value.items()} if isinstance(value, Mapping) else value


def _shown(rules: Rules) -> dict[str, Any]:
    said = {name: _plain(value) for name, value in rules.settings.items() if value is not None}
    return {**said, "ideal_s": dict(rules.ideal_s)}
