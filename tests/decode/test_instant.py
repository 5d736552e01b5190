"""Event time against received time: ruling 40 and its limits."""

import pytest

from edge.clock import DAY, SECOND, from_text
from edge.decode.instant import event_time
from edge.decode.rejection import Refusal
from edge.decode.settings import DecodeSettings

RECEIVED = from_text("2025-03-03T06:00:00Z")
SETTINGS = DecodeSettings()


def at(us: int) -> tuple[int, int] | Refusal:
    return event_time(us // 1000, RECEIVED, SETTINGS)


@pytest.mark.parametrize("late", [0, SECOND, 400 * DAY])
def test_a_time_before_the_receipt_counts_as_it_is(late: int) -> None:
    assert at(RECEIVED - late) == (RECEIVED - late, 0)


def test_a_time_within_the_tolerance_counts_as_it_is() -> None:
    assert at(RECEIVED + 60 * SECOND) == (RECEIVED + 60 * SECOND, 0)


@pytest.mark.parametrize("ahead", [60 * SECOND + 1000, DAY, 366 * DAY])
def test_a_clock_ahead_counts_as_received_and_is_flagged(ahead: int) -> None:
    assert at(RECEIVED + ahead) == (RECEIVED, ahead)


def test_the_far_future_is_refused() -> None:
    refusal = at(RECEIVED + 366 * DAY + 1000)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "time_far_future"


def test_the_oldest_instant_counts_and_the_millisecond_before_is_refused() -> None:
    assert at(SETTINGS.oldest_us) == (SETTINGS.oldest_us, 0)
    refusal = at(SETTINGS.oldest_us - 1000)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "time_too_old"


@pytest.mark.parametrize(
    ("ts", "unit"),
    [(RECEIVED // SECOND, "seconds"), (RECEIVED, "microseconds"), (RECEIVED * 1000, "nanoseconds")],
)
def test_a_time_in_another_unit_is_refused_with_its_name(ts: int, unit: str) -> None:
    refusal = event_time(ts, RECEIVED, SETTINGS)
    assert isinstance(refusal, Refusal)
    assert f"it looks like {unit}: write milliseconds" in refusal.detail
