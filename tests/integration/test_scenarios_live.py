"""The scenarios through broker, service and HTTP: the same numbers as without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.compare import missed
from tests.scenarios.live import run
from tests.scenarios.scenario import prepare

PROJECT = Path(__file__).resolve().parents[2]
OWN = PROJECT / "tests" / "scenarios" / "data"
SHARED = PROJECT.parent / "shared" / "scenarios"
FOLDERS = [folder for folder in (OWN, SHARED) if folder.is_dir()]


if FOLDERS:

    @pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
    def test_every_number_of_the_scenarios_comes_over_http(folder: Path) -> None:
        files = sorted(folder.rglob("*.json"))
        assert files
        prepared = prepare(files)
        assert prepared.refused == {}
        assert [line for expectation, found in run(prepared) for line in missed(expectation, found)] == []
