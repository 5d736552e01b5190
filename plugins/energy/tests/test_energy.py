"""Energy per part from figures of readings; the cases are data."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge import Count, SignalSummary, Slice
from edge_energy import Energy

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
SECOND = 1_000_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_values_follow_from_readings(case: dict[str, Any]) -> None:
    readings = {name: SignalSummary(1, 0.0, 0.0, 0.0, 0.0, **figures) for name, figures in case["readings"].items()}
    counts = (Count("P", "scheduled", case["total"], case["bad"], case["total"], None),)
    facts = Energy().facts(Slice("a/b/c/d", 0, 3600 * SECOND, (), counts, readings=readings))
    values = Energy().values(facts)
    for name, expected in case["values"].items():
        assert values[name] == (None if expected is None else pytest.approx(expected, rel=1e-12)), name
    assert Energy().flags(facts) == case["flags"]
