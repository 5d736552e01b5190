"""Sums of facts: exact, whatever the order and the stages."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.facts import condensed, in_64_bits, total, unfit
from tests.properties.effort import examples

numbers = st.integers(-1000, 1000) | st.floats(-1e12, 1e12)
facts = st.dictionaries(st.sampled_from("abc"), numbers) | st.fixed_dictionaries(
    {"a": numbers, "of": st.dictionaries(st.sampled_from("xy"), numbers)}
)


@examples(200)
@given(st.lists(st.lists(facts, min_size=1, max_size=4), min_size=1, max_size=5))
def test_a_sum_by_stages_has_the_digits_of_a_sum_at_once(groups: list[list[dict[str, Any]]]) -> None:
    at_once = total(part for group in groups for part in group)
    assert total(part for group in groups for part in condensed(group)) == at_once


def test_what_rounding_took_is_kept_apart() -> None:
    assert condensed([{"s": 1e16, "n": 1}, {"s": 1.0, "n": 2}]) == [{"s": 1e16, "n": 3}, {"s": 1.0}]


def test_facts_of_zero_keep_their_names() -> None:
    assert condensed([{"s": 1.5, "of": {"x": 0}}, {"s": -1.5}]) == [{"s": 0.0, "of": {"x": 0}}]


@pytest.mark.parametrize("value", [nan, inf, -inf, 1.7e308, 10**400, True, "7", None])
def test_what_cannot_be_added_up_is_named(value: object) -> None:
    found = unfit({"a": 1, "b": {"c": value}})
    assert found is not None
    assert "facts['b']['c']" in found


def test_numbers_of_any_use_can_be_added_up() -> None:
    assert unfit({"a": -(2**70), "b": {"c": 1e200}}) is None
    assert in_64_bits({"a": -(2**70), "b": {"c": 2**62}}) == {"a": -float(2**70), "b": {"c": 2**62}}
