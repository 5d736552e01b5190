"""What a monitor is shown: readings in order with the production around them, alarms, work, and silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from edge.clock import MINUTE, SECOND
from edge.monitor import Observation, Watched
from edge.monitoring.watch import WatchRules
from edge.processing.pipeline import Hooks
from tests.monitoring.standins import (
    NOON,
    SILENT_MEANS_NOTHING,
    Keeper,
    Level,
    clock,
    correction,
    host_of,
    inside,
    reading,
    said,
    seconds,
    states,
)
from tests.scenarios.scenario import Message

END = NOON + 10 * MINUTE


@pytest.fixture(autouse=True)
def nothing_shown() -> Iterator[None]:
    Keeper.shown.clear()
    yield
    Keeper.shown.clear()


def shown(folder: Path, messages: list[Message], plant: dict[str, Any] = SILENT_MEANS_NOTHING,
          rules: WatchRules = WatchRules(tick_us=0)) -> list[Observation]:  # noqa: B008  # fmt: skip
    with inside(folder, [*messages, clock(END)], host_of(Keeper), plant, rules) as within:
        within.take(len(messages) + 1)
        return list(Keeper.shown)


def test_cycles_of_an_absurd_number_can_still_be_kept(tmp_path: Path) -> None:
    counts = [said("count", NOON + n, total=2**53, id=str(n)) for n in range(1100)]
    (found,) = shown(tmp_path, [*counts, reading(NOON + SECOND, 1.0)])
    assert found.cycles == 2**53


def test_production_stands_beside_each_reading(tmp_path: Path) -> None:
    messages = [
        reading(NOON, 1.0),
        said("state", NOON + 10 * SECOND, state="running", product="P1"),
        said("count", NOON + 20 * SECOND, total=3),
        reading(NOON + 30 * SECOND, 2.0),
        said("state", NOON + 40 * SECOND, state="packml:9"),
        reading(NOON + 50 * SECOND, 3.0),
        said("state", NOON + 60 * SECOND, state="packml:6"),
        reading(NOON + 70 * SECOND, 4.0),
    ]
    found = [(o.state, o.product, o.run_s, o.cycles, o.starts) for o in shown(tmp_path, messages)]
    assert found == [
        ("unknown", None, 0.0, 0, 0),
        ("running", "P1", 20.0, 3, 1),
        ("fault", "P1", 30.0, 3, 1),
        ("running", "P1", 40.0, 3, 2),
    ]


def test_messages_within_the_window_come_in_order_and_once(tmp_path: Path) -> None:
    messages = [
        reading(NOON + 2 * SECOND, 2.0),
        said("state", NOON + SECOND, NOON + 2 * SECOND, state="running"),
        reading(NOON + SECOND, 1.0, NOON + 2 * SECOND),
        reading(NOON + SECOND, 1.0, NOON + 3 * SECOND),
        reading(NOON + 3 * SECOND, 3.0),
    ]
    found = [(o.ts - NOON, o.signals["v"], o.state) for o in shown(tmp_path, messages)]
    assert found == [(SECOND, 1.0, "running"), (2 * SECOND, 2.0, "running"), (3 * SECOND, 3.0, "running")]


def test_a_state_that_comes_late_counts_from_now_on(tmp_path: Path) -> None:
    messages = [
        *(reading(NOON + second * SECOND, 1.0) for second in range(0, 30, 5)),
        said("state", NOON + 3 * SECOND, NOON + 26 * SECOND, state="running"),
        reading(NOON + 30 * SECOND, 1.0),
    ]
    assert [o.state for o in shown(tmp_path, messages)] == ["unknown"] * 5 + ["running"] * 2


def test_silence_is_no_running_time(tmp_path: Path) -> None:
    plant = {"machines": {"site/*": {"stale_after_s": 60}}}
    messages = [said("state", NOON, state="running"), reading(NOON + 10 * SECOND, 1.0), reading(END - MINUTE, 2.0)]
    assert [o.run_s for o in shown(tmp_path, messages, plant)] == [10.0, 70.0]


def test_counters_and_states_that_follow_from_parts(tmp_path: Path) -> None:
    plant = {"machines": {"site/*": {"stale_after_s": 0, "state_from": "counts", "parts_timeout_s": 30}}}
    messages = [
        said("count", NOON, counter="total", value=100),
        said("count", NOON + 10 * SECOND, counter="total", value=104),
        reading(NOON + 20 * SECOND, 1.0),
        reading(NOON + 90 * SECOND, 2.0),
    ]
    found = [(o.state, o.cycles, o.run_s) for o in shown(tmp_path, messages, plant)]
    assert found == [("running", 4, 10.0), ("stopped", 4, 30.0)]


def test_a_signal_that_says_whether_the_machine_runs(tmp_path: Path) -> None:
    machine = {"stale_after_s": 0, "state_from": "signal", "running_signal": "v", "running_above": 1.5}
    messages = [reading(ts, value) for ts, value in zip(seconds(4, 10), (1.0, 2.0, 2.0, 1.0), strict=True)]
    found = [(o.state, o.run_s) for o in shown(tmp_path, messages, {"machines": {"site/*": machine}})]
    assert found == [("stopped", 0.0), ("running", 0.0), ("running", 10.0), ("stopped", 20.0)]


def test_alarms_and_work_done_reach_monitors_even_late(tmp_path: Path) -> None:
    messages = [
        *(reading(ts, 1.0) for ts in seconds(10)),
        said("alarm", NOON + SECOND, NOON + 9 * SECOND, code="E7", severity="high"),
        said("maintenance", NOON + 9 * SECOND, component="bearing", action="replaced"),
        correction(NOON + 12 * SECOND, id="c1", kind="work_done", component="belt"),
    ]
    others = [o for o in shown(tmp_path, messages) if o.kind != "reading"]
    assert [(o.kind, o.code, o.component, o.action) for o in others] == [
        ("alarm", "E7", "", None), ("maintenance", "", "bearing", "replaced"), ("maintenance", "", "belt", None),
    ]  # fmt: skip
    times = [o.ts for o in Keeper.shown]
    assert times == sorted(times)


def test_one_sample_an_interval_of_the_last_values(tmp_path: Path) -> None:
    messages = [reading(NOON + n * SECOND // 4, float(n)) for n in range(12)]
    assert [o.signals["v"] for o in shown(tmp_path, messages)] == [3.0, 7.0, 11.0]


def test_an_interval_of_nothing_shows_every_reading(tmp_path: Path) -> None:
    plant = {"machines": {"site/*": {"stale_after_s": 0, "monitor_interval_s": 0}}}
    messages = [reading(NOON + n * SECOND // 4, float(n)) for n in range(12)]
    assert [o.signals["v"] for o in shown(tmp_path, messages, plant)] == [float(n) for n in range(12)]


def test_a_monitor_that_names_signals_sees_only_those(tmp_path: Path) -> None:
    class Picky(Keeper):
        name = "picky"
        signals = ("vib*", "kind:current")

    plant = {"machines": {"site/*": {"signals": {"a": {"kind": "current"}}}}}
    messages = [said("reading", NOON, signals={"vib1": 1.0, "a": 2.0, "t": 3.0}), reading(NOON + SECOND, 1.0, name="t")]
    with inside(tmp_path, [*messages, clock(END)], host_of(Picky), plant) as within:
        within.take(3)
    assert [o.signals for o in Keeper.shown if o.kind == "reading"] == [{"vib1": 1.0, "a": 2.0}]


def test_a_silent_machine_ticks_ever_more_seldom(tmp_path: Path) -> None:
    notes = [clock(NOON + minute * MINUTE) for minute in range(1, 61)]
    with inside(tmp_path, [said("state", NOON, state="running"), *notes], host_of(Keeper)) as within:
        within.take(61)
    times = [(o.ts - NOON) // MINUTE for o in Keeper.shown if o.kind == "tick"]
    assert times[:9] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert times[-1] - times[-2] > 3


def test_readings_of_a_time_when_the_machine_was_cut_off_count_as_if_nothing_had_been(tmp_path: Path) -> None:
    def messages(late_us: int) -> list[Message]:
        return [
            *(reading(ts, 1.0) for ts in seconds(5)),
            clock(NOON + 3 * MINUTE),
            clock(NOON + 5 * MINUTE),
            *(reading(ts, 1.0, max(ts, NOON + late_us)) for ts in seconds(400)[5:]),
        ]

    rules = WatchRules(tick_us=MINUTE)
    with inside(tmp_path / "off", messages(6 * MINUTE), host_of(Level), rules=rules) as cut_off:
        cut_off.take(1000)
        order = [post.checkpoint() for watch in cut_off.pipeline.monitors._watches.values() for post in watch.posts]
        assert "unknown" in states(cut_off)
        assert states(cut_off)[-1] == "ok"
    plain = [one for one in messages(0) if "clock" not in one.topic]
    with inside(tmp_path / "on", plain, host_of(Level), rules=WatchRules(tick_us=0)) as connected:
        connected.take(1000)
        expected = [p.checkpoint() for watch in connected.pipeline.monitors._watches.values() for p in watch.posts]
    assert order[0].state == expected[0].state


class Tuned(Keeper):
    name = "tuned"
    settings = MappingProxyType({"threshold": 3.0, "learn_s": 600.0})
    given: ClassVar[list[Any]] = []

    def __init__(self, machine: Watched, state: dict[str, Any] | None = None) -> None:
        super().__init__(machine, state)
        self.given.append(
            (
                machine.settings["threshold"],
                machine.settings["learn_s"],
                *(machine.signal(name)["kind"] for name in ("v1", "x")),
            )
        )


def test_settings_of_a_monitor_come_from_the_plant_file_and_unknown_ones_are_named(tmp_path: Path) -> None:
    plant = {
        "machines": {
            "site/*": {
                "monitors": {"tuned": {"threshold": 4.0, "thrshold": 1}, "nobody": {}},
                "signals": {"v*": {"kind": "vibration"}},
            },
            "site/area/line/m0": {"monitors": {"tuned": {"learn_s": 60}}},
        }
    }
    warned: list[str] = []
    hooks = Hooks(warn=warned.append)
    with inside(tmp_path, [reading(NOON, 1.0), clock(END)], host_of(Tuned), plant, hooks=hooks) as within:
        within.take(2)
    assert Tuned.given == [(4.0, 60, "vibration", None)]  # of x nobody has said it: a monitor may go by the name
    assert warned == [
        '[machines."site/*".monitors.tuned]: tuned has no setting thrshold; it has threshold, learn_s',
        '[machines."site/*".monitors.nobody]: there is no monitor nobody; there are tuned',
    ]
