"""Kinds of time: unscheduled before planned before scheduled."""

from datetime import date

import pytest

from edge.calendar import Calendar
from edge.clock import DAY, HOUR, from_text, to_text
from edge.settings.plant import SiteSettings
from tests.calendar.plants import EARLY, NIGHT, site

BREAK = EARLY | {"breaks": [{"start": "10:00", "minutes": 30, "name": "lunch"}]}


def slot(start: str, end: str, reason: str | None = None) -> dict[str, str]:
    times = {"from": f"2025-03-03T{start}:00Z", "to": f"2025-03-03T{end}:00Z"}
    return times | ({"reason": reason} if reason else {})


def day_of(config: SiteSettings, start: str = "00:00", end: str = "23:59") -> list[tuple[str, str, str | None]]:
    """(start, kind, reason) of the pieces of Monday, 3 March 2025."""
    first, last = (from_text(f"2025-03-03T{at}:00Z") for at in (start, end))
    return [(to_text(one.start)[11:16], one.kind, one.reason) for one in Calendar(config).pieces(first, last)]


def test_without_shifts_all_time_is_scheduled_and_of_no_shift() -> None:
    start = from_text("2025-03-03T00:00:00Z")
    (only,) = Calendar(SiteSettings()).pieces(start, start + 400 * DAY)
    assert (only.kind, only.shift, only.shift_date, only.reason) == ("scheduled", None, None, None)


def test_outside_shifts_time_is_unscheduled() -> None:
    assert day_of(site(EARLY, timezone="UTC")) == [
        ("00:00", "unscheduled", None), ("06:00", "scheduled", None), ("14:00", "unscheduled", None),
    ]  # fmt: skip


def test_a_break_is_planned_and_says_its_name() -> None:
    assert day_of(site(BREAK, timezone="UTC"), "08:00", "12:00") == [
        ("08:00", "scheduled", None), ("10:00", "planned", "lunch"), ("10:30", "scheduled", None),
    ]  # fmt: skip


def test_a_planned_stop_counts_only_inside_shifts() -> None:
    config = site(EARLY, timezone="UTC", planned=[slot("05:00", "07:00", "upkeep")])
    assert day_of(config, "04:00", "08:00") == [
        ("04:00", "unscheduled", None), ("06:00", "planned", "upkeep"), ("07:00", "scheduled", None),
    ]  # fmt: skip


def test_unscheduled_time_wins_over_breaks_planned_stops_and_shifts() -> None:
    config = site(
        BREAK,
        timezone="UTC",
        planned=[slot("09:00", "11:00", "upkeep")],
        unscheduled=[slot("10:15", "12:00", "strike")],
    )
    assert day_of(config, "08:00", "14:00") == [
        ("08:00", "scheduled", None), ("09:00", "planned", "upkeep"), ("10:00", "planned", "lunch"),
        ("10:15", "unscheduled", "strike"),
        ("12:00", "scheduled", None),
    ]  # fmt: skip


def test_overlapping_slots_are_one_time() -> None:
    config = site(timezone="UTC", planned=[slot("09:00", "11:00"), slot("10:00", "12:00"), slot("09:30", "09:45")])
    assert day_of(config, "08:00", "13:00") == [
        ("08:00", "scheduled", None), ("09:00", "planned", None), ("12:00", "scheduled", None),
    ]  # fmt: skip


def test_a_piece_keeps_the_shift_and_business_date_it_lies_in() -> None:
    start = from_text("2025-03-03T23:30:00Z")
    calendar = Calendar(site(NIGHT, EARLY, timezone="UTC"))
    assert [(one.shift, one.shift_date) for one in calendar.pieces(start, start + 8 * HOUR)] == [
        ("night", date(2025, 3, 3)), ("early", date(2025, 3, 4)),
    ]  # fmt: skip


def test_one_shift_after_itself_stays_two_pieces() -> None:
    start = from_text("2025-03-03T00:00:00Z")
    calendar = Calendar(site({"name": "all", "start": "06:00", "end": "06:00"}, timezone="UTC"))
    dates = [one.shift_date for one in calendar.pieces(start, start + 2 * DAY)]
    assert dates == [date(2025, 3, 2), date(2025, 3, 3), date(2025, 3, 4)]


@pytest.mark.parametrize("length", [0, -1])
def test_an_empty_range_has_no_pieces_and_no_bounds(length: int) -> None:
    calendar = Calendar(site(EARLY))
    assert calendar.pieces(5, 5 + length) == ()
    assert calendar.cell_bounds(5, 5 + length) == []


def test_what_is_remembered_is_bounded() -> None:
    calendar = Calendar(site(EARLY, NIGHT))
    for hour in range(5000):
        calendar.pieces(hour * HOUR, hour * HOUR + HOUR)
        calendar.pieces(hour * DAY, hour * DAY + 3 * HOUR)
    sizes = [one.cache_info().currsize for one in vars(calendar).values() if hasattr(one, "cache_info")]
    assert sizes
    assert max(sizes) <= 2048


def test_long_ranges_are_not_remembered() -> None:
    calendar = Calendar(site(EARLY, NIGHT))
    assert calendar.pieces(0, DAY) is not calendar.pieces(0, DAY)
    assert calendar.pieces(0, HOUR) is calendar.pieces(0, HOUR)


def test_each_piece_knows_when_its_shift_began() -> None:
    first, last = from_text("2025-03-02T21:00:00Z"), from_text("2025-03-03T14:30:00Z")
    pieces = Calendar(site(BREAK, NIGHT, timezone="UTC")).pieces(first, last)
    assert [(one.shift, one.shift_start and to_text(one.shift_start)[8:16]) for one in pieces] == [
        (None, None), ("night", "02T22:00"), ("early", "03T06:00"), ("early", "03T06:00"), ("early", "03T06:00"),
        (None, None),
    ]  # fmt: skip
