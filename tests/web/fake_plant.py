"""A small invented plant in the shapes of the API: every state once, hostile names, the same history on every start."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

HOSTILE = '<img src=x onerror="window.pwned=1">'
HOSTILE_REASON = '"><script>window.pwned=1</script>'
ZONE = "Europe/Berlin"
LINES: dict[str, str | None] = {
    "demo/packing/l1": "Packing 1",
    "demo/packing/l2": "Packing 2",
    "demo/assembly/l1": "Assembly <b>one</b>",
}

# machine -> (title, state, time class, connection, reason, seconds in state, (A, P, Q) or None, (total, bad, target))
MACHINES: dict[str, tuple[Any, ...]] = {
    "demo/packing/l1/m001": ("Filler", "running", "run", "online", None, 1934, (0.94, 0.91, 0.995), (1310, 7, 1392)),
    "demo/packing/l1/m002": (
        "Capper",
        "fault",
        "down",
        "online",
        "Jam at infeed",
        1512,
        (0.71, 0.93, 0.99),
        (968, 10, 1392),
    ),
    "demo/packing/l1/m003": (
        "Labeller",
        "starved",
        "down",
        "online",
        "No bottles from capper",
        260,
        (0.77, 0.95, 0.998),
        (1021, 2, 1392),
    ),
    "demo/packing/l1/m004": ("Case packer", "running", "run", "online", None, 77, (0.89, 1.04, 1.0), (1288, 0, 1392)),
    "demo/packing/l2/m001": ("Filler", "unknown", "unknown", "online", None, 431, (0.6, 0.9, 0.98), (410, 9, 900)),
    "demo/packing/l2/m002": ("Capper", "unknown", "unknown", "offline", None, 5400, (0.5, 0.8, 0.97), (300, 9, 900)),
    "demo/packing/l2/m003": ("Checkweigher", "unknown", "unknown", "silent", None, 185, None, (640, 3, None)),
    "demo/packing/l2/m004": ("Palletizer", "unknown", "unknown", "never", None, 0, None, (0, 0, None)),
    "demo/assembly/l1/m001": (
        "Press",
        "changeover",
        "setup",
        "online",
        "Tool change T-114",
        840,
        (0.81, 0.97, 0.992),
        (2210, 18, 2400),
    ),
    "demo/assembly/l1/m002": (
        "Riveter",
        "stopped",
        "micro",
        "online",
        HOSTILE_REASON,
        19,
        (0.9, 0.86, 0.98),
        (2050, 41, 2400),
    ),
    "demo/assembly/l1/m003": (HOSTILE, "slow", "run", "online", None, 3700, (0.97, 0.58, 0.99), (1390, 14, 2400)),
    "demo/assembly/l1/m004": (
        "End of line test",
        "idle",
        "planned",
        "online",
        "Break",
        600,
        (0.92, 0.93, 0.97),
        (2090, 63, 2300),
    ),
    "demo/assembly/l1/m005": (
        "Marking laser",
        "idle",
        "no_order",
        "online",
        None,
        7900,
        (0.88, 0.9, 1.0),
        (700, 0, 700),
    ),
    "demo/assembly/l1/cell-7": (
        None,
        "running",
        "unscheduled",
        "online",
        None,
        12000,
        (0.99, 0.2, 1.0),
        (88, 0, None),
    ),
}
SIGNALS: dict[str, tuple[str | None, str, float, float]] = {
    "vibration": ("mm/s", "vibration", 2.4, 0.5),
    "temperature": ("°C", "temperature", 58.0, 3.0),
    "motor_current": ("A", "current", 11.5, 1.5),
    HOSTILE: (None, "other", 1.0, 0.2),
}
KPIS: list[Json] = [
    {
        "name": "oee",
        "title": "OEE",
        "unit": "1",
        "headline": "oee",
        "details": ["availability", "performance", "quality"],
        "of_line": ["line_oee"],
        "quotients": {"availability": ["run_time_s", "planned_busy_s"]},
        "better": "up",
        "rank": 10,
        "plugin": "oee",
        "version": "1.0.0",
        "failures": 0,
    },
    {
        "name": "first_pass_yield",
        "title": "First pass yield",
        "unit": "1",
        "headline": "first_pass_yield",
        "details": ["final_yield"],
        "of_line": [],
        "better": "up",
        "rank": 20,
        "plugin": "first_pass_yield",
        "version": "1.0.0",
        "failures": 0,
    },
    {
        "name": "energy_per_part",
        "title": "Energy <i>per</i> part",
        "unit": "kWh",
        "headline": "energy_per_part",
        "details": ["base_load_s", "idle_kwh", "cost_per_h"],
        "titles": {"cost_per_h": "Cost <i>an</i> hour"},
        "units": {"cost_per_h": "€/h"},
        "of_line": [],
        "better": "down",
        "rank": 100,
        "plugin": "third_party",
        "version": "0.2.0",
        "failures": 3,
    },
]
REJECTED: list[tuple[str, str, str | None, str, str | None]] = [
    ("not_json", "Expecting value at byte 0", "demo/packing/l1/m001", "speed=12;temp=40", None),
    ("unknown_kind", "kind 'stat' is not known", "demo/packing/l1/m002", '{"ts": 1, "state": "running"}', None),
    (
        "invalid_value",
        "signals.vibration: not a finite number",
        "demo/packing/l1/m002",
        '{"signals": {"v": NaN}}',
        None,
    ),
    ("time_far_future", "ts 2099-01-01T00:00:00Z", "demo/assembly/l1/m003", '{"ts": 4070908800000}', None),
    ("not_json", HOSTILE_REASON, "demo/assembly/l1/m003", HOSTILE, None),
    ("not_utf8", "invalid start byte at 3", None, "", "AAECA//+/Q=="),
    ("retained", "a retained copy is no news", "demo/packing/l2/m002", '{"state": "running"}', None),
]


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shift_start(now: datetime) -> datetime:
    """The running shift began five hours and a bit before `now`."""
    return now - timedelta(hours=5, minutes=12)


def kpi_view(factors: tuple[float, float, float] | None) -> Json:
    """The `kpis` member of a status, highest rank last on purpose: the page must sort by rank itself."""
    availability, performance, quality = factors or (None, None, None)
    product = None if factors is None else factors[0] * factors[1] * factors[2]
    flags = [] if factors is None else (["performance_gt_1"] if factors[1] > 1 else [])
    values = {
        "energy_per_part": {"energy_per_part": 0.482, "base_load_s": 5400, "idle_kwh": 2.5, "cost_per_h": 3.25},
        "first_pass_yield": {"first_pass_yield": None if quality is None else quality - 0.02, "final_yield": quality},
        "oee": {"oee": product, "availability": availability, "performance": performance, "quality": quality}
        | {"line_oee": quality},
    }
    seen = {kpi["name"]: kpi for kpi in KPIS}
    return {
        name: {key: seen[name][key] for key in ("title", "headline", "unit", "details", "better")}
        | {"values": numbers, "flags": flags if name == "oee" else [], "coverage": 1.0 if factors else 0.4}
        for name, numbers in values.items()
    }


def machine_status(path: str, now: datetime) -> Json:
    """The status of one machine as of `now`."""
    title, state, time_class, connection, reason, in_state_s, factors, (total, bad, target) = MACHINES[path]
    silent_s = {"online": 2.0, "silent": 185.0, "offline": 5400.0}.get(connection)
    start = shift_start(now)
    return {
        "asset": path,
        "kind": "machine",
        "title": title,
        "configured": not path.endswith("cell-7"),
        "state": state,
        "time_class": time_class,
        "connection": connection,
        "reason": reason,
        "since": iso(now - timedelta(seconds=in_state_s)),
        "in_state_s": in_state_s,
        "last_heard": None if silent_s is None else iso(now - timedelta(seconds=silent_s)),
        "last_heard_s": silent_s,
        "behind_s": None,
        "product": None if connection == "never" else "P1",
        "order": "WO-20417" if "packing" in path else None,
        "timezone": ZONE,
        "shift": {
            "name": "early",
            "date": start.date().isoformat(),
            "from": iso(start),
            "to": iso(start + timedelta(hours=8)),
        },
        "window": {"from": iso(start), "to": iso(now)},
        "parts": {
            "total": total,
            "good": total - bad,
            "bad": bad,
            "target": target,
            "target_full": None if target is None else round(target / 5.2 * 8),
        },
        "kpis": kpi_view(factors),
        "provisional": True,
        "maintenance": None,
        "rejections": sum(1 for row in REJECTED if row[2] == path),
        "as_of": iso(now),
    }


def spans(path: str, now: datetime) -> list[Json]:
    """Thirty hours of merged spans that end with the machine's present state."""
    rng = random.Random(path)
    moment = now - timedelta(hours=30)
    found: list[Json] = []
    while moment < now:
        state, time_class, reason, mean = rng.choices(HISTORY, weights=[40, 20, 6, 5, 4, 2, 1, 3])[0]
        end = min(now, moment + timedelta(seconds=max(8.0, rng.expovariate(1 / mean))))
        stopped = time_class in ("micro", "down")
        stop = {
            "from": iso(moment),
            "to": iso(end),
            "length_s": (end - moment).total_seconds(),
            "fault": state == "fault",
            "micro": time_class == "micro",
        }
        found.append(
            {
                "from": iso(moment),
                "to": iso(end),
                "state": state,
                "time_class": time_class,
                "reason": reason,
                "product": "P1" if moment < now - timedelta(hours=3) else "P2",
                "order": "WO-20417",
                "shift": "early",
                "external": state in ("starved", "blocked"),
                "stop": stop if stopped else None,
            }
        )
        moment = end
    return found


HISTORY: list[tuple[str, str, str | None, float]] = [
    ("running", "run", None, 1500),
    ("stopped", "micro", HOSTILE_REASON, 40),
    ("fault", "down", "Jam at infeed", 700),
    ("starved", "down", None, 400),
    ("changeover", "setup", "Tool change", 1200),
    ("idle", "planned", "Break", 1800),
    ("unknown", "unknown", None, 900),
    ("stopped", "down", None, 500),
]
