"""Remaining life of one machine: by a model, else a trend; renewed by work done."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge import Observation, RemainingLife, Watched
from edge_maintenance.life import LifeWatch
from edge_maintenance.model import checksum

HOUR_US = 3_600_000_000


def watch(state: dict[str, Any] | None = None, **settings: Any) -> LifeWatch:
    signals = settings.pop("signals", {})
    return LifeWatch(Watched("a/b/c/pump", settings, signals), state)


def reading(hour: float, running: bool = True, **signals: float) -> Observation:
    state = "running" if running else "idle"
    return Observation("a/b/c/pump", round(hour * HOUR_US), "reading", signals, state=state, run_s=hour * 3600.0)


def work(hour: float, component: str) -> Observation:
    return Observation("a/b/c/pump", round(hour * HOUR_US), "maintenance", component=component, run_s=hour * 3600.0)


def tick(hour: float, run_h: float) -> Observation:
    return Observation("a/b/c/pump", round(hour * HOUR_US), "tick", run_s=run_h * 3600.0)


@pytest.fixture
def pump(tmp_path: Path) -> str:
    """A model file of hours: 15 h left while heat is usual, then by age."""
    found = json.loads((Path(__file__).parent / "pump_model.json").read_text())
    (tmp_path / "pump.json").write_text(json.dumps(found | {"checksum": checksum(found)}))
    return str(tmp_path / "pump.json")


def test_without_model_and_limit_nothing_is_known() -> None:
    assert watch().update(reading(1, heat=60.0)) == RemainingLife(None)


def test_model_says_value_interval_and_unit(pump: str) -> None:
    life = watch(model=pump).update(reading(1, heat=60.0))
    assert life == RemainingLife(15.0, 10.0, 20.0, 0.8, "h", "model", "")


def test_between_rows_life_goes_down_with_what_was_run(pump: str) -> None:
    at_work = watch(model=pump)
    at_work.update(reading(1, heat=60.0))
    life = at_work.update(reading(1.25, heat=90.0))  # a quarter of the usual distance of rows
    assert (life.value, life.low, life.high) == (14.75, 9.75, 19.75)


def test_idle_machine_is_not_looked_at(pump: str) -> None:
    at_work = watch(model=pump)
    at_work.update(reading(1, heat=60.0))
    assert at_work.update(reading(2, running=False, heat=99.0)).value == 14.0


def test_outside_the_training_it_says_so(pump: str) -> None:
    life = watch(model=pump).update(reading(1, heat=72.0))
    assert life.value is not None
    assert (life.high or 0) - life.value > 12
    assert life.text == "outside the range of the training (heat): the interval is wider"


def test_setting_holds_the_value_lower_but_not_its_upper_end(pump: str) -> None:
    life = watch(model=pump, max_life=12.0).update(reading(1, heat=60.0))
    assert (life.value, life.low, life.high) == (12.0, 10.0, 20.0)


def test_after_a_day_of_silence_what_was_said_is_old(pump: str) -> None:
    at_work = watch(model=pump)
    at_work.update(reading(1, heat=60.0))
    assert at_work.update(tick(24, 1)).text == ""
    assert at_work.update(tick(26, 1)).text == "old: nothing was heard that says more"


def test_machine_that_runs_on_without_a_row_that_says_more_is_told_by_an_old_one(pump: str) -> None:
    at_work = watch(model=pump)
    at_work.update(reading(1, heat=60.0))
    life = at_work.update(tick(14, 14))
    assert (life.value, life.text) == (2.0, "old: nothing was heard that says more")


@pytest.mark.parametrize(("setting", "renewed"), [({}, True), ({"model_component": "rotor"}, True),
                                                  ({"model_component": "seal"}, False)])  # fmt: skip
def test_work_makes_the_machine_new_to_the_model(pump: str, setting: dict[str, str], renewed: bool) -> None:
    at_work = watch(model=pump, **setting)
    for hour in range(40):
        at_work.update(reading(hour, heat=62.0))
    life = at_work.update(work(40, "rotor"))
    assert (life.value is None) == renewed


def test_another_model_begins_anew_and_says_that_it_did_not_see_the_machine_new(pump: str) -> None:
    before = watch(model=pump)
    for hour in range(40):
        before.update(reading(hour, heat=62.0))
    found = json.loads(Path(pump).read_text()) | {"name": "better", "signals": ["shake"]}
    Path(pump).write_text(json.dumps(found | {"checksum": checksum(found)}))
    life = watch(before.state, model=pump).update(reading(40, shake=60.0))
    assert (life.value, life.low) == (15.0, 5.0)
    assert life.text == "the machine was not seen when it was new: the interval is wider"


LIMIT = {"heat": {"high": 90.0}}


def test_trend_says_when_the_limit_is_met() -> None:
    at_work = watch(signals=LIMIT)
    lives = [at_work.update(reading(hour / 4, heat=60.0 + hour / 40)) for hour in range(400)]
    assert lives[3] == RemainingLife(None)
    life = lives[-1]
    assert (life.basis, life.unit, life.coverage) == ("trend", "s", 0.8)
    assert life.value == pytest.approx(200 * 3600, rel=0.02)  # 30 degrees at 0.1 an hour, less the first 100 hours
    assert life.text == "heat goes to 90 (above its limit) at +2.4 a day"


def test_trend_goes_to_the_next_zone_of_vibration() -> None:
    zones = {"shake": {"kind": "vibration", "iso_class": "II"}}
    low, high = (watch(signals=zones) for _ in range(2))
    for hour in range(400):
        low.update(reading(hour / 4, shake=1.2 + hour / 800))
        high.update(reading(hour / 4, shake=3.0 + hour / 400))
    assert low.update(reading(100, shake=1.7)).text.startswith("shake goes to 2.8 (in zone C of ISO 20816)")
    assert high.update(reading(100, shake=4.0)).text.startswith("shake goes to 7.1 (in zone D of ISO 20816)")


def test_trend_that_was_seen_for_less_than_it_says_raises_no_alarm() -> None:
    at_work = watch(signals=LIMIT)
    for step in range(50):
        life = at_work.update(reading(step / 10, heat=60.0 + step / 4))
    assert life.value is not None
    assert 5 * 3600 < life.value < 8 * 3600
    assert at_work.due(life, 0) == (0, [])


def test_life_by_a_trend_goes_down_with_what_was_run_between_two_lines() -> None:
    at_work = watch(signals=LIMIT)
    lives = [at_work.update(reading(hour / 4, heat=60.0 + hour / 100)).value for hour in range(2000)]
    known = [one for one in lives if one is not None][-200:]
    assert [round(one / 900) for one in known] == list(range(round(known[0] / 900), round(known[0] / 900) - 200, -1))


def test_trend_begins_anew_after_work() -> None:
    at_work = watch(signals=LIMIT)
    for hour in range(400):
        at_work.update(reading(hour / 4, heat=60.0 + hour / 40))
    assert at_work.update(work(100, "bearing")).basis == "unknown"


@pytest.mark.parametrize(
    ("left_h", "tier_before", "tier"),
    [(40, 0, 0), (27, 0, 0), (27, 1, 1), (20, 0, 1), (9, 1, 1), (9, 2, 2), (7, 0, 2), (7, 3, 2)],
)
def test_trend_that_meets_its_limit_soon_is_due(left_h: int, tier_before: int, tier: int) -> None:
    at_work = watch(signals=LIMIT)
    for hour in range(400):
        life = at_work.update(reading(hour / 4, heat=90.0 - (left_h + 100) / 10 + hour / 40))
    due, reasons = at_work.due(life, tier_before)
    assert due == tier
    told = [("heat", "goes to 90 (above its limit) at +2.4 a day")] if tier else []
    assert [(one.signal, one.text) for one in reasons] == told


def test_restored_watch_goes_on_to_the_same_digit(pump: str) -> None:
    through = watch(model=pump, signals=LIMIT)
    state: dict[str, Any] = {}
    for hour in range(300):
        seen = reading(hour * 0.7, heat=60.0 + hour / 30 + hour % 3) if hour % 50 else work(hour * 0.7, "rotor")
        resumed = watch(json.loads(json.dumps(state)), model=pump, signals=LIMIT)
        assert resumed.update(seen) == through.update(seen)
        state = resumed.state
    assert state == through.state
