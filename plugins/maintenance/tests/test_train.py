"""Remaining life is learned from run-to-failure tables by the command, and said by the model it writes."""

import json
import random
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
