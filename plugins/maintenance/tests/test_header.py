"""Files with a header, without one, with another one, and with names that do not fit are told apart."""

import pytest

from edge_maintenance.table import Layout, TableError, read_table

TURBINE = "1 1 0.5 518.67  \n1 2 0.6 518.70  \n1 3 0.4 518.71  \n"


def read(text: str, layout: Layout | None = None):
    found = read_table(text.splitlines(keepends=True), layout or Layout(), "t.txt")
    return found, list(found.rows)


def test_rows_of_numbers_alone_have_no_header_and_are_all_kept():
    found, rows = read(TURBINE, Layout(unit="c1", time="c2"))
    assert len(rows) == 3
    assert found.signals == ("c3", "c4")
    assert found.notes == ["there is no header; the columns are called c1 to c4 (see --columns)"]


def test_row_with_a_time_like_the_next_one_is_no_header():
    found, rows = read("2004-02-12 10:32:39,0.058\n2004-02-12 10:42:39,0.059\n")
    assert (len(rows), found.time, found.signals) == (2, "c1", ("c2",))


@pytest.mark.parametrize("text", ["time,1,2\n2020-01-01,5,6\n2020-01-02,5,6\n", "0;1;2\n5;6;7\n8;9;1\n"])
def test_names_that_are_numbers_are_a_header_where_they_count_or_stand_beside_a_word(text):
    found, rows = read(text)
    assert (len(rows), found.notes) == (2, [])


@pytest.mark.parametrize(("header", "notes"), [
    ("UNIT cycle set s1\n", []), ("id n x y\n", ["the header (id, n, x ...) is replaced by --columns"]),
])  # fmt: skip
def test_header_is_passed_over_where_names_are_given(header, notes):
    found, rows = read(header + TURBINE, Layout(sep=" ", columns=("unit", "cycle", "set", "s1"), time_scale=1.0))
    assert (len(rows), found.notes) == (3, notes)


def test_more_names_than_columns_are_refused_and_fewer_are_noted():
    with pytest.raises(TableError, match=r"t.txt: --columns names 5 columns, but the rows have 4 \(separator ' '\)"):
        read(TURBINE, Layout(columns=("unit", "cycle", "set", "s1", "s2")))
    with pytest.raises(TableError, match=r"names 3 columns, but the rows have 1 \(separator ','\)"):
        read(TURBINE, Layout(sep=",", columns=("unit", "cycle", "s1")))
    found, rows = read(TURBINE, Layout(columns=("unit", "cycle", "set"), time_scale=1.0))
    assert found.notes == ["the rows have 4 columns, 3 are named: the others are left out"]
    assert set(rows[0].values) == {"unit", "set"}


def test_blanks_and_separators_at_the_end_are_no_columns():
    found, _ = read("a;b;\n1;2;\n3;4;\n")
    assert (found.signals, found.notes) == (("a", "b"), [])


def test_name_that_is_there_twice_gets_a_number():
    found, rows = read("time;flow;flow\n1;2;3\n2;4;5\n")
    assert rows[0].values == {"flow": 2.0, "flow.2": 3.0}
    assert found.notes == ["there is more than one column 'flow': this one is called 'flow.2'"]
