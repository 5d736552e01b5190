"""Each ruling of the definitions as a small scenario, through the service's inside and through the oracle."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edge.clock import from_text
from tests.oracle import Calendar, numbers
from tests.scenarios.compare import TOLERANCE, differences
from tests.scenarios.compare import numbers as answered
from tests.scenarios.offline import run
from tests.scenarios.scenario import Expectation, Prepared, prepare

DATA = sorted((Path(__file__).parent / "data").glob("*.json"))
OF_OTHERS = {42}  # points on a control limit: for who draws control charts


@pytest.mark.parametrize("file", DATA, ids=lambda file: file.stem)
def test_scenario_gives_its_numbers(file: Path) -> None:
    for expectation, answers in run(prepare([file])):
        assert missed(expectation, answered(answers)) == []


@pytest.mark.parametrize("file", DATA, ids=lambda file: file.stem)
def test_oracle_gives_its_numbers(file: Path) -> None:
    prepared = prepare([file])
    for expectation in prepared.expectations:
        assert missed(expectation, by_oracle(prepared, expectation)) == []


def test_every_ruling_has_a_scenario() -> None:
    rulings = {number for file in DATA for number in json.loads(file.read_text(encoding="utf-8"))["rulings"]}
    assert rulings | OF_OTHERS == set(range(1, 43))


def missed(expectation: Expectation, found: dict[str, Any]) -> list[str]:
    tolerance = expectation.window.get("tol", TOLERANCE)
    return [f"{expectation.name}: {line}" for line in differences(expectation.window["expected"], found, tolerance)]


def by_oracle(prepared: Prepared, expectation: Expectation) -> dict[str, Any]:
    """What the oracle says of one window; it finds the window by its own calendar."""
    window = expectation.window
    calendar = Calendar(prepared.plant["sites"][expectation.site])
    if "shift" in window:
        start, end = calendar.shift(window["shift"], date.fromisoformat(window["date"]))
    elif "business_day" in window:
        start, end = calendar.business_day(date.fromisoformat(window["business_day"]))
    elif "local_day" in window:
        start, end = calendar.local_day(date.fromisoformat(window["local_day"]))
    else:
        start, end = from_text(window["from"]), from_text(window["to"])
    as_of = window.get("as_of")
    cut = 1 << 60 if as_of is None else from_text(as_of)
    plant, messages, paths = prepared.plant, prepared.messages, expectation.paths
    found = numbers(plant, messages, paths, start, end, cut, as_of=as_of is not None)
    return {**found, "units": {name: found[name] for name in ("stations", "rty", "line_fpy")}}
