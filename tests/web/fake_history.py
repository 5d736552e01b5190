"""Answers over a window of the invented plant: timeline, losses, readings, KPI, rejections, events."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tests.web import fake_plant as plant
from tests.web.fake_plant import Json, iso


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def timeline(asset: str, start: datetime, end: datetime, now: datetime) -> Json:
    """Spans cut to [start, end) and seconds by time class."""
    cut: list[Json] = []
    totals: Counter[str] = Counter()
    for span in plant.spans(asset, now):
        left, right = max(start, parse(span["from"])), min(end, parse(span["to"]))
        if left < right:
            cut.append(span | {"from": iso(left), "to": iso(right)})
            totals[span["time_class"]] += (right - left).total_seconds()
    head = {"asset": asset, "from": iso(start), "to": iso(end), "timezone": plant.ZONE, "as_of": iso(now)}
    return head | {"spans": cut, "totals": dict(totals)}


def losses(asset: str, start: datetime, end: datetime, now: datetime) -> Json:
    """The way from calendar time to good parts, and the reasons of every stop."""
    seen = timeline(asset, start, end, now)
    seconds: Counter[str] = Counter(seen["totals"])
    calendar = sum(seconds.values())
    busy = sum(seconds[name] for name in ("run", "micro", "down", "setup"))
    run_time = seconds["run"] + seconds["micro"]
    speed, quality = seconds["run"] * 0.07, seconds["run"] * 0.02
    steps = [
        ("calendar_s", "Calendar time", calendar, "total"),
        ("unscheduled_s", "Not scheduled", seconds["unscheduled"], "loss"),
        ("scheduled_s", "Scheduled time", calendar - seconds["unscheduled"], "total"),
        ("planned_excluded_s", "Breaks and planned stops", seconds["planned"], "loss"),
        ("no_order_s", "No order", seconds["no_order"], "loss"),
        ("unknown_s", "Unknown", seconds["unknown"], "loss"),
        ("planned_busy_s", "Planned busy time", busy, "total"),
        ("setup_s", "Set-up and changeover", seconds["setup"], "loss"),
        ("internal_down_s", "Stops", seconds["down"], "loss"),
        ("run_time_s", "Run time", run_time, "total"),
        ("micro_s", "Short stops", seconds["micro"], "loss"),
        ("reduced_speed_s", "Reduced speed", speed, "loss"),
        ("quality_s", "Rejects", quality, "loss"),
        ("ideal_good_s", "Ideal time of good parts", run_time - seconds["micro"] - speed - quality, "remainder"),
    ]
    time = [{"name": n, "title": t, "seconds": s, "kind": k} for n, t, s, k in steps]
    head = {key: seen[key] for key in ("asset", "from", "to", "timezone", "as_of")}
    big = [{"name": "breakdowns", "title": "Breakdowns", "seconds": seconds["down"]}]
    return head | {"time": time, "six_big_losses": big, "reasons": reasons(seen["spans"])}


def reasons(spans: list[Json]) -> list[Json]:
    found: dict[tuple[str | None, str, str], list[float]] = {}
    for span in spans:
        if span["time_class"] in ("down", "micro", "setup"):
            key = (span["reason"], span["state"], span["time_class"])
            found.setdefault(key, []).append((parse(span["to"]) - parse(span["from"])).total_seconds())
    rows = [
        {"reason": r, "state": s, "time_class": c, "seconds": sum(v), "count": len(v)} for (r, s, c), v in found.items()
    ]
    return sorted(rows, key=lambda row: -row["seconds"])


def readings(asset: str, names: list[str], start: datetime, end: datetime, points: int) -> Json:
    """A slow wave with noise, one value a second, reduced to `points` with minimum and maximum."""
    span = max(1.0, (end - start).total_seconds())
    step = max(1.0, math.ceil(span / points))
    series = []
    for name in names:
        unit, kind, level, swing = plant.SIGNALS[name]
        rows: list[list[float]] = []
        for i in range(int(span // step)):
            ts = start.timestamp() + i * step
            if ts % 9000 < 420:  # the machine was away for a while
                continue
            noise = random.Random(f"{asset}{name}{int(ts // step)}").uniform(-0.4, 0.4)
            mean = level + swing * (math.sin(ts / 700) + noise)
            spread = 0.0 if step <= 1 else swing * 0.6
            rows.append([round(ts * 1000), mean, mean - spread, mean + spread, int(step)])
        resolution = 0 if step <= 1 else int(step)
        series.append(
            {
                "signal": name,
                "unit": unit,
                "kind": kind,
                "resolution_s": resolution,
                "count": len(rows),
                "points": rows,
            }
        )
    return {"asset": asset, "from": iso(start), "to": iso(end), "series": series}


def cut(start: datetime, end: datetime, step_s: int) -> list[tuple[datetime, datetime]]:
    """The parts of a window between full steps."""
    first = datetime.fromtimestamp(start.timestamp() // step_s * step_s, UTC)
    bounds = [first + timedelta(seconds=step_s * i) for i in range(int((end - first).total_seconds() // step_s) + 1)]
    found = [max(start, bound) for bound in bounds if bound < end]
    return list(pairwise([*found, end]))


STEP_S = {"5m": 300, "1h": 3600, "day": 86_400}


def kpi(name: str, asset: str, start: datetime, end: datetime, now: datetime, step: str | None = None) -> Json:
    """One KPI with values, facts and the settings that decided it, and cut into steps."""
    machines = [path for path in plant.MACHINES if path == asset or path.startswith(asset + "/")]
    view = plant.kpi_view(plant.MACHINES[machines[0]][6])[name]
    facts: Json = {"planned_busy_s": 28200.0, "run_time_s": 27600.0, "total_count": 1300, "good_count": 1287}
    if name == "first_pass_yield":
        facts = {"units": 512, "first_pass": 498, "final_pass": 507, "stations": {"EOL<1>": {"units": 512, "fails": 9}}}
    head = {"kpi": name, "asset": asset, "from": iso(start), "to": iso(end), "timezone": plant.ZONE}
    windows: Json = {}
    if step:
        parts = cut(start, end, STEP_S[step])
        unknown = dict.fromkeys(view["values"])
        windows["windows"] = [
            {"from": iso(a), "to": iso(b), "values": unknown if i == 1 else view["values"], "coverage": 1.0}
            for i, (a, b) in enumerate(parts)
        ]
    return (
        head
        | windows
        | {
            "values": view["values"],
            "facts": facts,
            "flags": view["flags"],
            "coverage": view["coverage"],
            "as_of": iso(now),
            "revision": 3,
            "provisional": True,
            "settings": {"microstop_threshold_s": 120, "product": "P1"},
        }
    )


def rejections(now: datetime, asset: str | None, reason: str | None, limit: int, before: str | None) -> Json:
    """Sixty rejections, newest first, one every three minutes; the cursor is the offset of the last one given."""
    rows: list[Json] = []
    for i in range(60):
        why, detail, machine, text, binary = plant.REJECTED[i % len(plant.REJECTED)]
        rows.append(
            {
                "offset": 90_000 - i,
                "index": 0,
                "received": iso(now - timedelta(minutes=3 * i)),
                "topic": f"shopfloor/v1/{machine or 'demo/?'}/state",
                "asset": machine,
                "reason": why,
                "detail": detail,
                "size": len(text) or 7,
                "payload": None if binary else text,
                "payload_b64": binary,
            }
        )
    rows = [row for row in rows if asset is None or (row["asset"] or "").startswith(asset)]
    counts = Counter(row["reason"] for row in rows)
    rows = [row for row in rows if reason is None or row["reason"] == reason]
    total = len(rows)
    rows = [row for row in rows if before is None or row["offset"] < int(before.split("-")[0])]
    more = f"{rows[limit - 1]['offset']}-0" if len(rows) > limit else None
    return {"rejections": rows[:limit], "counts": dict(counts), "total": total, "next": more}


def events(now: datetime, asset: str, start: datetime, limit: int) -> Json:
    """States and counts of the last minutes, in the order of the journal."""
    rows: list[Json] = []
    for i in range(min(limit, 12)):
        moment = now - timedelta(seconds=20 * (12 - i))
        if moment < start:
            continue
        ts = iso(moment)
        row: Json = {"offset": 80_000 + i, "index": 0, "kind": "count", "asset": asset, "ts": ts, "received": ts}
        rows.append(row | ({"total": 1, "bad": 0} if i % 4 else {"kind": "state", "state": "running", "reason": None}))
    return {"events": rows, "next": None}


def now_utc() -> datetime:
    return datetime.now(UTC)
