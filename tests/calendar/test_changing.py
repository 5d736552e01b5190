"""Calendars that change: each instant goes by the calendar in force there, and a shift on both sides is one."""

from __future__ import annotations

from datetime import date
from typing import Any

from edge.calendar import Calendar, ChangingCalendar
from edge.clock import from_text, to_text
from edge.settings.plant import SiteSettings

EARLY = {"name": "early", "start": "06:00", "end": "14:00"}
LONG = {"name": "early", "start": "06:00", "end": "16:00", "breaks": [{"start": "12:00", "minutes": 30}]}
LATE = {"name": "late", "start": "14:00", "end": "22:00"}
MONDAY, DAY = date(2025, 3, 3), "2025-03-03T"


def at(clock: str) -> int:
    return from_text(f"{DAY}{clock}:00Z")


def site(*shifts: dict[str, Any]) -> SiteSettings:
    return SiteSettings.model_validate({"shifts": shifts})


def changing(clock: str, before: SiteSettings, after: SiteSettings) -> ChangingCalendar:
    return ChangingCalendar([(-(1 << 62), before), (at(clock), after)])


def spans(calendar: Calendar) -> list[tuple[str, str, str]]:
    found = calendar.shifts_between(at("00:00"), at("23:59"))
    return [(one.name, to_text(one.start)[11:16], to_text(one.end)[11:16]) for one in found]


def test_a_shift_that_both_calendars_have_is_one() -> None:
    calendar = changing("10:20", site(EARLY), site(LONG))
    assert spans(calendar) == [("early", "06:00", "16:00")]
    assert calendar.shift_at(at("09:59")) == calendar.shift_at(at("15:00"))
    assert calendar.cell_bounds(at("10:01"), at("10:59")) == []
    window = calendar.shift_window("early", MONDAY)
    assert window is not None
    assert (window.start, window.end) == (at("06:00"), at("16:00"))


def test_a_shift_that_only_one_calendar_has_ends_or_begins_at_the_change() -> None:
    assert spans(changing("10:20", site(EARLY), site(LATE))) == [
        ("early", "06:00", "10:20"),
        ("late", "14:00", "22:00"),
    ]
    assert spans(changing("15:20", site(EARLY), site(LATE))) == [
        ("early", "06:00", "14:00"),
        ("late", "15:20", "22:00"),
    ]
    calendar = changing("10:20", site(EARLY), site())
    assert calendar.cell_bounds(at("10:01"), at("10:59")) == [at("10:20")]
    assert [piece.kind for piece in calendar.pieces(at("05:00"), at("16:00"))] == [
        "unscheduled",
        "scheduled",
        "scheduled",
    ]


def test_breaks_are_those_of_the_calendar_in_force() -> None:
    assert "planned" not in {
        p.kind for p in changing("12:30", site(EARLY), site(LONG)).pieces(at("06:00"), at("16:00"))
    }
    planned = [
        p for p in changing("12:10", site(EARLY), site(LONG)).pieces(at("06:00"), at("16:00")) if p.kind == "planned"
    ]
    assert [(p.start, p.end) for p in planned] == [(at("12:10"), at("12:30"))]


def test_the_shift_before_and_business_days_know_both_calendars() -> None:
    calendar = changing("10:20", site(EARLY), site(LATE))
    last = calendar.last_shift_before(at("12:00"))
    assert last is not None
    assert (last.name, last.end) == ("early", at("10:20"))
    assert calendar.business_day(MONDAY) == (at("06:00"), at("14:00") + 24 * 3_600_000_000)


def test_without_a_change_in_sight_it_is_the_calendar_of_its_time() -> None:
    calendar = changing("10:20", site(EARLY, LATE), site(LATE))
    plain, window = Calendar(site(EARLY, LATE)), (at("00:00") - 5 * 86_400_000_000, at("00:00"))
    assert calendar.pieces(*window) == plain.pieces(*window)
    assert calendar.shifts_between(*window) == plain.shifts_between(*window)
    assert calendar.cell_bounds(*window) == plain.cell_bounds(*window)
