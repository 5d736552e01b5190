"""Business days and local days, and where cells are cut."""

from datetime import date, timedelta

import pytest

from edge.calendar import Calendar
from edge.clock import HOUR, from_text, to_text
from tests.calendar.plants import EARLY, LATE, NIGHT, site

MONDAY = date(2025, 3, 3)
WEEK = [0, 1, 2, 3, 4]


def texts(window: tuple[int, int]) -> list[str]:
    return [to_text(at) for at in window]


def test_a_business_day_runs_from_its_first_shift_to_that_of_the_next() -> None:
    calendar = Calendar(site(EARLY, LATE, NIGHT))
    assert texts(calendar.business_day(MONDAY)) == ["2025-03-03T05:00:00Z", "2025-03-04T05:00:00Z"]


def test_a_night_shift_can_open_the_business_day() -> None:
    calendar = Calendar(site(EARLY, LATE, NIGHT | {"offset_days": 1}))
    assert texts(calendar.business_day(MONDAY)) == ["2025-03-02T21:00:00Z", "2025-03-03T21:00:00Z"]


def test_a_shift_after_midnight_can_close_the_business_day() -> None:
    night = {"name": "night", "start": "00:30", "end": "06:00", "offset_days": -1}
    calendar = Calendar(site(EARLY, night))
    assert texts(calendar.business_day(MONDAY)) == ["2025-03-03T05:00:00Z", "2025-03-04T05:00:00Z"]
    assert [one.name for one in calendar.shifts_between(*calendar.business_day(MONDAY))] == ["early", "night"]


@pytest.mark.parametrize(("day", "hours"), [(date(2025, 3, 29), 23), (date(2025, 10, 25), 25)])
def test_a_business_day_is_as_long_as_the_clocks_make_it(day: date, hours: int) -> None:
    start, end = Calendar(site(EARLY, LATE, NIGHT)).business_day(day)
    assert end - start == hours * HOUR


def test_a_date_without_shifts_opens_when_others_do() -> None:
    calendar = Calendar(site(EARLY | {"days": WEEK}, LATE | {"days": WEEK}, NIGHT | {"days": WEEK}))
    friday, saturday = MONDAY + timedelta(days=4), MONDAY + timedelta(days=5)
    assert texts(calendar.business_day(friday)) == ["2025-03-07T05:00:00Z", "2025-03-08T05:00:00Z"]
    assert texts(calendar.business_day(saturday)) == ["2025-03-08T05:00:00Z", "2025-03-09T05:00:00Z"]


def test_a_shift_that_runs_into_a_date_without_shifts_still_belongs_to_the_date_before() -> None:
    long_night = {"name": "weekend", "start": "20:00", "end": "12:00", "days": ["sat"]}
    calendar = Calendar(site(EARLY | {"days": WEEK}, long_night))
    assert texts(calendar.business_day(date(2025, 3, 8))) == ["2025-03-08T19:00:00Z", "2025-03-09T11:00:00Z"]


def test_without_shifts_a_business_day_is_a_local_day() -> None:
    calendar = Calendar(site())
    assert calendar.business_day(MONDAY) == calendar.local_day(MONDAY)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2025-03-30", 23),
        ("Europe/Berlin", "2025-10-26", 25),
        ("Australia/Lord_Howe", "2025-10-05", 23.5),
        ("Asia/Kathmandu", "2025-03-30", 24),
        ("America/Sao_Paulo", "2018-11-04", 23),  # midnight itself does not exist: the day begins at 1:00
        ("America/Sao_Paulo", "2018-02-17", 25),
    ],
)
def test_a_local_day_is_as_long_as_the_clocks_make_it(zone: str, day: str, hours: float) -> None:
    start, end = Calendar(site(timezone=zone)).local_day(date.fromisoformat(day))
    assert end - start == hours * HOUR


def test_cells_are_cut_at_midnights_of_zones_off_the_hour() -> None:
    start = from_text("2025-03-03T18:00:00Z")  # 23:45 in Kathmandu
    bounds = Calendar(site(timezone="Asia/Kathmandu")).cell_bounds(start, start + 2 * HOUR)
    assert [to_text(at)[11:16] for at in bounds] == ["18:15", "19:00"]


def test_cells_are_cut_at_shift_bounds_off_the_hour() -> None:
    start = from_text("2025-03-03T05:00:00Z")
    calendar = Calendar(site({"name": "a", "start": "06:10", "end": "06:50"}, timezone="UTC"))
    bounds = calendar.cell_bounds(start, start + 2 * HOUR)
    assert [to_text(at)[11:16] for at in bounds] == ["06:00", "06:10", "06:50"]


def test_the_bounds_of_a_range_do_not_cut_it() -> None:
    start = from_text("2025-03-03T06:00:00Z")
    assert Calendar(site(EARLY, timezone="UTC")).cell_bounds(start, start + HOUR) == []
