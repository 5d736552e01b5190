"""How a number came to change after its window was over: revision by revision what was known, and what changed it.

Nothing is kept for this. What was known at an instant is worked out from the times of receipt; so are the differences
between instants, the same each time, also after the store was built again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec

from edge.cells import MachineCells
from edge.changes import PlantChange
from edge.clock import HOUR, SECOND, to_text
from edge.facts import total
from edge.host import PluginHost
from edge.query.behind import ranges
from edge.query.causes import Cause, causes, together
from edge.query.question import Question, kpi_number
from edge.query.window import Window
from edge.store.events import PROMPT

LISTED = 100  # changed hours and causes that one revision names
RANGES = 20  # of offsets, of a cause that is many messages
Hourly = dict[int, Mapping[str, Any]]  # facts by the start of an hour


@dataclass
class _Known:
    """What was known at an instant: facts per machine (by number) and hour."""

    at: int
    facts: dict[int, Hourly]

    def sum(self) -> dict[str, Any]:
        return total(facts for hourly in self.facts.values() for facts in hourly.values())


def revisions(present: Question, at: Callable[[int], Question], name: str, window: Window,
              limit: int) -> list[dict[str, Any]]:  # fmt: skip
    """The first result of a window and the latest `limit` groups of changes. `at` gives the question as of an
    instant."""
    since = min(present.cut, window.end + max(_settled_us(cells) for cells in present.cells()))
    known = _known(at(since), name, window)
    out = [_revision(1, _flat_values(present.host, name, known), known)]
    orders = present.host.wants(name).orders
    found = [one for cells in present.cells() for one in causes(
        present.db, present.plant, cells, window, since, present.cut, orders=orders)]  # fmt: skip
    groups: list[list[Cause]] = [*together(found, limit), []]
    for group in groups:
        following = _after(at, name, window, known, group) if group else _known(present, name, window)
        if following.facts != known.facts:
            out.append(_changed(present, name, len(out) + 1, known, following, _carried(group, window)))
        known = following
    return out


def _settled_us(cells: MachineCells) -> int:
    """How long after a window's end its last stop has its class for good, if nothing comes late."""
    rules = [cells.rules, *(rules for _, rules in cells.rules.later)]
    return max(PROMPT, *(max(one.threshold_us, one.settle_us) for one in rules)) + PROMPT


def _after(at: Callable[[int], Question], name: str, window: Window, known: _Known,
           group: Sequence[Cause]) -> _Known:  # fmt: skip
    """What is known with the group, worked out for the machines that it concerns and those first heard of since."""
    last = group[-1].received
    instant = last // SECOND * SECOND + SECOND - 1  # heartbeats are known by the second
    fresh = _known(at(instant), name, window, known.facts.keys() - {cause.machine for cause in group})
    return _Known(fresh.at, known.facts | fresh.facts)


def _known(question: Question, name: str, window: Window, but: Collection[int] = ()) -> _Known:
    number = kpi_number(question.db, name)
    hours = [window.start, *range(window.start // HOUR * HOUR + HOUR, window.end, HOUR), window.end]
    facts: dict[int, Hourly] = {}
    for cells in question.cells():
        if cells.row.number not in but:
            facts[cells.row.number] = {
                a: total(cells.sums(number, name, a, b, question.host).parts) for a, b in pairwise(hours)
            }
    return _Known(question.cut, facts)


def _flat_values(host: PluginHost, name: str, known: _Known) -> dict[str, Any]:
    found = host.values(name, known.sum())
    return {} if found is None else dict(found[0])


def _carried(group: Sequence[Cause], window: Window) -> list[Cause]:
    """The causes in the window or after it; of those before it the last of each machine and kind."""
    last: dict[tuple[int, str], Cause] = {}
    for cause in sorted(group, key=lambda cause: cause.ts):
        if cause.ts < window.start and cause.said is None:
            last[cause.machine, cause.kind] = cause
    return [*last.values(), *(one for one in group if one.ts >= window.start or one.said is not None)]


def _revision(number: int, values: Mapping[str, Any], known: _Known) -> dict[str, Any]:
    return {"revision": number, "as_of": to_text(known.at), "values": values, "facts": known.sum(),
            "changed": {"values": {}, "facts": {}}, "hours": [], "causes": [], "left_out": 0}  # fmt: skip


def _changed(question: Question, name: str, number: int, before: _Known, after: _Known,
             group: Sequence[Cause]) -> dict[str, Any]:  # fmt: skip
    """A revision, with what it changed and why."""
    host = question.host
    values = _flat_values(host, name, after)
    out = _revision(number, values, after)
    out["changed"] = {
        "values": differences(_flat_values(host, name, before), values),
        "facts": differences(before.sum(), after.sum()),
    }
    paths = {row.number: row.path for row in question.machines}
    hours = list(_hours(paths, before, after))
    touched = {number for number, path in paths.items() if any(hour["asset"] == path for hour in hours)}
    found = list(_causes(paths, [cause for cause in group if cause.machine in touched]))
    left_out = max(0, len(hours) - LISTED) + max(0, len(found) - LISTED)
    return out | {"hours": hours[:LISTED], "causes": found[:LISTED], "left_out": left_out}


def _hours(paths: Mapping[int, str], before: _Known, after: _Known) -> Iterator[dict[str, Any]]:
    for number, hourly in after.facts.items():
        for hour, facts in hourly.items():
            changed = differences(before.facts.get(number, {}).get(hour, {}), facts)
            if changed:
                yield {"asset": paths[number], "from": to_text(hour), "facts": changed}


def _causes(paths: Mapping[int, str], group: Sequence[Cause]) -> Iterator[dict[str, Any]]:
    """Messages by machine and kind, what people said one by one; that it was heard only where it said nothing."""
    messages: dict[tuple[int, str], list[Cause]] = {}
    spoke = {cause.machine for cause in group if cause.offset is not None}
    for cause in group:
        if cause.offset is None and cause.machine in spoke:
            continue
        if cause.said is None:
            messages.setdefault((cause.machine, cause.kind), []).append(cause)
            continue
        kind = "change" if isinstance(cause.said, PlantChange) else "correction"
        yield {"asset": paths[cause.machine], "kind": kind, kind: msgspec.to_builtins(cause.said), "messages": 1,
               "received": to_text(cause.received), "offsets": ranges([cause.offset or 0])}  # fmt: skip
    for (machine, kind), found in messages.items():
        first, last = min(one.ts for one in found), max(one.ts for one in found)
        offsets = ranges(one.offset for one in found if one.offset is not None)
        yield {"asset": paths[machine], "kind": kind, "from": to_text(first), "to": to_text(last),
               "messages": sum(last - first + 1 for first, last in offsets), "offsets": offsets[:RANGES],
               "received": to_text(max(one.received for one in found))}  # fmt: skip


def differences(before: Mapping[str, Any], after: Mapping[str, Any], under: str = "") -> dict[str, list[Any]]:
    """What differs as {name: [before, after]}; nested names are joined by dots."""
    out: dict[str, list[Any]] = {}
    for name in [*before, *(name for name in after if name not in before)]:
        one, other = before.get(name), after.get(name)
        if isinstance(one, Mapping) or isinstance(other, Mapping):
            out |= differences(one or {}, other or {}, f"{under}{name}.")
        elif one != other:
            out[under + name] = [one, other]
    return out
