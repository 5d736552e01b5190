"""Recordings of many forms are read as rows of one machine at one time."""

import math

import pytest

from edge_maintenance.cells import MICRO
from edge_maintenance.table import Layout, Row, Table, TableError, read_table, seconds


def table(text: str, layout: Layout | None = None) -> tuple[Table, list[Row]]:
    found = read_table(text.splitlines(keepends=True), layout or Layout(), "pump.csv")
    return found, list(found.rows)


@pytest.mark.parametrize("sep", [";", ",", "\t", "|", "   "])
def test_separator_time_and_signals_are_found_out(sep: str) -> None:
    found, rows = table(f"time{sep}a{sep}name\n2020-03-09T10:34:33{sep}1.5{sep}x\n2020-03-09T10:34:34{sep}2{sep}y\n")
    assert (found.time, found.signals) == ("time", ("a",))
    assert rows[1].ts == rows[0].ts + MICRO
    assert [row.values for row in rows] == [{"a": 1.5}, {"a": 2.0}]


def test_unnamed_column_of_times_is_the_time() -> None:
    found, rows = table(",Bearing 1\n2004-02-12 10:32:39,0.0583\n2004.02.12.10.42.39,0.0589\n")
    assert found.time == ""
    assert rows[1].ts == rows[0].ts + 600 * MICRO


def test_file_without_header_has_the_columns_that_are_named() -> None:
    layout = Layout(sep=" ", columns=("unit", "cycle", "s1"), time="cycle", time_scale=3600.0, unit="unit")
    _, rows = table("1 1 518.67  \n1 2 518.70  \n2 1 518.10\n", layout)
    assert [(row.unit, row.ts, row.time) for row in rows] == [
        ("1", 3600 * MICRO, "1"), ("1", 7200 * MICRO, "2"), ("2", 3600 * MICRO, "1"),
    ]  # fmt: skip


def test_without_a_time_column_each_row_of_a_unit_is_a_step() -> None:
    _, rows = table("m;a\nx;1\ny;2\nx;3\n", Layout(unit="m"))
    assert [row.ts for row in rows] == [0, 0, MICRO]


@pytest.mark.parametrize(
    ("cell", "value"), [("1,5", 1.5), ("nan", None), ("", None), ("broken", None), ("-1e3", -1000.0)]
)
def test_cell_is_a_number_or_nan(cell: str, value: float | None) -> None:
    _, rows = table(f"ts;a\n0;1\n1;2\n2;{cell}\n")
    assert rows[2].values["a"] == value or (value is None and math.isnan(rows[2].values["a"]))


def test_short_row_has_no_value_and_unreadable_time_is_none() -> None:
    _, rows = table("ts,a,b\n0,1,2\nsoon,1,2\n2,1\n")
    assert [row.ts for row in rows] == [0, None, 2 * MICRO]
    assert math.isnan(rows[2].values["b"])


def test_option_that_names_no_column_is_told_the_nearest() -> None:
    with pytest.raises(TableError, match=r"pump.csv: --time: no column 'cycl'; did you mean 'cycle'\?"):
        table("cycle,a\n1,2\n", Layout(time="cycl"))


@pytest.mark.parametrize("sep", [r"\s+", "blank", "  "])
def test_blanks_have_many_names(sep: str) -> None:
    found, _ = table("a  b\n1   2\n", Layout(sep=sep))
    assert found.signals == ("a", "b")


def test_separator_of_several_characters_is_refused() -> None:
    with pytest.raises(TableError, match="--sep: one character, or a blank for any run of blanks, not ';;'"):
        table("a;;b\n1;;2\n", Layout(sep=";;"))


def test_column_of_cycles_is_the_time_where_there_is_none_and_counts_steps() -> None:
    found, rows = table("unit,cycle,a\n1,1,5\n1,2,6\n", Layout(unit="unit"))
    assert (found.time, found.layout.time_scale, found.signals) == ("cycle", 1.0, ("a",))
    assert found.notes == ["column 'cycle' is taken as counting steps (see --time-scale)"]
    assert rows[1].ts == 2 * MICRO
    given, _ = table("cycle,a\n1,5\n2,6\n", Layout(time="cycle", time_scale=3600.0))
    assert (given.layout.time_scale, given.notes) == (3600.0, [])


def test_time_that_steps_back_again_and_again_asks_for_the_unit() -> None:
    text = "ts,a\n" + "".join(f"{at % 5},1\n" for at in range(40))
    assert table(text)[0].notes == ["the time steps back again and again: several machines? (see --unit)"]
    assert table(text.replace("ts,a", "ts,unit"), Layout(unit="unit", signals=("ts",)))[0].notes == []
    assert table("ts,a\n1,1\n2,1\n1,1\n2,1\n")[0].notes == []


def test_empty_file_is_said_to_be_empty() -> None:
    with pytest.raises(TableError, match="empty"):
        table("")


@pytest.mark.parametrize(("text", "length_s"), [("20min", 1200.0), ("400s", 400.0), ("400", 400.0), ("7d", 604800.0)])
def test_duration_has_a_unit(text: str, length_s: float) -> None:
    assert seconds(text) == length_s
