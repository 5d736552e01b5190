"""Remaining life is learned from run-to-failure tables by the command, and said by the model it writes."""

import json
import random
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edge_maintenance.cli import main

LENGTHS = (60, 75, 50, 90, 66, 81, 58, 72)


def wear(lengths: tuple[int, ...], seed: int = 1, regimes: int = 1) -> str:
    """Blank-separated rows of unit, cycle, speed, heat, shake, flat: heat rises and shake grows towards the end."""
    dice = random.Random(seed)
    lines = []
    for unit, length in enumerate(lengths, 1):
        for cycle in range(1, length + 1):
            worn = (cycle / length) ** 3
            speed = dice.randrange(regimes)
            heat = 60 + 20 * speed + 8 * worn + dice.gauss(0, 0.3)
            shake = 2 + speed + 3 * worn + dice.gauss(0, 0.15)
            lines.append(f"{unit} {cycle} {1000 + 500 * speed} {heat:.4f} {shake:.4f} 14.62\n")
    return "".join(lines)


TABLE = ["--sep", " ", "--columns", "unit,cycle,speed,heat,shake,flat", "--unit", "unit", "--time", "cycle"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of worn pumps at two speeds."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "pumps.txt").write_text(wear(LENGTHS, regimes=2))
    out = folder / "pumps.json"
    assert main(["train", str(folder / "pumps.txt"), *TABLE, "--max-life", "40", "-o", str(out)]) == 0
    return out


def assessed(table: Path, *options: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["assess", str(table), *TABLE, *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_model_says_the_life_of_units_it_has_not_seen(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.txt").write_text(wear((70, 64), seed=2, regimes=2))
    lives = [row["rul"] for row in assessed(tmp_path / "new.txt", "--model", str(model), capsys=capsys)]
    left = [length - cycle for length in (70, 64) for cycle in range(1, length + 1)]
    late = [(life, true) for life, true in zip(lives, left, strict=True) if true <= 25]
    assert all(life["unit"] == "cycles" and life["basis"] == "model" for life in lives)
    assert all(0 <= life["low"] <= life["value"] <= life["high"] and life["value"] <= 40 for life in lives)
    assert sum(abs(life["value"] - true) for life, true in late) / len(late) < 5


def test_outside_the_training_the_interval_is_wider_and_says_so(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = wear((70,), seed=2, regimes=2)
    (tmp_path / "usual.txt").write_text(usual)
    rows = [line.split() for line in usual.splitlines()]
    (tmp_path / "hot.txt").write_text("".join(" ".join([*r[:4], str(float(r[4]) + 40), r[5]]) + "\n" for r in rows))
    inside, outside = (
        assessed(tmp_path / name, "--model", str(model), capsys=capsys)[-1]["rul"] for name in ("usual.txt", "hot.txt")
    )
    assert "text" not in inside
    assert outside["text"] == "outside the range of the training (shake): the interval is wider"
    assert outside["high"] - outside["value"] > 1.5 * (inside["high"] - inside["value"])


def test_model_of_other_signals_is_refused_and_one_signal_less_is_noted(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.txt").write_text(wear((30,), seed=2, regimes=2))
    table = ["assess", str(tmp_path / "new.txt"), "--sep", " ", "--unit", "unit", "--time", "cycle"]
    assert main([*table, "--columns", "unit,cycle,speed,heat,s2,flat", "--model", str(model)]) == 0
    assert "the table has no column shake; lives are said without" in capsys.readouterr().err
    assert main([*table, "--columns", "unit,cycle,rpm,heat,shake,flat", "--model", str(model)]) == 2
    assert "the table has no column speed; the columns are rpm, heat" in capsys.readouterr().err


def test_operating_points_are_found_and_what_stands_still_is_left_out(model: Path) -> None:
    found = json.loads(model.read_text())
    assert len(found["regimes"]["centres"]) == 2
    assert found["signals"] == ["heat", "shake"]


def test_same_table_gives_the_same_file(model: Path, tmp_path: Path) -> None:
    (tmp_path / "pumps.txt").write_text(wear(LENGTHS, regimes=2))
    out = tmp_path / "again.json"
    assert main(["train", str(tmp_path / "pumps.txt"), *TABLE, "--max-life", "40", "-o", str(out)]) == 0
    assert out.read_bytes() == model.read_bytes()


def test_too_few_units_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "few.txt").write_text(wear((50, 60, 70)))
    assert main(["train", str(tmp_path / "few.txt"), *TABLE, "-o", str(tmp_path / "m.json")]) == 2
    assert "3 units with a history to failure in column 'unit', at least 5 are needed" in capsys.readouterr().err
    assert not (tmp_path / "m.json").exists()


def test_folder_that_is_not_there_is_said_before_anything_is_learned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pumps.txt").write_text(wear(LENGTHS))
    assert main(["train", str(tmp_path / "pumps.txt"), *TABLE, "-o", str(tmp_path / "gone" / "m.json")]) == 2
    told = capsys.readouterr().err
    assert "there is no folder" in told
    assert "units" not in told


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--time", "cycle"], "training needs --unit COL"),
        (["--unit", "unit", "--time", "cycle", "--signals", "flat"], "every signal stands still"),
        (["--unit", "pump", "--time", "cycle"], "no column 'pump'"),
    ],
)
def test_table_that_cannot_be_learned_from_is_refused(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pumps.txt").write_text(wear(LENGTHS))
    table = ["train", str(tmp_path / "pumps.txt"), "--sep", " ", "--columns", "unit,cycle,speed,heat,shake,flat"]
    assert main([*table, *options, "-o", str(tmp_path / "m.json")]) == 2
    assert message in capsys.readouterr().err


def test_hours_at_irregular_times_with_missing_cells_are_learned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(4)
    lines = ["pump;hours;heat;note\n"]
    for unit in range(7):
        life, hour = dice.uniform(200, 400), 0.0
        while hour < life:
            heat = f"{50 + 10 * (hour / life) ** 3 + dice.gauss(0, 0.5):.2f}" if dice.random() > 0.2 else ""
            lines.append(f"P{unit};{hour:.2f};{heat};ok\n")
            hour = hour + dice.uniform(1.0, 9.0)
    (tmp_path / "hours.csv").write_text("".join(lines))
    columns = ["--unit", "pump", "--time", "hours", "--time-scale", "3600"]
    assert main(["train", str(tmp_path / "hours.csv"), *columns, "-o", str(tmp_path / "m.json")]) == 0
    assert "cross-validated over units: RMSE" in capsys.readouterr().err
    assert json.loads((tmp_path / "m.json").read_text())["unit"] == "h"
    main(["assess", str(tmp_path / "hours.csv"), *columns, "--model", str(tmp_path / "m.json")])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ends = [row["rul"]["value"] for row, after in pairwise(rows) if after["unit"] != row["unit"]]
    assert len(ends) == 6
    assert max(ends) < 40  # of lives of 200 to 400


def test_without_scikit_learn_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "edge_maintenance.train_life", None)
    (tmp_path / "pumps.txt").write_text(wear(LENGTHS))
    assert main(["train", str(tmp_path / "pumps.txt"), *TABLE, "-o", str(tmp_path / "m.json")]) == 2
    assert "pip install 'edge-maintenance[ml]'" in capsys.readouterr().err
