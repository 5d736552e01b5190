"""Products and calendars from CSV: what they become, every mistake with line and column, and how they are written."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from edge.cli import app
from edge.settings.load import load
from edge.settings.toml_text import toml_text

ROOT = Path(__file__).parents[2]
PRODUCTS = "product,ideal_cycle_s,parts_per_cycle,title\n"
CALENDAR = "site,kind,name,start,end,days,minutes,from,to,reason\n"
HOLIDAY = "demo,planned,,,,,,2026-12-24T00:00:00+01:00,2026-12-27T00:00:00+01:00,holiday\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


def edge_import(config: Path, what: str, text: str | bytes, *options: str) -> Result:
    file = config.parent / "rows.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return CliRunner().invoke(app, ["import", what, str(file), "--config", str(config), *options])


TAKEN: list[tuple[str, str, dict[str, Any]]] = [
    (
        "products",
        PRODUCTS + 'P1,4.5,2,"Can, ""small"""\n\nÖl-7,3,,\n',
        {
            "products": {
                "P1": {"ideal_cycle_s": 4.5, "parts_per_cycle": 2, "title": 'Can, "small"'},
                "Öl-7": {"ideal_cycle_s": 3},
            }
        },
    ),
    ("products", "\ufeffideal_cycle_s;product\r\n2;X\r\n", {"products": {"X": {"ideal_cycle_s": 2}}}),
    (
        "calendar",
        CALENDAR + "a,shift,early,06:00,14:00,Mon-Wed fri,,,,\na,break,early,09:00,,,12.5,,,breakfast\n",
        {
            "sites": {
                "a": {
                    "shifts": [
                        {"name": "early", "start": "06:00", "end": "14:00", "days": ["mon", "tue", "wed", "fri"]}
                    ],
                    "breaks": [{"shift": "early", "start": "09:00", "minutes": 12.5, "name": "breakfast"}],
                }
            }
        },
    ),
    (
        "calendar",
        "site,kind,name,start,end,days\na,shift,n,22:00,06:00,fri-mon\n",
        {
            "sites": {
                "a": {"shifts": [{"name": "n", "start": "22:00", "end": "06:00", "days": ["fri", "sat", "sun", "mon"]}]}
            }
        },
    ),
]


@pytest.mark.parametrize(("what", "text", "data"), TAKEN)
def test_rows_become_toml(config: Path, what: str, text: str, data: dict[str, Any]) -> None:
    done = edge_import(config, what, text)
    assert (done.exit_code, done.stderr) == (0, "")
    assert tomllib.loads(done.stdout) == data
    assert not list(config.glob("*.bak*"))


WRONG = [
    ("products", PRODUCTS + 'P1,"4,5",,\n', ['2: ideal_cycle_s = "4,5": must be a number; did you mean 4.5?']),
    ("products", PRODUCTS + "P1,0,,\n", ['2: ideal_cycle_s = "0": must be greater than 0']),
    ("products", PRODUCTS + "P1,nan,,\n", ['2: ideal_cycle_s = "nan": must be a number']),
    ("products", PRODUCTS + '"P\n1",4,,\nP2,4,x,\n', ['4: parts_per_cycle = "x": must be a whole number']),
    ("products", PRODUCTS + "P1,4,1.5,\n", ['2: parts_per_cycle = "1.5": must be a whole number']),
    ("products", PRODUCTS + "P1,,,\n,4,,\n", ["2: ideal_cycle_s: is missing and has no default", "3: product: is mis"]),
    ("products", PRODUCTS + "P1,4,,\nP1,5,,\n", ['3: product = "P1": stands in line 2 already']),
    ("products", PRODUCTS + "P1,4,,a,b\n", ["2: has 5 cells, the header 4"]),
    ("products", PRODUCTS, ["1: has no rows"]),
    ("products", "", ["1: product: is missing in the header", "1: ideal_cycle_s: is missing in the header"]),
    (
        "products",
        "product,ideal_cycle,ideal_cycle_s\n",
        ["1: ideal_cycle: is no column here", "did you mean ideal_cycle_s?"],
    ),
    ("products", "product,ideal_cycle_s,product\nP1,4,P2\n", ["1: product: stands in the header twice"]),
    ("products", PRODUCTS + '"P1,4,,\n', ["2: is no CSV: unexpected end of data"]),
    ("products", (PRODUCTS + "Öl,4,,\n").encode("latin-1"), ["2: byte 0xd6 is not UTF-8"]),
    (
        "calendar",
        CALENDAR + "demo,shft,a,06:00,14:00,,,,,\n",
        ['2: kind = "shft": must be one of', "did you mean shift?"],
    ),
    (
        "calendar",
        CALENDAR + "demo,shift,a,6:00,14:00,,,,,\n",
        ['2: start = "6:00": must be a time', "did you mean 06:00?"],
    ),
    ("calendar", CALENDAR + "demo,shift,a,06:00,14:00,mon-fry,,,,\n", ['2: days = "mon-fry": must be one of mon, tue']),
    (
        "calendar",
        CALENDAR + "a,shift,x,06:00,14:00,,,,,\na,shift,y,13:00,20:00,,,,,\n",
        ['3: start = "13:00": shift y ov'],
    ),
    (
        "calendar",
        CALENDAR + "demo,break,erly,09:00,,,15,,,\n",
        ['2: name = "erly": is no shift', "did you mean early?"],
    ),
    (
        "calendar",
        CALENDAR + "demo,break,early,15:00,,,15,,,\n",
        ['2: start = "15:00": must lie inside the shift early'],
    ),
    ("calendar", CALENDAR + HOLIDAY.replace("+01:00", ""), ['2: from = "2026-12-24T00:00:00": has no UTC offset']),
    ("calendar", CALENDAR + HOLIDAY.replace("-27T", "-23T"), ['2: to = "2026-12-23T00:00:00+01:00": must be later']),
    (
        "calendar",
        CALENDAR + HOLIDAY.replace("planned,,", "planned,,06:00"),
        ['2: start = "06:00": means nothing for pl'],
    ),
    (
        "calendar",
        CALENDAR + HOLIDAY.replace("demo", "de mo"),
        ['2: site = "de mo": must be one level', "did you mean de-mo?"],
    ),
]


@pytest.mark.parametrize(("what", "text", "said"), WRONG)
def test_mistake_is_named_with_file_line_column_and_value(
    config: Path, what: str, text: str | bytes, said: list[str]
) -> None:
    before = (config / "plant.toml").read_bytes()
    done = edge_import(config, what, text, "--write")
    assert (done.exit_code, done.stdout) == (78, "")
    file = str(config.parent / "rows.csv")
    for part in said:
        assert (f"{file}:{part}" if part[0].isdigit() else part) in done.stderr
    assert (config / "plant.toml").read_bytes() == before
    assert not list(config.glob("*.bak*"))


def test_a_file_that_is_not_there_ends_with_78(config: Path) -> None:
    done = CliRunner().invoke(app, ["import", "products", "no/such.csv", "--config", str(config)])
    assert (done.exit_code, done.stdout) == (78, "")
    assert done.stderr.startswith("no/such.csv: does not exist")


def test_written_file_is_the_one_before_with_the_rows_in_it(config: Path) -> None:
    before = load(config).plant
    text = (config / "plant.toml").read_text()
    done = edge_import(config, "products", PRODUCTS + "P1,9,,Crate\nP9,2,,\n", "--write")
    assert done.stdout == f"{config / 'plant.toml'}: written; the file before is {config / 'plant.toml.bak1'}\n"
    edge_import(config, "calendar", CALENDAR + HOLIDAY, "--write")
    after = load(config).plant
    assert (config / "plant.toml.bak1").read_text() == text
    assert load_products(config / "plant.toml.bak2") == load_products(config / "plant.toml") == ["P1", "P2", "P3", "P9"]
    assert (after.products["P1"].ideal_cycle_s, after.products["P2"]) == (9, before.products["P2"])
    assert (after.lines, after.machines) == (before.lines, before.machines)
    assert after.sites["demo"].shifts == before.sites["demo"].shifts
    assert [slot.reason for slot in after.sites["demo"].planned] == ["holiday"]
    assert sorted(file.name for file in config.iterdir() if file.name.startswith(".")) == []


def load_products(file: Path) -> list[str]:
    return list(tomllib.loads(file.read_text())["products"])


def test_mistake_that_the_rows_would_make_elsewhere_is_named(config: Path) -> None:
    with (config / "plant.toml").open("a") as file:
        file.write('\n[[sites.demo.breaks]]\nshift = "night"\nstart = "03:00"\nminutes = 5\n')
    done = edge_import(config, "calendar", CALENDAR + "demo,shift,early,06:00,14:00,,,,,\n", "--write")
    assert done.exit_code == 78
    assert 'plant.toml with these rows: sites.demo.breaks[0].shift = "night": is no shift' in done.stderr


def test_examples_of_the_reference_are_taken(config: Path) -> None:
    found = re.findall(r"^```csv\n(.*?)^```", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(found) == 2
    for what, text in zip(("products", "calendar"), found, strict=True):
        done = edge_import(config, what, text, "--write")
        assert (done.exit_code, done.stderr) == (0, "")


def test_a_first_plant_file_can_come_from_rows(config: Path) -> None:
    (config / "plant.toml").unlink()
    assert edge_import(config, "products", PRODUCTS + "P1,4,,\n", "--write").exit_code == 0
    assert load(config).plant.products["P1"].ideal_s == 4


SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])), st.integers(-(2**53), 2**53), st.floats(allow_nan=False),
    st.booleans(), st.datetimes(), st.times(),
)  # fmt: skip
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TABLES = st.recursive(
    st.dictionaries(KEYS, SCALARS | st.lists(SCALARS)),
    lambda table: st.dictionaries(KEYS, table | st.lists(table)),
    max_leaves=12,
)


@given(TABLES)
def test_toml_reads_back_as_it_was_written(data: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(data)) == data


def test_the_shipped_plant_reads_back() -> None:
    data = tomllib.loads((ROOT / "config" / "plant.toml").read_text())
    assert tomllib.loads(toml_text(data)) == data
