"""The reorder window: order of event time, one sample for an interval, nothing twice, late ones counted apart."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SECOND
from edge.events import Reading
from edge.monitoring.window import FOREVER, Item, Sample, Window

REORDER, BUNDLE = 2 * SECOND, 60 * SECOND


def reading(ts: int, value: float = 0.0, name: str = "v", *, received: int | None = None,
            quality: dict[str, str] | None = None) -> Reading:  # fmt: skip
    return Reading(
        "a/b/c/d", ts, ts if received is None else received, 1, 0, 0, None, None, None, {name: value}, None, quality
    )


def shown(window: Window, *events: Reading) -> list[Item]:
    """What a window hands on while these come."""
    out: list[Item] = []
    for event in events:
        if window.add_reading(event):
            out += window.release(event.received)
    return out


def times(items: list[Item]) -> list[float]:
    return [item.ts / SECOND for item in items]


def sampled(items: list[Item]) -> list[tuple[int, dict[str, float]]]:
    return [(item.ts, item.signals) for item in items if isinstance(item, Sample)]


def test_a_reading_is_handed_on_when_it_has_waited_so_long_that_none_overtakes_it() -> None:
    window = Window(1, REORDER, BUNDLE)
    assert shown(window, reading(10 * SECOND), reading(12 * SECOND)) == []
    assert times(shown(window, reading(13 * SECOND))) == [10.0]
    assert times(window.release(14 * SECOND)) == []
    assert times(window.release(16 * SECOND)) == [12.0, 13.0]


def test_a_past_that_comes_at_once_is_handed_on_behind_its_newest() -> None:
    window = Window(SECOND, REORDER, BUNDLE)
    past = [reading(second * SECOND, received=1000 * SECOND) for second in range(100)]
    assert times(shown(window, *past)) == [float(second) for second in range(39)]


def test_bundles_of_one_minute_are_sorted_into_each_other() -> None:
    window = Window(SECOND, REORDER, BUNDLE)
    bundles = [
        reading((minute * 50 + second) * SECOND + offset, 1.0, name, received=1000 * SECOND)
        for minute in range(20)
        for name, offset in (("a", 0), ("b", 1))
        for second in range(50)
    ]
    found = [*shown(window, *bundles), *window.release(FOREVER)]
    assert window.pending.late == 0
    assert times(found) == [second + 1e-6 for second in range(1000)]
    assert all(isinstance(item, Sample) and item.signals == {"a": 1.0, "b": 1.0} for item in found)


def test_of_one_interval_each_signal_has_its_last_value() -> None:
    window = Window(SECOND, REORDER, BUNDLE)
    shown(window, reading(100, 1.0, "a"), reading(300, 2.0, "a"), reading(200, 3.0, "b"), reading(250, 9.0, "a"))
    assert sampled(window.release(FOREVER)) == [(300, {"a": 2.0, "b": 3.0})]


def test_quality_goes_with_the_value_that_it_was_said_of() -> None:
    window = Window(SECOND, REORDER, BUNDLE)
    shown(window, reading(100, 1.0, "a", quality={"a": "bad"}), reading(200, 3.0, "b"), reading(300, 2.0, "a"))
    (sample,) = window.release(FOREVER)
    assert isinstance(sample, Sample)
    assert sample.quality == {}


def test_what_comes_after_its_time_was_handed_on_is_late_and_changes_nothing() -> None:
    window = Window(SECOND, REORDER, BUNDLE)
    shown(window, *(reading(second * SECOND, 1.0) for second in range(10)))
    mark = window.pending.mark
    assert shown(window, reading(5 * SECOND, 5.0, received=9 * SECOND), reading(0, 5.0, received=9 * SECOND)) == []
    assert (window.pending.late, window.pending.mark) == (2, mark)


@given(st.randoms(use_true_random=False), st.sampled_from([1, SECOND, 700_000]))
def test_any_arrival_order_within_the_window_gives_the_same(chance: random.Random, interval: int) -> None:
    instants = sorted({chance.randrange(100 * SECOND) for _ in range(80)})
    events = [reading(ts, float(n), chance.choice("abc")) for n, ts in enumerate(instants)]
    ordered, shuffled = Window(interval, REORDER, BUNDLE), Window(interval, REORDER, BUNDLE)
    expected = [*shown(ordered, *events), *ordered.release(FOREVER)]
    moved = sorted((e.ts + chance.randrange(REORDER), n) for n, e in enumerate(events))
    arrived = [reading(events[n].ts, *_only(events[n]), received=received) for received, n in moved]
    found = [*shown(shuffled, *arrived), *shuffled.release(FOREVER)]
    assert shuffled.pending.late == 0
    assert sampled(found) == sampled(expected)


def _only(event: Reading) -> tuple[float, str]:
    ((name, value),) = event.signals.items()
    return value, name


def test_a_window_that_is_opened_again_goes_on_where_it_was() -> None:
    events = [reading(second * SECOND, float(second)) for second in range(20)]
    whole, part = Window(SECOND, REORDER, BUNDLE), Window(SECOND, REORDER, BUNDLE)
    expected = shown(whole, *events)
    found = shown(part, *events[:11])
    found += shown(Window(SECOND, REORDER, BUNDLE, part.pending), *events[11:])
    assert found == expected
    assert len(expected) > 10
