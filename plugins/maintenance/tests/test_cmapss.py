"""The benchmark of turbofans scores as the field does, and beats its controls on engines that wear."""

import argparse
import importlib.util
import math
import random
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def cmapss() -> ModuleType:
    path = Path(__file__).parent.parent / "benchmarks" / "cmapss.py"
    spec = importlib.util.spec_from_file_location("maintenance_cmapss", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_errors_late_and_early_are_scored_as_nasa_does(cmapss: ModuleType) -> None:
    early, late = cmapss.Said(37.0, 20.0, 45.0, 50.0), cmapss.Said(60.0, 45.0, 70.0, 50.0)
    assert cmapss.score([early]) == pytest.approx(math.e - 1)
    assert cmapss.score([late]) == pytest.approx(math.e - 1)
    assert cmapss.rmse([early, late]) == pytest.approx(math.sqrt((13**2 + 10**2) / 2))
    assert cmapss.covered([early, late]) == 0.5


def test_age_alone_says_the_mean_of_what_older_units_had_left(cmapss: ModuleType) -> None:
    assert cmapss.mean_left([100.0, 200.0, 400.0], 150.0, 125.0) == (50.0 + 125.0) / 2
    assert cmapss.mean_left([100.0], 150.0, 125.0) == 0.0


def engines(lengths: list[int], until: list[int], seed: int) -> str:
    """Rows of 26 columns; sensors 2 and 3 tell wear, the others are noise or stand still."""
    dice = random.Random(seed)
    lines = []
    for unit, (length, end) in enumerate(zip(lengths, until, strict=True), 1):
        for cycle in range(1, end + 1):
            worn = math.exp((cycle - length) / 25)
            sensors = [14.6, 640 + 6 * worn + dice.gauss(0, 0.4), 1590 - 9 * worn + dice.gauss(0, 0.6)]
            sensors += [dice.gauss(0, 1), *[21.6] * 17]
            lines.append(" ".join(map(str, [unit, cycle, 0.001, 0.0, 100.0, *sensors])) + "\n")
    return "".join(lines)


def test_model_beats_age_and_constant(cmapss: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(5)
    lengths = [dice.randrange(70, 160) for _ in range(24)]
    (tmp_path / "train.txt").write_text(engines(lengths[:12], lengths[:12], seed=1))
    ends = [dice.randrange(40, length) for length in lengths[12:]]
    (tmp_path / "test.txt").write_text(engines(lengths[12:], ends, seed=2))
    left = [length - end for length, end in zip(lengths[12:], ends, strict=True)]
    (tmp_path / "rul.txt").write_text("".join(f"{life}\n" for life in left))
    train, test, rul = (str(tmp_path / name) for name in ("train.txt", "test.txt", "rul.txt"))
    cmapss.run(argparse.Namespace(train=train, test=test, rul=rul, max_life=60.0, seeds=1))
    _, model, age, constant, cost = capsys.readouterr().out.splitlines()
    capped = {line.split()[0]: float(line.split()[offset]) for line, offset in ((model, 2), (age, 3), (constant, 2))}
    assert "times json.loads" in cost
    assert capped["model"] < 0.6 * min(capped["age"], capped["constant"])
