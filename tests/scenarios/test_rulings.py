"""Each ruling of the definitions as a small scenario, through the service's inside and through the oracle."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import Calendar, numbers
from tests.scenarios.compare import missed
from tests.scenarios.layout import as_level
from tests.scenarios.offline import run
from tests.scenarios.said import instant
from tests.scenarios.scenario import Expectation, Prepared, prepare

DATA = sorted((Path(__file__).parent / "data").glob("*.json"))
OF_OTHERS = {42}  # points on a control limit: for who draws control charts


@pytest.mark.parametrize("file", DATA, ids=lambda file: file.stem)
def test_scenario_gives_its_numbers(file: Path) -> None:
    for expectation, found in run(prepare([file])):
        assert missed(expectation, found) == []


@pytest.mark.parametrize("file", DATA, ids=lambda file: file.stem)
def test_oracle_gives_its_numbers(file: Path) -> None:
    prepared = prepare([file])
    for expectation in prepared.expectations:
        assert missed(expectation, by_oracle(prepared, expectation)) == []


def test_every_ruling_has_a_scenario() -> None:
    rulings = {number for file in DATA for number in json.loads(file.read_text(encoding="utf-8"))["rulings"]}
    assert rulings | OF_OTHERS == set(range(1, 43))


def by_oracle(prepared: Prepared, expectation: Expectation) -> dict[str, Any]:
    """What the oracle says of one window; it finds the window by its own calendar."""
    window = expectation.window
    calendar = Calendar(prepared.plant["sites"][expectation.site])
    if "shift" in window:
        start, end = calendar.shift(as_level(window["shift"]), date.fromisoformat(window["date"]))
    elif "business_day" in window:
        start, end = calendar.business_day(date.fromisoformat(window["business_day"]))
    elif "local_day" in window:
        start, end = calendar.local_day(date.fromisoformat(window["local_day"]))
    else:
        start, end = instant(window["from"]), instant(window["to"])
    cut = 1 << 60 if expectation.as_of is None else expectation.as_of
    own, of_all = (
        numbers(
            prepared.plant, prepared.messages, one.machine_paths, start, end, cut, as_of=expectation.as_of is not None
        )
        for one in (expectation, expectation.of_all)
    )
    for found in (own, of_all):
        found["units"] = {name: found[name] for name in ("stations", "rty", "line_fpy")}
    return own | {name: of_all[name] for name in expectation.of_line}
