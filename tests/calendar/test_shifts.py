"""Shifts and breaks as instants (ruling 22), their business dates (ruling 24), and how one is found."""

from datetime import date, timedelta
from typing import Any

import pytest

from edge.calendar import Calendar, ShiftWindow
from edge.clock import HOUR, MINUTE, from_text, to_text
from tests.calendar.plants import EARLY, LATE, NIGHT, site

SUNDAY = date(2025, 3, 30)  # clocks of Berlin go from 2:00 to 3:00


def window(calendar: Calendar, name: str, day: str) -> ShiftWindow:
    found = calendar.shift_window(name, date.fromisoformat(day))
    assert found is not None
    return found


def texts(*instants: int) -> list[str]:
    return [to_text(at) for at in instants]


def breaks(calendar: Calendar, name: str, day: str) -> list[list[str]]:
    start, end = window(calendar, name, day)[2:]
    return [texts(one.start, one.end) for one in calendar.pieces(start, end) if one.kind == "planned"]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2025-03-29", 7),
        ("Europe/Berlin", "2025-10-25", 9),
        ("Europe/Berlin", "2025-06-01", 8),
        ("America/New_York", "2025-03-08", 7),
        ("America/St_Johns", "2025-11-01", 9),
        ("Australia/Lord_Howe", "2025-10-04", 7.5),
        ("Australia/Lord_Howe", "2025-04-05", 8.5),
        ("Asia/Kathmandu", "2025-03-29", 8),
    ],
)
def test_a_night_lasts_as_long_as_the_clocks_make_it(zone: str, day: str, hours: float) -> None:
    night = window(Calendar(site(NIGHT, timezone=zone)), "night", day)
    assert night.end - night.start == hours * HOUR


def test_an_end_like_the_start_is_24_hours_later() -> None:
    calendar = Calendar(site({"name": "all", "start": "06:00", "end": "06:00"}))
    assert texts(*window(calendar, "all", "2025-01-07")[2:]) == ["2025-01-07T05:00:00Z", "2025-01-08T05:00:00Z"]
    assert (window(calendar, "all", "2025-03-29")[3] - window(calendar, "all", "2025-03-29")[2]) / HOUR == 23


def test_a_start_in_the_gap_of_spring_moves_forward() -> None:
    shift = {"name": "a", "start": "02:30", "end": "08:00"}
    assert texts(*window(Calendar(site(shift)), "a", "2025-03-30")[2:]) == [
        "2025-03-30T01:30:00Z",  # 3:30 in summer time
        "2025-03-30T06:00:00Z",
    ]


def test_a_start_that_comes_twice_in_autumn_is_taken_the_first_time() -> None:
    shift = {"name": "a", "start": "02:30", "end": "08:00"}
    assert texts(*window(Calendar(site(shift)), "a", "2025-10-26")[2:]) == [
        "2025-10-26T00:30:00Z",  # 2:30 in summer time
        "2025-10-26T07:00:00Z",
    ]


def test_a_shift_that_the_gap_leaves_no_time_does_not_exist_that_day() -> None:
    calendar = Calendar(site({"name": "a", "start": "02:15", "end": "03:10"}))
    assert calendar.shift_window("a", SUNDAY) is None
    assert calendar.shift_window("a", SUNDAY + timedelta(days=1)) is not None


def test_a_date_that_the_zone_left_out_has_no_shifts() -> None:
    friday, saturday = {"start": "00:00", "end": "08:00"}, {"start": "05:00", "end": "07:30"}
    shifts = ({"name": "a", "days": ["fri"], **friday}, {"name": "a", "days": ["sat"], **saturday})
    calendar = Calendar(site(*shifts, timezone="Pacific/Apia"))  # from Thursday the 29th to Saturday the 31st
    assert calendar.shift_window("a", date(2011, 12, 30)) is None
    assert texts(*window(calendar, "a", "2011-12-31")[2:]) == ["2011-12-30T15:00:00Z", "2011-12-30T17:30:00Z"]
    around = calendar.pieces(from_text("2011-12-29T10:00:00Z"), from_text("2011-12-31T10:00:00Z"))
    assert sum(one.end - one.start for one in around if one.kind == "scheduled") == 2.5 * HOUR


def test_where_the_gap_makes_shifts_overlap_the_later_one_begins_in_time() -> None:
    first, then = {"name": "a", "start": "00:00", "end": "02:30"}, {"name": "b", "start": "03:00", "end": "08:00"}
    calendar = Calendar(site(first, then))
    assert window(calendar, "a", "2025-03-30").end == window(calendar, "b", "2025-03-30").start


@pytest.mark.parametrize(
    ("start", "day", "expected"),
    [
        ("02:00", "2025-06-01", ["2025-06-02T00:00:00Z", "2025-06-02T00:30:00Z"]),  # on the date after the shift's
        ("22:00", "2025-06-01", ["2025-06-01T20:00:00Z", "2025-06-01T20:30:00Z"]),
        ("05:30", "2025-06-01", ["2025-06-02T03:30:00Z", "2025-06-02T04:00:00Z"]),
        ("02:30", "2025-03-29", ["2025-03-30T01:30:00Z", "2025-03-30T02:00:00Z"]),  # in the gap
        ("01:45", "2025-03-29", ["2025-03-30T00:45:00Z", "2025-03-30T01:15:00Z"]),  # over the gap: half an hour passes
        ("02:30", "2025-10-25", ["2025-10-26T00:30:00Z", "2025-10-26T01:00:00Z"]),  # twice: the first time
        ("02:45", "2025-10-25", ["2025-10-26T00:45:00Z", "2025-10-26T01:15:00Z"]),
    ],
)
def test_a_break_begins_by_the_clock_and_lasts_its_minutes(start: str, day: str, expected: list[str]) -> None:
    calendar = Calendar(site(NIGHT | {"breaks": [{"start": start, "minutes": 30}]}))
    assert breaks(calendar, "night", day) == [expected]


def test_a_break_ends_with_its_shift() -> None:
    shift = {"name": "a", "start": "00:00", "end": "03:15", "breaks": [{"start": "02:30", "minutes": 45}]}
    calendar = Calendar(site(shift, LATE))
    assert breaks(calendar, "a", "2025-03-29") == [["2025-03-29T01:30:00Z", "2025-03-29T02:15:00Z"]]
    assert breaks(calendar, "a", "2025-03-30") == []  # the shift ends at 3:15, its break would begin at 3:30


def test_a_break_beside_the_shifts_is_that_of_the_shift_it_names() -> None:
    pause = {"shift": "night", "start": "02:00", "minutes": 30}
    calendar = Calendar(site(EARLY, NIGHT, breaks=[pause]))
    assert breaks(calendar, "night", "2025-06-01") == [["2025-06-02T00:00:00Z", "2025-06-02T00:30:00Z"]]
    assert breaks(calendar, "early", "2025-06-01") == []


def test_days_are_those_on_which_a_shift_starts() -> None:
    calendar = Calendar(site(NIGHT | {"days": ["fri"]}))
    start = from_text("2025-03-03T00:00:00+01:00")  # a Monday
    (only,) = calendar.shifts_between(start, start + 7 * 24 * HOUR)
    assert texts(only.start, only.end) == ["2025-03-07T21:00:00Z", "2025-03-08T05:00:00Z"]


def test_shifts_of_different_days_may_share_a_name() -> None:
    week = EARLY | {"days": ["mon", "tue", "wed", "thu", "fri"], "breaks": [{"start": "12:00", "minutes": 30}]}
    saturday = EARLY | {"end": "12:00", "days": ["sat"]}
    calendar = Calendar(
        site(week, saturday, timezone="UTC", breaks=[{"shift": "early", "start": "09:00", "minutes": 10}])
    )
    lengths = []
    for day in (date(2025, 3, 7), date(2025, 3, 8), date(2025, 3, 9)):
        window = calendar.shift_window("early", day)
        lengths.append(window and (window.end - window.start) // HOUR)
    assert lengths == [8, 6, None]
    assert [len(breaks(calendar, "early", day)) for day in ("2025-03-07", "2025-03-08")] == [2, 1]


@pytest.mark.parametrize(("offset", "expected"), [(0, "2025-03-03"), (1, "2025-03-04"), (-1, "2025-03-02")])
def test_a_shift_belongs_to_the_date_it_starts_on_or_to_one_beside_it(offset: int, expected: str) -> None:
    calendar = Calendar(site(NIGHT | {"offset_days": offset}))
    night = calendar.shift_at(from_text("2025-03-04T02:00:00+01:00"))
    assert night is not None
    assert (night.date.isoformat(), calendar.shift_window("night", night.date)) == (expected, night)


def test_the_shift_of_an_instant_is_half_open() -> None:
    calendar = Calendar(site(EARLY, timezone="UTC"))
    six, fourteen = from_text("2025-03-03T06:00:00Z"), from_text("2025-03-03T14:00:00Z")
    assert calendar.shift_at(six - 1) is None
    assert calendar.shift_at(six) == calendar.shift_at(fourteen - 1) == ("early", date(2025, 3, 3), six, fourteen)
    assert calendar.shift_at(fourteen) is None


def test_the_shift_before_a_weekend_is_found_behind_it() -> None:
    calendar = Calendar(site(EARLY | {"days": [0, 1, 2, 3, 4]}, timezone="UTC"))
    found = calendar.last_shift_before(from_text("2025-03-10T06:00:00Z"))  # when Monday's begins
    assert found is not None
    assert found.date == date(2025, 3, 7)


@pytest.mark.parametrize("shifts", [[], [EARLY]])
def test_what_is_not_there_is_none(shifts: list[dict[str, Any]]) -> None:
    calendar = Calendar(site(*shifts, timezone="UTC"))
    assert calendar.shift_window("night", SUNDAY) is None
    assert calendar.shift_at(from_text("2025-03-03T05:00:00Z")) is None
    assert calendar.shifts_between(from_text("2025-03-03T06:00:00Z"), from_text("2025-03-03T06:00:00Z")) == []


def test_without_shifts_there_is_none_before() -> None:
    assert Calendar(site()).last_shift_before(0) is None


def test_minutes_may_be_broken() -> None:
    calendar = Calendar(site(EARLY | {"breaks": [{"start": "10:00", "minutes": 7.5}]}, timezone="UTC"))
    start = from_text("2025-03-03T10:00:00Z")
    assert calendar.pieces(start, start + HOUR)[0].end == start + 7.5 * MINUTE
