"""`edge-maintenance assess` writes one JSON object a row, whatever the rows hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_maintenance.cli import main

MEMBERS = ["ts", "unit", "state", "score", "health", "rul", "reasons"]


def written(capsys, tmp_path: Path, text: str, *options: str) -> list[dict]:
    file = tmp_path / "pump.csv"
    file.write_text(text, encoding="utf-8")
    assert main(["assess", str(file), *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def recording(shop, rows: int, change: float = 0.0, first: int = 0) -> str:
    calm = shop.noisy()
    lines = ["time;" + ";".join(shop.signals)]
    for t in range(first, rows):
        at = calm(t) | ({"flow": calm(t)["flow"] + change} if t >= 600 else {})
        lines.append(f"2025-03-03 06:{t // 60:02}:{t % 60:02};" + ";".join(f"{at[name]:.3f}" for name in shop.signals))
    return "\n".join(lines) + "\n"


def test_each_row_has_all_members_and_the_change_its_reasons(shop, capsys, tmp_path):
    said = written(capsys, tmp_path, recording(shop, 700, -5.0))
    assert len(said) == 700
    assert all(list(one) == MEMBERS for one in said)
    assert said[0] == {
        "ts": "2025-03-03T06:00:00Z", "unit": None, "state": "learning", "score": 0.0, "health": None, "rul": None,
        "reasons": [],
    }  # fmt: skip
    assert said[-1]["state"] in shop.alarms
    assert said[-1]["score"] >= 1
    reason = said[-1]["reasons"][0]
    assert list(reason) == ["signal", "value", "expected", "change_pct", "sigma", "since"]
    assert reason["signal"] == "flow"
    assert reason["change_pct"] == pytest.approx(-10, abs=2)
    assert reason["since"] >= "2025-03-03T06:10:00Z"


def test_rows_with_holes_words_and_times_that_repeat_or_go_back_are_answered_too(shop, capsys, tmp_path):
    lines = recording(shop, 650).splitlines()
    lines[500] = lines[500].rsplit(";", 1)[0] + ";broken"
    lines[501] = "2025-03-03 06:08:20;;;;"
    lines[502] = lines[501 - 30]
    lines[503] = "soon;50;50;50;50"
    lines[504] = "2025-03-03 06:08:23;NaN;inf;-inf;1e400"
    said = written(capsys, tmp_path, "\n".join(lines) + "\n")
    assert len(said) == 650
    assert {one["state"] for one in said[400:500]} == {one["state"] for one in said[505:]} == {"ok"}


def test_units_are_machines_of_their_own(shop, capsys, tmp_path):
    rows = ["unit,cycle,a,b,c"]
    for cycle in range(1, 61):
        for unit in ("x", "y"):
            at = shop.noisy("abc", seed=1 if unit == "x" else 2)(cycle)
            worn = max(cycle - 40, 0) if unit == "y" else 0
            rows.append(f"{unit},{cycle},{at['a'] + worn},{at['b']},{at['c']}")
    said = written(capsys, tmp_path, "\n".join(rows), "--unit", "unit", "--time", "cycle", "--time-scale", "3600")
    assert [one["ts"] for one in said[:3]] == [1.0, 1.0, 2.0]
    assert {one["state"] for one in said if one["unit"] == "x"} == {"learning", "ok"}
    assert [one for one in said if one["unit"] == "y"][-1]["state"] in shop.alarms


def test_learning_time_is_that_of_the_option(shop, capsys, tmp_path):
    said = written(capsys, tmp_path, recording(shop, 600), "--learn", "100s")
    assert sum(one["state"] == "learning" for one in said) == pytest.approx(110, abs=3)


def test_kind_of_a_signal_decides_what_matters(shop, capsys, tmp_path):
    text = recording(shop, 700, -5.0)
    assert written(capsys, tmp_path, text, "--kind", "flow=vibration")[-1]["state"] == "ok"


def rising(rows: int = 1500) -> str:
    """Vibration that rises from 1 to 7 mm/s in so many seconds."""
    lines = (f"2025-03-03 06:{t // 60:02}:{t % 60:02};{1 + 6 * t / rows + 0.02 * (t % 5):.3f}" for t in range(rows))
    return "\n".join(["time;vibration", *lines]) + "\n"


def test_limits_and_zones_are_those_of_the_plant_file(shop, capsys, tmp_path):
    said = written(capsys, tmp_path, rising(), "--high", "vibration=5.5", "--iso-class", "II", "--learn", "5min")
    texts = [{one["text"] for one in row["reasons"] if "text" in one} for row in said]
    first = {text: at for at, found in reversed([*enumerate(texts)]) for text in found}
    assert [round(first[text] / 50) for text in ("in zone C of ISO 20816 (2.8)", "above its limit (5.5)")] == [9, 22]
    assert not any(text.startswith("in zone D") for text in first), "7.1 mm/s is not reached"
    assert {row["state"] for row in said[first["above its limit (5.5)"] + 5 :]} == {"act"}


def test_trend_to_a_limit_is_a_remaining_life(capsys, tmp_path):
    lines = [f"2025-03-{3 + h // 24:02} {h % 24:02}:00:00;{50 + 0.02 * h + 0.1 * (h % 3):.2f}" for h in range(600)]
    text = "\n".join(["time;temperature", *lines]) + "\n"
    assert {row["rul"] for row in written(capsys, tmp_path, text)} == {None}
    lives = [row["rul"] for row in written(capsys, tmp_path, text, "--high", "70") if row["rul"]]
    assert {one["basis"] for one in lives} == {"trend"}
    assert lives[-1]["value"] == pytest.approx(400 * 3600, rel=0.1), "20 mK an hour, and 8 K left"


def test_direction_that_is_not_bad_is_no_alarm(shop, capsys, tmp_path):
    text = recording(shop, 700, -5.0)
    states = {bad: written(capsys, tmp_path, text, "--bad", f"flow={bad}")[-1]["state"] for bad in ("up", "down")}
    assert states["up"] == "ok"
    assert states["down"] in shop.alarms


@pytest.mark.parametrize(("options", "told"), [
    (["--signals", "flov"], "no column 'flov'; did you mean 'flow'?"), (["--kind", "flov=flow"], "no signal 'flov'"),
    (["--kind", "flo"], "no kind 'flo'; did you mean 'flow'?"), (["--preset", "termal"], "did you mean 'thermal'?"),
    (["--high", "flow=much"], "--high: 'much' is no number"), (["--high", "nan"], "--high: 'nan' is no number"),
    (["--low", "3", "--high", "flow=2"], "--high: 2 of flow must be greater than its low (3)"),
    (["--iso-class", "V"], "--iso-class: no iso_class 'V'"), (["--bad", "flo=up"], "--bad: no signal 'flo'"),
    (["--iso-class", "flow=II", "--kind", "flow=flow"], "is for signals of kind vibration, not flow (flow)"),
])  # fmt: skip
def test_name_that_is_not_there_is_told_the_nearest(shop, capsys, tmp_path, options, told):
    file = tmp_path / "pump.csv"
    file.write_text(recording(shop, 5), encoding="utf-8")
    assert main(["assess", str(file), *options]) == 2
    assert told in capsys.readouterr().err


def test_file_that_is_not_there_is_said(capsys, tmp_path):
    assert main(["assess", str(tmp_path / "nothing.csv")]) == 2
    assert "nothing.csv: No such file" in capsys.readouterr().err
