"""The codec of chunks gives every finite float and every instant back, bit for bit."""

from __future__ import annotations

import math
import random
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.store import chunks
from edge.store.chunks import pack_times, pack_values, unpack_times, unpack_values

EDGES = [0.0, -0.0, 5e-324, -5e-324, 2.2e-308, 1.7976931348623157e308, -1.7976931348623157e308, 2.0**51, 2.0**53 + 2,
         1e15, 0.1, 1 / 3, 123456789.123456, 1e-9, 1e22]  # fmt: skip
anything = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(EDGES))
decimals = st.integers(0, 9).flatmap(lambda p: st.integers(-(10**9), 10**9).map(lambda n: n / 10**p))
singles = st.floats(width=32, allow_nan=False, allow_infinity=False)
integers = st.integers(-(10**6), 10**6).map(float)


def bits(values: list[float]) -> bytes:
    return array("d", values).tobytes()


def roundtrip(values: list[float]) -> bytes:
    packed = pack_values(values, min(values), max(values))
    assert bits(unpack_values(packed, len(values))) == bits(values)
    return packed


@given(st.one_of(st.lists(kind, min_size=1, max_size=200) for kind in (anything, decimals, singles, integers)))
def test_any_finite_floats_come_back(values: list[float]) -> None:
    roundtrip(values)


@given(st.lists(st.one_of(decimals, anything), min_size=1, max_size=60))
def test_mixed_floats_come_back(values: list[float]) -> None:
    roundtrip(values)


@given(st.integers(0, 9), st.integers(0, 2**50), st.lists(st.integers(-300, 300), min_size=1, max_size=300))
def test_small_steps_from_any_level_come_back(places: int, level: int, steps: list[int]) -> None:
    values, at = [], level
    for step in steps:
        at += step
        values.append(at / 10**places)
    roundtrip(values)


@given(st.lists(st.integers(-(2**61), 2**61), min_size=1, max_size=100, unique=True).map(sorted))
def test_any_rising_instants_come_back(times: list[int]) -> None:
    assert unpack_times(pack_times(times), len(times)) == times


@given(st.integers(1, 10**9), st.lists(st.integers(1, 10**8), max_size=200), st.sampled_from([1, 1000, 10**6]))
def test_instants_of_any_resolution_come_back(first: int, gaps: list[int], unit: int) -> None:
    times = [first]
    for gap in gaps:
        times.append(times[-1] + gap * unit)
    assert unpack_times(pack_times(times), len(times)) == times


def noise(n: int = 2000) -> list[float]:
    rng = random.Random(7)
    return [round(rng.gauss(50, 1), 3) for _ in range(n)]


def walk(n: int = 2000) -> list[float]:
    rng, at, out = random.Random(7), 0.0, []
    for _ in range(n):
        at += rng.gauss(0, 0.01)
        out.append(round(20 + at, 3))
    return out


@pytest.mark.parametrize(
    ("name", "values", "form", "bytes_per_value"),
    [
        ("constant", [5.0] * 2000, chunks.CONSTANT, 0.01),
        ("decimal noise", noise(), chunks.DECIMAL, 1.8),
        ("slow drift", walk(), chunks.STEPS, 0.8),
        ("counter", [float(7 * n) for n in range(2000)], chunks.STEPS, 0.05),
        ("32-bit floats", array("f", [math.sin(n) for n in range(2000)]).tolist(), chunks.SINGLE, 3.5),
        ("any doubles", [math.sin(n) for n in range(2000)], chunks.PLANES, 7.5),
        ("few doubles", [1 / (1 + n % 9) for n in range(2000)], chunks.DOUBLE, 0.2),
        ("noise around zero", [round(v - 50, 2) * (-1) ** n for n, v in enumerate(noise())], chunks.SIGNED_ZEROS, 1.5),
    ],
)
def test_each_kind_of_column_finds_its_form(name: str, values: list[float], form: int, bytes_per_value: float) -> None:
    packed = roundtrip(values)
    assert (packed[0], len(packed) / len(values) <= bytes_per_value) == (form, True), f"{name}: {len(packed)} bytes"


def test_regular_instants_cost_nothing_per_point() -> None:
    times = list(range(10**15, 10**15 + 2000 * 10**6, 10**6))
    assert len(pack_times(times)) < 32
