"""Sites and ranges of time for the tests of the calendar."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from edge.clock import HOUR, MINUTE, from_datetime
from edge.settings.plant import SiteSettings

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "Africa/Casablanca",
    "Asia/Kathmandu", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Chatham",
]  # fmt: skip
EARLY = {"name": "early", "start": "06:00", "end": "14:00"}
LATE = {"name": "late", "start": "14:00", "end": "22:00"}
NIGHT = {"name": "night", "start": "22:00", "end": "06:00"}


def site(*shifts: dict[str, Any], timezone: str = "Europe/Berlin", **rest: Any) -> SiteSettings:
    return SiteSettings.model_validate({"timezone": timezone, "shifts": shifts, **rest})


def changes(zone: str) -> list[int]:
    """The instants (to the hour) at which the clocks of a zone change, 2017 to 2026."""
    hours = range(from_datetime(datetime.fromisoformat("2017-01-01T00:00:00Z")) // HOUR, 498_000)
    offsets = [datetime.fromtimestamp(hour * 3600, ZoneInfo(zone)).utcoffset() for hour in hours]
    return [hours[i] * HOUR for i in range(1, len(hours)) if offsets[i] != offsets[i - 1]]


CHANGES = {zone: changes(zone) or [from_datetime(datetime.fromisoformat("2025-03-30T01:00:00Z"))] for zone in ZONES}


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


@st.composite
def shift_tables(draw: st.DrawFn, *, tiling: bool = False) -> list[dict[str, Any]]:
    """Shifts that follow one another; `tiling`: without any time between, on all days."""
    starts = sorted(draw(st.sets(st.integers(0, 95), min_size=1, max_size=4)))
    table = []
    for i, start in enumerate(starts):
        end = starts[i + 1] if i + 1 < len(starts) else starts[0] + 96
        if not tiling:
            end -= draw(st.integers(0, min(8, end - start - 1)))
        shift: dict[str, Any] = {"name": f"s{i}", "start": _clock(start * 15), "end": _clock(end * 15)}
        if not tiling:
            shift["days"] = sorted(draw(st.sets(st.integers(0, 6), min_size=1)))
        if end - start > 2:
            at = draw(st.integers(start, end - 1))
            shift["breaks"] = [{"start": _clock(at * 15), "minutes": 15 * draw(st.integers(1, end - at))}]
        table.append(shift)
    opening = draw(st.sampled_from(["", "first", "last"]))  # which shift counts for another date, and still in order
    if opening == "last" and len(table) > 1:
        table[-1]["offset_days"] = 1
    if opening == "first" and len(table) > 1:
        table[0]["offset_days"] = -1
    return table


@st.composite
def moments(draw: st.DrawFn, zone: str) -> int:
    """Instants within two days of a change of the clocks, on a quarter of an hour more often than not."""
    near = draw(st.sampled_from(CHANGES[zone])) + draw(st.integers(-192, 192)) * 15 * MINUTE
    return near + draw(st.sampled_from([0, 0, 1, -1, 7 * MINUTE]))


@st.composite
def sites(draw: st.DrawFn, *, tiling: bool = False) -> SiteSettings:
    zone = draw(st.sampled_from(ZONES))
    shifts = draw(shift_tables(tiling=tiling)) if tiling or draw(st.integers(0, 9)) else []
    around = draw(moments(zone))
    slots: dict[str, list[dict[str, Any]]] = {"planned": [], "unscheduled": []}
    for kind in slots:
        for _ in range(draw(st.integers(0, 2))):
            start = datetime.fromtimestamp((around + draw(st.integers(-36, 36)) * HOUR) // 1_000_000, ZoneInfo("UTC"))
            end = start + timedelta(minutes=draw(st.integers(1, 2000)))
            slots[kind].append({"from": start, "to": end, "reason": f"{kind} slot"})
    return SiteSettings.model_validate({"timezone": zone, "shifts": shifts, **slots})


@st.composite
def sites_and_ranges(draw: st.DrawFn) -> tuple[SiteSettings, int, int]:
    """A site and a range [start, end) of up to three days near a change of its clocks."""
    settings = draw(sites())
    start = draw(moments(settings.timezone))
    return settings, start, start + draw(st.integers(1, 72)) * HOUR - draw(st.sampled_from([0, 1, 29 * MINUTE]))


def days_near(zone: str, ts: int) -> list[date]:
    """Dates from four days before an instant to four after."""
    middle = datetime.fromtimestamp(ts // 1_000_000, ZoneInfo(zone)).date()
    return [middle + timedelta(days=n) for n in range(-4, 5)]
