"""Weibull distributions are fitted to ages of failure, and of components that are still well."""

import random
from math import exp
from pathlib import Path

import pytest

from edge_maintenance.cli import main
from edge_maintenance.weibull import fit


def test_fit_finds_shape_and_scale_with_half_of_them_still_well() -> None:
    dice = random.Random(7)
    lives = [dice.weibullvariate(1000.0, 2.5) for _ in range(2000)]
    seen = [dice.uniform(300.0, 1500.0) for _ in lives]
    pairs = list(zip(lives, seen, strict=True))
    shape, scale = fit([min(pair) for pair in pairs], [life <= end for life, end in pairs])
    assert shape == pytest.approx(2.5, rel=0.06)
    assert scale == pytest.approx(1000.0, rel=0.03)


def test_fit_agrees_with_the_maximum_of_the_likelihood() -> None:
    """Ages of failure 50, 80, 120 and one well at 150; the likelihood falls to all sides of what is found."""
    shape, scale = fit([50.0, 80.0, 120.0, 150.0], [True, True, True, False])

    def likelihood(shape: float, scale: float) -> float:
        product = exp(-((150.0 / scale) ** shape))
        for age in (50.0, 80.0, 120.0):
            product *= shape / scale * (age / scale) ** (shape - 1) * exp(-((age / scale) ** shape))
        return product

    best = likelihood(shape, scale)
    for step in (0.999, 1.001):
        assert likelihood(shape * step, scale) < best
        assert likelihood(shape, scale * step) < best


def test_command_writes_what_stands_in_the_plant_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "seals.csv").write_text("serial;hours;failed\nA1;50;1\nA2;80;1\nA3;120;1\nA4;150;0\n")
    assert main(["weibull", str(tmp_path / "seals.csv"), "--age", "hours", "--failed", "failed"]) == 0
    shape, scale = fit([50.0, 80.0, 120.0, 150.0], [True, True, True, False])
    assert capsys.readouterr().out == f"weibull = {{ shape = {shape:.4g}, scale_h = {scale:.6g} }}\n"


def test_command_names_the_line_without_an_age(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "seals.csv").write_text("hours;failed\n50;1\n;1\n80;1\n")
    assert main(["weibull", str(tmp_path / "seals.csv"), "--age", "hours"]) == 2
    assert "seals.csv: line 3: no number in 'hours'" in capsys.readouterr().err


@pytest.mark.parametrize("ages", [[], [100.0], [100.0, 100.0], [0.0, 100.0]])
def test_ages_that_decide_nothing_are_refused(ages: list[float]) -> None:
    with pytest.raises(ValueError, match=r"two are needed|above 0"):
        fit(ages, [True] * len(ages))
