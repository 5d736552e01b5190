"""Line protocol: whatever the names and values, a parser of another author reads back what was meant."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.influx.lineprotocol import RESERVED, TEXT_MAX, Template, head, line, name, read_name
from tests.influx_stub import parse, split_lines

texts = st.text(min_size=1, max_size=30)
awkward = st.text(alphabet='a,= \\"#%\n\r\t0é€😀', min_size=1, max_size=12)
names = st.one_of(texts, awkward, st.sampled_from(sorted(RESERVED)))
floats = st.floats(allow_nan=False, allow_infinity=False)
values = st.one_of(floats, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.text(max_size=40), awkward)
times = st.integers(-(2**62), 2**62)


@given(names, st.dictionaries(names, names, max_size=4), st.dictionaries(names, values, min_size=1, max_size=5), times)
def test_any_point_is_read_back_as_it_was_meant(
    measurement: str, tags: dict[str, str], fields: dict[str, float | int | bool | str], at: int
) -> None:
    text = line(head(measurement, tags), fields, at)
    assert split_lines(text) == [text]  # one line, and no comment
    (found, found_tags), found_fields, time_ns = parse(text)
    assert (read_name(found), time_ns) == (measurement, at)
    assert {read_name(key): read_name(value) for key, value in found_tags} == tags
    assert [key for key, _ in found_tags] == [key for key, _ in sorted(found_tags, key=lambda tag: read_name(tag[0]))]
    read = {read_name(key): value for key, value in found_fields.items()}
    assert read == fields
    assert {key: type(value) for key, value in read.items()} == {key: type(value) for key, value in fields.items()}


@given(st.lists(names, min_size=1, max_size=5, unique=True), st.data())
def test_lines_of_a_template_are_those_of_single_points(fields: list[str], data: st.DataObject) -> None:
    row = data.draw(st.lists(floats, min_size=len(fields), max_size=len(fields)))
    at = data.draw(st.integers(-(2**50), 2**50))
    start = head("reading", {"machine": "m1 %d"})
    found = Template(start, tuple(fields)).line((*row, at))
    assert parse(found) == parse(line(start, dict(zip(fields, row, strict=True)), at * 1000))


@given(names, names)
def test_different_texts_have_different_names(one: str, other: str) -> None:
    assert (name(one) == name(other)) == (one == other)


def test_names_that_influxdb_keeps_for_itself_are_coded() -> None:
    assert [name(text) for text in ("time", "_field", "#1", "a%41b", "timer")] == [
        "%74ime", "%5Ffield", "%231", "a%2541b", "timer",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2**63, -(2**63) - 1])
def test_what_influxdb_has_no_number_for_is_refused_here(value: float) -> None:
    with pytest.raises(ValueError, match=r"cannot be written|does not fit"):
        line("m", {"a": value}, 1)


def test_point_without_a_field_or_a_name_is_refused_here() -> None:
    with pytest.raises(ValueError, match="needs a field"):
        line("m", {}, 1)
    with pytest.raises(ValueError, match="must not be empty"):
        line("m", {"": 1.0}, 1)
    with pytest.raises(ValueError, match="must not be empty"):
        head("m", {"tag": ""})


def test_long_text_is_cut() -> None:
    (_, fields, _) = parse(line("m", {"a": "ä" * 100_000}, 1))
    assert fields["a"] == "ä" * TEXT_MAX
