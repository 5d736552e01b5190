"""A scenario that cannot be laid out or asked is a failure of its own, and the others go on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.__main__ import main

WINDOW = {"from": "2025-03-03T05:00:00Z", "to": "2025-03-03T06:00:00Z", "expected": {"scheduled_s": 3600}}
SHIFTS = [{"name": "a", "start": "06:00", "end": "14:30"}, {"name": "b", "start": "14:00", "end": "22:00"}]
NOT_TAKEN = [
    {"ts": "2025-03-03T05:00:00Z", "type": "state", "value": "runing"},
    {"from": "2025-03-03T05:10:00Z", "to": "2025-03-03T05:00:00Z", "type": "interval", "value": "fault"},
]
TOLERANCES: list[dict[str, Any]] = [
    {**WINDOW, "expected": {"scheduled_s": 3599}, "tol": 1e-3},
    {**WINDOW, "expected": {"scheduled_s": 3599, "tol": 1e-3}},
    {**WINDOW, "expected": {"scheduled_s": 3599, "calendar_s": 3600}, "tol": {"scheduled_s": 1e-3}},
    {**WINDOW, "expected": {"scheduled_s": {"value": 3599, "tol": 1e-3}}},
]
AHEAD = {"shift": "a", "date": "2100-03-01", "expected": {"calendar_s": 30600}}
SCENARIOS: dict[str, Any] = {
    "ahead": {"windows": [AHEAD], "calendar": {"shifts": SHIFTS[:1]}},
    "good": {"windows": [WINDOW], "events": NOT_TAKEN},
    "about": {"windows": TOLERANCES},
    "about-not": {
        "windows": [{**WINDOW, "expected": {"scheduled_s": 3599, "calendar_s": 3600}, "tol": {"calendar_s": 1}}]
    },
    "no-time": {"windows": [WINDOW], "events": [{"type": "heartbeat"}]},
    "no-window": {"windows": [{"expected": {}}]},
    "no-such-shift": {"windows": [{"shift": "a", "date": "2025-03-03", "expected": {}}]},
    "no-windows": {},
    "overlap": {"windows": [WINDOW], "calendar": {"shifts": SHIFTS}},
    "wrong": {"windows": [{**WINDOW, "expected": {"scheduled_s": 3599, "oee": 1, "no_such": 0}}]},
}


def test_each_scenario_fails_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, scenario in SCENARIOS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"id": name, **scenario}))
    (tmp_path / "no-json.json").write_text("{")
    monkeypatch.setattr(sys, "argv", ["scenarios", str(tmp_path)])
    assert main() == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "3 passed, 8 failed"
    for name in ("no-json", "no-such-shift", "no-windows", "overlap"):
        assert sum(line.startswith((f"{name}:", f"{name} /")) for line in said) == 1, name
    assert "no-time: ValueError: events[0] has no 'ts'" in said
    assert "no-window / None: ValueError: a window has from and to, shift and date, business_day, or local_day" in said
    assert "about-not / 2025-03-03T05:00:00Z: scheduled_s: expected 3599, got 3600.0" in said
    assert sum(line.startswith("good: not taken: no state `runing`") for line in said) == 1
    assert sum(line.startswith("good: not taken: to: later than from") for line in said) == 1
    assert [line.partition(": ")[2] for line in said if line.startswith("wrong")] == [
        "scheduled_s: expected 3599, got 3600.0", "oee: expected 1, got None", "no_such: expected 0, not there",
    ]  # fmt: skip
