"""What holds for every calendar: in any zone, around any change of its clocks, with any shifts and slots."""

from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.calendar import PLANNED, SCHEDULED, UNSCHEDULED, Calendar, Piece
from edge.clock import HOUR, MINUTE, from_datetime
from edge.settings.plant import SiteSettings
from tests.calendar.plants import EARLY, LATE, NIGHT, days_near, moments, site, sites, sites_and_ranges

Case = tuple[SiteSettings, int, int]
any_time = settings(deadline=None)  # the first look at a zone reads its file


def merged(*parts: tuple[Piece, ...]) -> list[Piece]:
    """Pieces of ranges that follow one another, as pieces of the whole."""
    found: list[Piece] = []
    for piece in (piece for part in parts for piece in part):
        if found and found[-1][2:] == piece[2:]:
            piece = piece._replace(start=found.pop().start)
        found.append(piece)
    return found


def kind_by_hand(config: SiteSettings, ts: int) -> str:
    """The kind of one instant, worked out without the calendar: each shift of the days around, each break and slot."""
    zone = ZoneInfo(config.timezone)

    def us(day: datetime, at: time, days: int) -> int:
        return from_datetime(datetime.combine(day.date() + timedelta(days=days), at, tzinfo=zone))

    if any(slot.start_us <= ts < slot.end_us for slot in config.unscheduled):
        return UNSCHEDULED
    inside, paused = not config.shifts, any(slot.start_us <= ts < slot.end_us for slot in config.planned)
    today = datetime.fromtimestamp(ts // 1_000_000, zone)
    for back in (0, 1):
        day = today - timedelta(days=back)
        for shift in config.shifts:
            over = int(shift.end <= shift.start)
            if day.weekday() not in shift.days or not us(day, shift.start, 0) <= ts < us(day, shift.end, over):
                continue
            inside = True
            for pause in config.breaks_of(shift):
                begins = us(day, pause.start, int(pause.start < shift.start))
                paused |= begins <= ts < begins + pause.minutes * MINUTE
    return (PLANNED if paused else SCHEDULED) if inside else UNSCHEDULED


@any_time
@given(sites_and_ranges())
def test_pieces_cover_the_range_without_gap_or_overlap_as_long_as_they_can_be(case: Case) -> None:
    config, start, end = case
    pieces = Calendar(config).pieces(start, end)
    assert (pieces[0].start, pieces[-1].end) == (start, end)
    for one, following in pairwise(pieces):
        assert one.start < one.end == following.start
        assert one[2:] != following[2:]


@any_time
@given(sites_and_ranges(), st.data())
def test_pieces_of_parts_are_those_of_the_whole(case: Case, draw: st.DataObject) -> None:
    config, start, end = case
    calendar, middle = Calendar(config), draw.draw(st.integers(start, end))
    parts = calendar.pieces(start, middle), calendar.pieces(middle, end)
    assert merged(*parts) == list(Calendar(config).pieces(start, end))


@any_time
@given(sites(), st.data())
def test_an_instant_is_what_the_shifts_breaks_and_slots_say(config: SiteSettings, draw: st.DataObject) -> None:
    ts = draw.draw(moments(config.timezone))
    (piece,) = Calendar(config).pieces(ts, ts + 1)
    assert piece.kind == kind_by_hand(config, ts)


@any_time
@given(sites_and_ranges())
def test_a_shift_is_found_by_instant_by_name_and_by_range(case: Case) -> None:
    config, start, end = case
    calendar = Calendar(config)
    windows = calendar.shifts_between(start, end)
    for window in windows:
        assert window.start < window.end
        assert calendar.shift_window(window.name, window.date) == window
        assert calendar.shift_at(window.start) == calendar.shift_at(window.end - 1) == window
    for one, following in pairwise(windows):
        assert one.end <= following.start
        assert calendar.last_shift_before(following.start) == one
    for piece in calendar.pieces(start, end):
        at = calendar.shift_at(piece.start)
        assert (piece.shift, piece.shift_date) == ((at.name, at.date) if at else (None, None))


@any_time
@given(sites_and_ranges())
def test_cells_are_cut_at_hours_midnights_and_shift_bounds(case: Case) -> None:
    config, start, end = case
    calendar = Calendar(config)
    bounds = calendar.cell_bounds(start, end)
    assert bounds == sorted(set(bounds))
    midnights = {at for day in days_near(config.timezone, start) for at in calendar.local_day(day)}
    shifts = {at for window in calendar.shifts_between(start - 1, end + 1) for at in window[2:]}
    hours = set(range(start // HOUR * HOUR, end, HOUR))
    assert set(bounds) == {at for at in midnights | shifts | hours if start < at < end}


@any_time
@given(sites(), st.data())
def test_business_days_follow_one_another_without_gap(config: SiteSettings, draw: st.DataObject) -> None:
    calendar = Calendar(config)
    days = [calendar.business_day(day) for day in days_near(config.timezone, draw.draw(moments(config.timezone)))]
    for (start, end), (following, _) in pairwise(days):
        assert start < end == following


@any_time
@given(sites(tiling=True), st.data())
def test_a_shift_lies_in_its_business_day(config: SiteSettings, draw: st.DataObject) -> None:
    calendar = Calendar(config)
    for day in days_near(config.timezone, draw.draw(moments(config.timezone))):
        start, end = calendar.business_day(day)
        windows = calendar.shifts_between(start, end)
        assert {window.date for window in windows} == {day}
        assert (windows[0].start, windows[-1].end) == (start, end)
        assert all(one.end == following.start for one, following in pairwise(windows))


@any_time
@given(sites(), st.data())
def test_local_days_follow_one_another_and_are_about_a_day_long(config: SiteSettings, draw: st.DataObject) -> None:
    calendar = Calendar(config)
    days = [calendar.local_day(day) for day in days_near(config.timezone, draw.draw(moments(config.timezone)))]
    for (start, end), (following, _) in pairwise(days):
        assert end == following
        assert 23 * HOUR <= end - start <= 25 * HOUR


@any_time
@given(st.integers(-11, 12), st.integers(-400, 400), st.integers(1, 60))
def test_shifting_zone_and_time_together_changes_nothing(offset_h: int, quarter: int, hours: int) -> None:
    start = from_datetime(datetime.fromisoformat("2025-03-03T06:00:00Z")) + quarter * 15 * MINUTE
    shift = offset_h * HOUR
    zone = f"Etc/GMT{-offset_h:+d}"  # these names count the other way round
    here = Calendar(site(EARLY, LATE, NIGHT, timezone="UTC")).pieces(start, start + hours * HOUR)
    there = Calendar(site(EARLY, LATE, NIGHT, timezone=zone)).pieces(start - shift, start - shift + hours * HOUR)
    assert [moved(piece, shift) for piece in there] == list(here)


def moved(piece: Piece, by: int) -> Piece:
    began = None if piece.shift_start is None else piece.shift_start + by
    return piece._replace(start=piece.start + by, end=piece.end + by, shift_start=began)
