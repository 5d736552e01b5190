"""Made-up machines are the same for each seed, and their faults are found while they stay quiet without."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(FOLDER))
from benchmarks import families, made  # noqa: E402

sys.path.remove(str(FOLDER))


def test_machine_is_the_same_for_a_seed_and_another_one_for_another():
    family = made.FAMILIES["bearing"]
    rows = families.rows_of(family, 1, "wear")
    assert rows == families.rows_of(family, 1, "wear")
    assert rows != families.rows_of(family, 2, "wear")
    assert made.stream(3) == made.stream(3)


@pytest.mark.parametrize("name", ["pump", "bearing", "press", "coarse", "heavy tails"])
def test_faults_are_found_and_nothing_else(name):
    family = made.FAMILIES[name]
    for fault in family.faults:
        found, _, false, _ = families.line(family, fault, [11]).split()
        assert (found, false) == ("1/1", "0")
