"""Plants for any test: one site, one line of up to three machines, and the night or day that its history lies in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

LINE = "site/area/line"
PRODUCTS = {
    "P": {"ideal_cycle_s": 10.0},
    "Q": {"ideal_cycle_s": 30.0, "parts_per_cycle": 4},
    "R": {"ideal_cycle_s": 0.7},
}
ROUTE = ("S1", "S2")

ZONES = {  # a plain day, and the days before a clock change
    "UTC": ("2025-03-03",),
    "Europe/Berlin": ("2025-03-29", "2025-10-25", "2025-06-10"),
    "America/New_York": ("2025-03-08", "2025-11-01"),
    "Australia/Lord_Howe": ("2025-04-05", "2025-10-04"),  # half an hour
    "America/St_Johns": ("2025-03-08", "2025-11-01"),  # three and a half hours behind
    "Asia/Kolkata": ("2025-03-03",),
    "Asia/Kathmandu": ("2025-03-03",),  # 5:45
    "Pacific/Chatham": ("2025-04-05", "2025-09-27"),  # 12:45
    "America/Santiago": ("2025-04-05", "2025-09-06"),  # at midnight
    "Africa/Cairo": ("2025-04-24", "2025-10-30"),  # at midnight
    "Atlantic/Azores": ("2025-03-29", "2025-10-25"),  # midnight comes twice
    "Pacific/Apia": ("2011-12-29",),  # a date is left out
}

ROSTERS: dict[str, list[dict[str, Any]]] = {
    "around the clock": [],
    "three": [
        {"name": "early", "start": "06:00", "end": "14:00"},
        {"name": "late", "start": "14:00", "end": "22:00"},
        {"name": "night", "start": "22:00", "end": "06:00"},
    ],
    "night first": [
        {"name": "night", "start": "22:30", "end": "06:15", "business_day_offset": 1},
        {"name": "day", "start": "06:15", "end": "18:00", "days": [0, 1, 2, 3, 4]},
    ],
    "through the change": [
        {"name": "a", "start": "20:00", "end": "02:30"},
        {"name": "b", "start": "03:30", "end": "12:00"},
    ],
    "one long": [{"name": "all", "start": "05:00", "end": "05:00"}],
    "from midnight": [
        {"name": "a", "start": "00:00", "end": "08:00", "days": [0, 1, 2, 3, 4]},
        {"name": "a", "start": "00:00", "end": "05:30", "days": [5, 6]},
        {"name": "b", "start": "16:00", "end": "00:00"},
    ],
}
BREAKS: dict[str, list[dict[str, Any]]] = {
    "around the clock": [],
    "three": [
        {"shift": "early", "start": "10:00", "minutes": 30},
        {"shift": "night", "start": "01:45", "minutes": 45},
        {"shift": "night", "start": "02:30", "minutes": 15},
    ],
    "night first": [{"shift": "night", "start": "02:00", "minutes": 20.5}],
    "through the change": [{"shift": "a", "start": "02:00", "minutes": 30}],
    "one long": [{"shift": "all", "start": "23:50", "minutes": 20}],
    "from midnight": [
        {"shift": "a", "start": "00:00", "minutes": 15},
        {"shift": "a", "start": "02:15", "minutes": 30},
        {"shift": "b", "start": "23:15", "minutes": 45},
    ],
}


@dataclass(frozen=True)
class Setting:
    """A plant file as tables, its machines, and the instant at which its history begins (microseconds). `focus` is
    what its history speaks of most, one of FOCI."""

    plant: dict[str, Any]
    paths: tuple[str, ...]
    begin: int
    zone: str
    roster: str
    focus: str


@st.composite
def settings(draw: st.DrawFn, *, machines: int = 3, focus: str = "everything") -> Setting:
    """Any plant."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    day = draw(st.sampled_from(ZONES[zone]))
    roster = draw(st.sampled_from(sorted(ROSTERS)))
    hour = draw(st.sampled_from((5, 13, 19, 21)))
    begin = datetime.fromisoformat(day).replace(hour=hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    site: dict[str, Any] = {"timezone": zone, "shifts": ROSTERS[roster]}
    if draw(st.booleans()):
        site["breaks"] = BREAKS[roster]
    for kind in ("planned", "unscheduled"):
        site[kind] = draw(st.lists(_slots(begin), max_size=1))
    count = draw(st.integers(1, machines))
    paths = tuple(f"{LINE}/m{n}" for n in range(count))
    lines = (
        {"route": list(ROUTE)},
        {"constraint": "m0", "route": ["m0", "m1"], "ideal_cycle_s": 12.0},
        {"constraint": "m0", "last": paths[-1][-2:]},
        {},
    )
    line = draw(st.sampled_from(lines[:2] if focus == "units" else lines))
    plant = {
        "products": PRODUCTS,
        "sites": {"site": site},
        "machines": {path: draw(machine_settings) | draw(FOCI[focus]) for path in paths},
        "lines": {LINE: line} if line else {},
    }
    return Setting(plant, paths, round(begin.timestamp()) * 1_000_000, zone, roster, focus)


@st.composite
def _slots(draw: st.DrawFn, begin: datetime) -> dict[str, str]:
    start = begin + timedelta(minutes=draw(st.integers(-60, 20 * 60)))
    end = start + timedelta(seconds=draw(st.sampled_from((1, 90, 600, 3600, 4 * 3600 + 30))))
    return {"from": start.isoformat(), "to": end.isoformat()}


machine_settings = st.fixed_dictionaries(
    {
        "microstop_threshold_s": st.sampled_from((120, 0, 60, 301, 7200)),
        "debounce_s": st.sampled_from((0, 0, 5, 31)),
        "stale_after_s": st.sampled_from((0, 0, 3, 60, 300, 900)),
        "default_state": st.sampled_from(("unknown", "unknown", "running", "stopped", "fault", "no_order")),
        "no_order_is_loss": st.booleans(),
        "reject_signal": st.sampled_from(("auto", "auto", "yes", "no")),
        "planned_maintenance_only": st.booleans(),
        "planned_stops_are_loss": st.booleans(),
    },
    optional={"product": st.sampled_from(("P", "Q", "nameless")), "counter_modulus": st.sampled_from((100, 65536))},
)

FOCI = {
    "everything": st.just({}),
    "stops": st.fixed_dictionaries(
        {
            "microstop_threshold_s": st.sampled_from((60, 120, 121, 301)),
            "stale_after_s": st.sampled_from((0, 0, 0, 900)),
        }
    ),
    "silence": st.fixed_dictionaries({"stale_after_s": st.sampled_from((3, 60, 300, 900))}),
    "counters": st.fixed_dictionaries({"default_state": st.just("running"), "product": st.sampled_from("PQ")}),
    "units": st.just({}),
    "changes": st.fixed_dictionaries({"microstop_threshold_s": st.sampled_from((60, 120)), "product": st.just("P")}),
}
"""What histories can speak of most, and what such machines are set to."""
