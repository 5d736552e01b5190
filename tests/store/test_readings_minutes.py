"""The minutes of an hour come back as they were, except that sums of decimals lose the rounding of their additions."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from edge.store.minutes import OPEN, PACKED, Stat, merge, pack, unpack

finite = st.floats(allow_nan=False, allow_infinity=False)
stats = st.tuples(st.integers(1, 2**31), finite, finite, finite).map(
    lambda s: Stat(s[0], min(s[1:3]), max(s[1:3]), s[3])
)
hours = st.dictionaries(st.integers(0, 59), stats, min_size=1)


@given(hours)
def test_an_open_hour_comes_back(minutes: dict[int, Stat]) -> None:
    assert unpack(pack(minutes, OPEN)) == minutes


@given(hours)
def test_a_packed_hour_comes_back_within_the_rounding_of_its_sums(minutes: dict[int, Stat]) -> None:
    again = unpack(pack(minutes, PACKED))
    assert {place: s[:3] for place, s in again.items()} == {place: s[:3] for place, s in minutes.items()}
    for place, s in minutes.items():
        assert abs(again[place].total - s.total) <= s.n * s.n * max(-s.low, s.high) * 2.3e-16


@given(st.lists(st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=80), min_size=1, max_size=60))
def test_sums_of_decimals_are_the_exact_ones(minutes: list[list[int]]) -> None:
    known = {place: Stat.of([n / 1000 for n in values]) for place, values in enumerate(minutes)}
    again = unpack(pack(known, PACKED))
    places = 3 if any(n % 10 for s in known.values() for n in (round(s.low * 1000), round(s.high * 1000))) else None
    if places:
        assert [again[place].total for place in range(len(minutes))] == [sum(values) / 1000 for values in minutes]


def test_an_hour_of_noise_takes_seven_bytes_a_minute() -> None:
    rng = random.Random(1)
    minutes = {place: Stat.of([round(rng.gauss(50, 1), 3) for _ in range(60)]) for place in range(60)}
    assert len(pack(minutes, PACKED)) < 7.5 * 60


@given(
    st.lists(st.sampled_from([1.7e308, -1.7e308, 1.0]), min_size=1, max_size=9).map(lambda v: [Stat.of([x]) for x in v])
)
def test_merging_never_makes_a_sum_that_is_no_number(parts: list[Stat]) -> None:
    whole = merge([merge(parts), merge(parts)])
    assert whole.low <= whole.mean <= whole.high


def test_a_sum_near_the_largest_float_is_packed_as_it_is() -> None:
    minutes = {0: Stat(2, 1.5, 1.7e308, 1.7e308), 7: Stat(1, -2.25, -2.25, -2.25)}
    assert unpack(pack(minutes, PACKED)) == minutes
