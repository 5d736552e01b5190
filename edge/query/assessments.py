"""What monitors say: of each machine now, the most urgent first, or what they said over time."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import apsw
import msgspec

from edge.clock import to_text
from edge.errors import QueryError
from edge.host import PluginHost
from edge.monitor import Assessment
from edge.store import assessments
from edge.store.assessments import Acknowledgement, Current
from edge.store.machines import MachineRow

Place = tuple[int, bool, float, float, str, str]
"""Where something stands in the list of what holds now, by `urgency`."""
URGENCY = {"act": 0, "plan": 1, "watch": 2, "unknown": 3, "learning": 4, "ok": 5}


def current(db: apsw.Connection, host: PluginHost, machines: Sequence[MachineRow],
            filters: Mapping[str, Any]) -> dict[str, Any]:  # fmt: skip
    """What is said now; `counts` are of all that the filters of asset and monitor let through."""
    monitor = filters["monitor"]
    if monitor is not None and monitor not in host.monitors:
        known = ", ".join(host.monitors) or "none"
        raise QueryError("monitor", monitor, f"there is no monitor {monitor}", 404, expected=known)
    paths = {row.number: row.path for row in machines}
    found = [
        (paths[machine], said)
        for machine, several in assessments.current(db, paths).items()
        for said in several
        if monitor in (None, said.monitor)
    ]
    counts = Counter(said.said.state for _, said in found)
    found = [(path, said) for path, said in found if not filters["states"] or said.said.state in filters["states"]]
    placed = sorted(((urgency(path, said), path, said) for path, said in found), key=itemgetter(0))
    after = filters["after"]
    rest = placed if after is None else placed[bisect_right(placed, after, key=itemgetter(0)) :]
    page = rest[: filters["limit"]]
    return {
        "assessments": [_of_current(host, path, said) for _, path, said in page],
        "counts": dict(counts),
        "monitors": described(host),
        "next": _text_of(page[-1][0]) if len(rest) > len(page) else None,
    }


def history(db: apsw.Connection, host: PluginHost, machines: Sequence[MachineRow],
            filters: Mapping[str, Any], now: int) -> dict[str, Any]:  # fmt: skip
    """What was said over [start, end), in the order in which it was."""
    paths, after = {row.number: row.path for row in machines}, filters["after"] or 0
    if not isinstance(after, int):
        told = "it belongs to the list of what holds now, which has no from and to"
        raise QueryError("after", _text_of(after), told, expected="an id, the `next` of an answer over time")
    end = now + 1 if filters["end"] is None else filters["end"]
    rows = assessments.history(
        db, list(paths), filters["monitor"], sorted(filters["states"]), filters["start"] or 0, end,
        filters["limit"] + 1, after,
    )  # fmt: skip
    page = rows[: filters["limit"]]
    return {
        "assessments": [
            {"id": row.id, **_members(host, paths[row.machine], row.monitor, row.said)} for row in page
        ],
        "counts": dict(Counter(row.said.state for row in page)),
        "monitors": described(host),
        "next": page[-1].id if len(rows) > len(page) else None,
    }  # fmt: skip


def urgency(path: str, current: Current) -> Place:
    """The most urgent first: by tier, those not acknowledged, the worst health, the shortest remaining life, path and
    monitor."""
    said = current.said
    life = said.life.value if said.life is not None else None
    return (
        URGENCY[said.state], current.acknowledged is not None, 1.0 if said.health is None else said.health,
        float("inf") if life is None else life, path, current.monitor,
    )  # fmt: skip


def _text_of(place: Place) -> str:
    tier, acknowledged, health, life, path, monitor = place
    return f"{tier},{int(acknowledged)},{health!r},{life!r},{path},{monitor}"


def worst(found: Sequence[Current]) -> dict[str, Any] | None:
    """The most urgent of what is said of one machine, in short; None where nothing is."""
    if not found:
        return None
    first = min(found, key=lambda one: urgency("", one))
    said = first.said
    return {
        "state": said.state,
        "monitor": first.monitor,
        "health": said.health,
        "since": text(first.since),
        "signal": said.reasons[0].signal or None if said.reasons else None,
        "acknowledged": first.acknowledged is not None,
    }


def described(host: PluginHost) -> list[dict[str, Any]]:
    """The monitors that plugins brought, in page order."""
    return [
        {
            "name": name,
            "title": loaded.monitor.title or name,
            "plugin": loaded.plugin,
            "version": loaded.monitor.version,
            "failures": loaded.failures,
            "last_error": loaded.last_error,
            "paused": loaded.paused,
            "apart": loaded.apart,
            "deaths": loaded.deaths,
            "off": loaded.off,
        }
        for name, loaded in host.monitors.items()
    ]


def _of_current(host: PluginHost, path: str, current: Current) -> dict[str, Any]:
    return {
        **_members(host, path, current.monitor, current.said),
        "since": text(current.since),
        "acknowledged": _acknowledged(current.acknowledged),
    }


def _acknowledged(one: Acknowledgement | None) -> dict[str, Any] | None:
    return None if one is None else {"id": one.id, "by": one.by, "why": one.why, "at": to_text(one.at)}


def said_members(path: str, monitor: str, said: Assessment) -> dict[str, Any]:
    """An assessment, JSON-ready: times as text."""
    out: dict[str, Any] = msgspec.to_builtins(said)
    for one in (*out["reasons"], *out["findings"]):
        one["since"] = text(one["since"])
    return {"asset": path, "monitor": monitor, **out, "ts": to_text(said.ts)}


def _members(host: PluginHost, path: str, monitor: str, said: Assessment) -> dict[str, Any]:
    loaded = host.monitors.get(monitor)
    title = loaded.monitor.title if loaded is not None else ""
    return {**said_members(path, monitor, said), "title": title or monitor}


def text(us: int | None) -> str | None:
    """An instant as text, None where there is none."""
    return None if us is None else to_text(us)
