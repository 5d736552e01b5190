"""The reorder window: order of event time, one sample for an interval, nothing twice, late ones counted apart."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SECOND
from edge.events import Reading
from edge.monitoring.window import Item, Pending, Sample, Window

REORDER = 2 * SECOND


def reading(ts: int, value: float = 0.0, name: str = "v", quality: dict[str, str] | None = None) -> Reading:
    return Reading("a/b/c/d", ts, ts, 1, 0, 0, None, None, None, {name: value}, None, quality)


def shown(window: Window, *events: Reading) -> list[Item]:
    """What a window hands on while these come."""
    out: list[Item] = []
    for event in events:
        if window.add_reading(event):
            out += window.release()
    return out


def test_a_reading_is_handed_on_when_nothing_can_overtake_it_any_more() -> None:
    window = Window(1, REORDER)
    assert shown(window, reading(10 * SECOND), reading(12 * SECOND)) == []
    assert [item.ts for item in shown(window, reading(12 * SECOND + 1))] == [10 * SECOND]


def test_of_one_interval_each_signal_has_its_last_value() -> None:
    window = Window(SECOND, REORDER)
    shown(window, reading(100, 1.0, "a"), reading(300, 2.0, "a"), reading(200, 3.0, "b"), reading(250, 9.0, "a"))
    (sample,) = window.flush()
    assert isinstance(sample, Sample)
    assert (sample.ts, sample.signals) == (300, {"a": 2.0, "b": 3.0})


def test_quality_goes_with_the_value_that_it_was_said_of() -> None:
    window = Window(SECOND, REORDER)
    shown(window, reading(100, 1.0, "a", {"a": "bad"}), reading(200, 3.0, "b"), reading(300, 2.0, "a"))
    (sample,) = window.flush()
    assert isinstance(sample, Sample)
    assert sample.quality == {}


def test_what_comes_after_its_time_was_handed_on_is_late_and_changes_nothing() -> None:
    window = Window(SECOND, REORDER)
    first = shown(window, *(reading(second * SECOND, 1.0) for second in range(10)))
    assert [item.ts for item in first] == [second * SECOND for second in range(7)]
    assert shown(window, reading(6 * SECOND, 5.0), reading(3 * SECOND, 5.0)) == []
    assert window.pending.late == 2


@given(st.randoms(use_true_random=False), st.sampled_from([1, SECOND, 700_000]))
def test_any_arrival_order_within_the_window_gives_the_same(chance: random.Random, interval: int) -> None:
    times = [chance.randrange(60 * SECOND) for _ in range(80)]
    events = [reading(ts, float(n), chance.choice("abc")) for n, ts in enumerate(sorted(set(times)))]
    ordered = Window(interval, REORDER)
    shuffled = Window(interval, REORDER)
    expected = [*shown(ordered, *events), *ordered.flush()]
    moved = sorted(events, key=lambda event: event.ts + chance.randrange(REORDER))
    found = [*shown(shuffled, *moved), *shuffled.flush()]
    assert shuffled.pending.late == 0
    assert [(item.ts, item.signals) for item in found] == [(item.ts, item.signals) for item in expected]  # type: ignore[union-attr]


def test_a_window_that_is_opened_again_goes_on_where_it_was() -> None:
    events = [reading(second * SECOND, float(second)) for second in range(20)]
    whole, part = Window(SECOND, REORDER), Window(SECOND, REORDER)
    expected = shown(whole, *events)
    found = shown(part, *events[:11])
    kept: Pending = part.pending
    found += shown(Window(SECOND, REORDER, kept), *events[11:])
    assert found == expected
