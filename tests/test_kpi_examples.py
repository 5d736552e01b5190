"""Worked examples of single KPIs from public sources, through the plugins' own functions and the core's calendar.

Each example has inputs and expected outputs by name. Outputs follow from inputs by the formulas of its group, so
examples of other inputs need nothing here as long as their names do not change.
"""

from __future__ import annotations

import json
import os
from math import isclose, isnan
from pathlib import Path
from typing import Any

import pytest

from tests.kpi_formulas import outputs

HERE = Path(__file__).resolve().parent
PLACE = Path(os.environ.get("EDGE_TEST_KPI_EXAMPLES", HERE.parent.parent / "shared" / "kpi-examples.json"))
EXAMPLES: list[dict[str, Any]] = json.loads(PLACE.read_text("utf-8"))["vectors"] if PLACE.is_file() else []


def is_near(expected: Any, found: Any, tolerance: float) -> bool:
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(is_near, expected, found, [tolerance] * len(found)))
    if isinstance(expected, str) or not isinstance(found, int | float):
        return bool(expected == found)
    return expected is not None and not isnan(found) and isclose(expected, found, rel_tol=1e-9, abs_tol=tolerance)


def test_there_are_examples() -> None:
    if not EXAMPLES:
        pytest.skip(f"no examples at {PLACE}: name their file in EDGE_TEST_KPI_EXAMPLES")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["id"])
def test_example_comes_out_as_published(example: dict[str, Any]) -> None:
    found = outputs(example)
    wrong = [
        f"{name}: expected {expected['value']!r} within {expected['tol']!r}, got {found.get(name)!r}"
        for name, expected in example["expected"].items()
        if not is_near(expected["value"], found.get(name), expected["tol"])
    ]
    assert wrong == []
