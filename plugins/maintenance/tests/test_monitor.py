"""A machine is learned, watched, and spoken of when it changes; and what bad input does, which is little."""

from __future__ import annotations

import json
import math
import tracemalloc
from typing import Any

import pytest

from edge_maintenance.reasons import HELD


def test_machine_is_learned_then_ok_then_in_alarm_with_the_right_reason_first(shop):
    calm = shop.noisy()
    said = shop.feed(
        shop.monitor(), lambda t: calm(t) | ({"flow": calm(t)["flow"] - 5} if t >= 600 else {}), range(900)
    )
    assert {one.state for one in said[:300]} == {"learning"}
    assert {one.state for one in said[400:600]} == {"ok"}
    first = next(t for t, one in enumerate(said) if one.state in shop.alarms)
    assert 600 <= first < 620
    assert said[first].edge == "open"
    assert said[first].reasons[0].signal == "flow"
    assert said[first].work
    assert said[-1].state in shop.alarms
    assert said[-1].health < 0.8 < said[500].health


def test_alarm_ends_when_the_machine_comes_back(shop):
    calm = shop.noisy()
    said = shop.feed(
        shop.monitor(), lambda t: calm(t) | ({"flow": calm(t)["flow"] - 5} if 600 <= t < 900 else {}), range(1100)
    )
    edges = [(t, one.edge) for t, one in enumerate(said) if one.edge in ("open", "clear")]
    assert [edge for _, edge in edges] == ["open", "clear"]
    assert 900 <= edges[1][0] < 960


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "off", [], 10**400, 1e200, -1e300])
def test_what_is_no_number_changes_nothing_but_a_count_and_a_finding(shop, value: Any):
    watch = shop.learned()
    before = watch.regime.tracks["flow"].plain()
    said = watch.assess(shop.seen(600, shop.noisy()(600) | {"flow": value}))
    assert watch.regime.tracks["flow"].plain() == before
    assert watch.sensors.invalid == {"flow": 1}
    assert [(one.signal, one.kind) for one in said.findings] == [("flow", "invalid")]
    assert said.state == "ok"
    assert said.score is not None


def test_missing_key_is_stale_after_three_intervals_and_no_alarm_when_it_goes_or_returns(shop):
    watch, calm = shop.learned(), shop.noisy()
    without = shop.feed(watch, lambda t: {k: v for k, v in calm(t).items() if k != "flow"}, range(600, 640))
    assert not without[1].findings
    assert [(one.signal, one.kind) for one in without[4].findings] == [("flow", "stale")]
    back = shop.feed(watch, calm, range(640, 700))
    assert not back[-1].findings
    assert {one.state for one in [*without, *back]} == {"ok"}


def test_shift_of_the_other_signals_is_seen_while_one_is_missing(shop):
    watch, calm = shop.learned(), shop.noisy()
    said = shop.feed(
        watch, lambda t: {"pressure": calm(t)["pressure"] + 5, "current": calm(t)["current"]}, range(600, 640)
    )
    assert said[-1].state in shop.alarms
    assert said[-1].reasons[0].signal == "pressure"


def test_nothing_is_known_when_all_signals_are_gone(shop):
    watch = shop.learned()
    said = [watch.assess(shop.seen(t, dict.fromkeys(shop.signals))) for t in range(600, 610)]
    assert (said[-1].state, said[-1].health, said[-1].score) == ("unknown", None, None)


def test_constant_signal_gives_no_alarm_on_its_first_other_digit(shop):
    calm = shop.noisy()
    said = shop.feed(shop.monitor(), lambda t: calm(t) | {"flow": 32.0 if t < 600 else 33.0}, range(900))
    assert {one.state for one in said[400:]} == {"ok"}


def test_flat_line_is_never_an_alarm(shop):
    said = shop.feed(shop.monitor(), lambda t: {"flow": 45.0}, range(2000))
    assert {one.state for one in said} == {"learning", "ok"}


def test_signal_that_stands_still_is_a_finding_of_its_sensor(shop):
    watch, calm = shop.learned(), shop.noisy()
    said = shop.feed(watch, lambda t: calm(t) | {"flow": 50.1}, range(600, 800))
    assert [(one.signal, one.kind) for one in said[-1].findings] == [("flow", "stuck")]
    assert {one.state for one in said} == {"ok"}


def test_one_reading_in_the_wrong_unit_is_one_outlier_and_no_alarm(shop):
    watch, calm = shop.learned(), shop.noisy()
    said = shop.feed(watch, lambda t: calm(t) | ({"flow": 500.0} if t == 610 else {}), range(600, 700))
    found = [(t, one.signal, one.kind) for t, said_at in enumerate(said) for one in said_at.findings]
    assert found == [(10, "flow", "outlier")]
    assert {one.state for one in said} == {"ok"}


def test_last_reading_before_a_stop_is_neither_health_nor_a_finding(shop):
    watch, calm = shop.learned(), shop.noisy()
    assert watch.update(shop.seen(600, calm(600))).health > 0.8
    spoken = [watch.update(shop.seen(700 + t, calm(t) if t < 10 else dict.fromkeys(calm(t), 0.0))) for t in range(11)]
    before, last = watch.said.health, spoken[-1]
    assert {one.kind for one in last.findings} == {"outlier"}
    assert last.health > 0.8
    stood = watch.update(shop.seen(711, dict.fromkeys(calm(0), 0.0), state="starved"))
    assert (stood.findings, stood.state, stood.health) == ((), "ok", before)


def test_reason_says_the_change_between_its_two_values_and_since_when(shop):
    watch, calm = shop.monitor(), shop.noisy(names=("vibration",), level=2.0, sd=0.05)
    shop.feed(watch, calm, range(1800))
    said = shop.feed(watch, lambda t: {"vibration": calm(t)["vibration"] * 2}, range(1800, 1900))
    for one in said[-1].reasons:
        assert one.change_pct == pytest.approx((one.value - one.expected) / one.expected * 100)
        assert one.since is not None


def test_value_that_the_sensor_cannot_measure_is_left_out(shop):
    watch = shop.learned(shop.monitor(ranges={"flow": [0.0, 100.0]}))
    said = shop.feed(watch, lambda t: shop.noisy()(t) | {"flow": -1.0}, range(600, 650))
    assert [(one.signal, one.kind) for one in said[-1].findings] == [("flow", "out_of_range")]
    assert {one.state for one in said} == {"ok"}


def test_value_of_bad_quality_is_left_out(shop):
    watch, calm = shop.learned(), shop.noisy()
    said = shop.feed(watch, lambda t: calm(t) | {"flow": 99.0}, range(600, 650), quality={"flow": "bad"})
    assert said[-1].findings[0].kind == "invalid"
    assert {one.state for one in said} == {"ok"}


def test_restart_anywhere_gives_the_same_bits(shop):
    calm = shop.noisy()

    def readings(t: int) -> dict[str, Any]:
        found = calm(t) | ({"flow": calm(t)["flow"] - 5} if 700 <= t < 800 else {})
        return found | ({"pressure": None} if t % 97 == 0 else {}) | ({"current": 500.0} if t == 650 else {})

    whole = shop.feed(shop.monitor(), readings, range(1000))
    for cut in (5, 40, 200, 361, 650, 651, 720, 815):
        first = shop.monitor()
        shop.feed(first, readings, range(cut))
        kept = json.loads(json.dumps(first.checkpoint(), allow_nan=False))
        again = shop.feed(shop.monitor(state=kept), readings, range(cut, 1000))
        assert again == whole[cut:], cut


def test_restart_says_neither_more_nor_less(shop):
    def readings(t: int) -> dict[str, Any]:
        return shop.noisy()(t) | ({"flow": 45.0} if 700 <= t < 800 else {}) | ({"pressure": "?"} if t == 650 else {})

    def said(watch, times) -> list[Any]:
        return [watch.update(shop.seen(t, readings(t))) for t in times]

    whole = said(shop.monitor(), range(1000))
    assert any(one and one.edge == "open" for one in whole)
    for cut in (3, 100, 360, 651, 705, 830):
        first = shop.monitor()
        said(first, range(cut))
        kept = json.loads(json.dumps(first.checkpoint(), allow_nan=False))
        assert said(shop.monitor(state=kept), range(cut, 1000)) == whole[cut:], cut


def test_many_machines_take_their_own_memory_and_no_more(shop):
    def size_of(machines: int) -> int:
        watches = [shop.monitor() for _ in range(machines)]
        tracemalloc.start()
        for watch in watches:
            shop.feed(watch, calm, range(40))
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return size

    calm = shop.noisy([f"signal {n}" for n in range(8)])
    few, many = size_of(10), size_of(40)
    assert many < 4.5 * few
    assert many / 40 < 60_000


def test_half_of_the_signals_a_little_away_at_once_is_an_alarm_and_one_is_not(shop):
    calm = shop.noisy([f"signal {n}" for n in range(8)], sd=0.05)

    def shifted(names: int) -> str:
        watch = shop.monitor()
        moved = {f"signal {n}" for n in range(names)}
        said = shop.feed(
            watch, lambda t: {k: v + (0.4 if k in moved and t >= 600 else 0) for k, v in calm(t).items()}, range(650)
        )
        return said[-1].state

    assert [shifted(names) for names in (0, 1, 5)] == ["ok", "ok", "watch"]


def test_wear_is_one_alarm_that_rises_though_it_is_noisy_about_the_bounds(shop):
    watch = shop.monitor({"vibration": {"kind": "vibration"}})
    calm = shop.noisy(["vibration"], level=1.0, sd=0.05)
    said = shop.feed(watch, lambda t: {"vibration": calm(t)["vibration"] * (1 + max(t - 1000, 0) / 3000)}, range(6000))
    edges = [(one.edge, one.state) for one in said if one.edge]
    assert edges == [("open", "watch"), ("escalate", "plan"), ("escalate", "act")]


def faulty(shop):
    """The calm machine with a flow that fell by a tenth."""
    calm = shop.noisy()
    return lambda t: calm(t) | {"flow": calm(t)["flow"] - 5}


def alarmed(shop, *before):
    """A machine that is in alarm while it makes A; what was made `before` is learned too."""
    watch = shop.monitor()
    for at, product in enumerate([*before, "A"]):
        shop.feed(watch, shop.noisy(), range(at * 500, at * 500 + 500), product=product)
    start = 500 * len(before) + 500
    assert shop.feed(watch, faulty(shop), range(start, start + 40), product="A")[-1].state in shop.alarms
    return watch, start + 40


def edges(said):
    return [one.edge for one in said if one.edge]


def test_an_alarm_stays_open_while_something_is_made_that_was_not_learned_before_it(shop):
    watch, at = alarmed(shop)
    said = shop.feed(watch, shop.noisy(), range(at, at + 600), product="B")
    assert edges(said) == []
    assert {one.state for one in said} <= set(shop.alarms)
    assert watch.regime.learned
    assert {one.reasons[-1] for one in said[5:]} == {HELD}
    assert [reason.signal for reason in said[-1].reasons] == ["flow", ""]


@pytest.mark.parametrize("product", ["A", "B"])
def test_what_was_learned_before_the_alarm_tells_that_it_is_over(shop, product):
    watch, at = alarmed(shop, "B")
    assert edges(shop.feed(watch, shop.noisy(), range(at, at + 300), product="C")) == []
    said = shop.feed(watch, shop.noisy(), range(at + 300, at + 400), product=product)
    assert edges(said) == ["clear"]
    assert said[-1].state == "ok"
    assert said[-1].reasons == ()


def test_a_fault_that_is_still_there_when_its_product_returns_is_the_same_alarm(shop):
    watch, at = alarmed(shop)
    shop.feed(watch, shop.noisy(), range(at, at + 600), product="B")
    said = shop.feed(watch, faulty(shop), range(at + 600, at + 700), product="A")
    assert edges(said) == []
    assert said[-1].state in shop.alarms
    assert [reason.signal for reason in said[-1].reasons] == ["flow"]


def test_a_stop_of_the_machine_disproves_no_alarm(shop):
    watch, at = alarmed(shop)
    said = shop.feed(watch, faulty(shop), range(at + 1000, at + 1100), product="A")
    assert edges(said) == []
    said = shop.feed(watch, shop.noisy(), range(at + 2000, at + 2100), product="A")
    assert edges(said) == ["clear"]


def test_work_on_the_signal_that_told_is_work_on_its_component(shop):
    watch = shop.monitor(components={"pump": {"signals": ["flow", "pressure"], "life_h": 10}})
    shop.feed(watch, shop.noisy(), range(500), run_s=36_000)
    said = watch.assess(shop.seen(500, None, "maintenance", component="flow", run_s=36_000))
    assert (said.state, watch.slow_due) == ("learning", 0)
    assert [name for name, track in watch.regime.tracks.items() if not track.sigma] == [
        "flow", "pressure", "current", "temperature",
    ]  # fmt: skip


def test_work_ends_an_alarm_also_where_nothing_else_can(shop):
    watch, at = alarmed(shop)
    shop.feed(watch, shop.noisy(), range(at, at + 100), product="B")
    said = watch.assess(shop.seen(at + 100, None, "maintenance", component="pump", product="B"))
    assert (said.edge, said.state) == ("clear", "learning")
    assert HELD not in said.reasons


def test_once_no_regime_is_left_that_was_learned_before_the_alarm_another_one_decides(shop):
    watch, at = alarmed(shop)
    for product in "BCDE":
        said = shop.feed(watch, shop.noisy(), range(at, at + 500), product=product)
        at += 500
        assert "A" not in watch.regimes or edges(said) == []
    assert said[-1].state == "ok"


def test_held_alarms_are_the_same_after_a_restart(shop):
    watch, at = alarmed(shop)
    shop.feed(watch, shop.noisy(), range(at, at + 300), product="B")
    again = shop.monitor(state=json.loads(json.dumps(watch.checkpoint())))
    parts = [(shop.noisy(), range(at + 300, at + 600), "B"), (shop.noisy(), range(at + 600, at + 700), "A")]
    for readings, times, product in parts:
        assert shop.feed(again, readings, times, product=product) == shop.feed(watch, readings, times, product=product)
    assert again.checkpoint() == watch.checkpoint()


def test_hole_in_the_readings_is_not_time_that_was_learned(shop):
    watch, calm = shop.monitor(), shop.noisy()
    said = shop.feed(watch, calm, [*range(100), *range(150, 200), *range(240, 300)])
    assert {one.state for one in said} == {"learning"}


@pytest.mark.parametrize("harm", [
    lambda state: state.pop("regimes"), lambda state: state.update(regimes=7), lambda state: state.update(times=[1, 2]),
    lambda state: state["regimes"][""]["tracks"]["flow"].pop(),
])  # fmt: skip
def test_broken_state_is_learned_anew_and_said(shop, harm):
    state = shop.learned().checkpoint()
    harm(state)
    said = shop.monitor(state=state).assess(shop.seen(600, shop.noisy()(600)))
    assert said.state == "learning"
    assert "learns anew" in said.work


def test_state_from_the_future_is_learned_anew_and_said(shop):
    state = shop.learned().checkpoint()
    said = shop.monitor(state=state).assess(shop.seen(-200_000, shop.noisy()(0)))
    assert said.state == "learning"
    assert "later time" in said.work


def test_after_a_long_gap_another_level_is_no_alarm(shop):
    watch, calm = shop.learned(), shop.noisy(level=57.0, seed=2)
    said = shop.feed(watch, calm, range(4200, 4500))
    assert {one.state for one in said} == {"ok"}


def test_repeated_and_late_readings_change_nothing(shop):
    watch, calm = shop.learned(), shop.noisy()
    before = json.dumps(watch.regime.plain()["tracks"])
    for t in (599, 599, 590, 580, 595):
        watch.assess(shop.seen(t, dict.fromkeys(calm(t), 99.0)))
    assert json.dumps(watch.regime.plain()["tracks"]) == before


def test_clock_set_back_for_good_is_followed(shop):
    watch, calm = shop.learned(), shop.noisy()
    said = shop.feed(watch, lambda t: calm(t) | ({"flow": calm(t)["flow"] - 5} if t >= 400 else {}), range(300, 500))
    assert said[60].state == "ok"
    assert said[-1].state in shop.alarms


def test_statistics_stand_still_while_it_does_not_run(shop):
    watch = shop.learned()
    before = json.dumps(watch.regime.plain())
    said = shop.feed(watch, lambda t: dict.fromkeys(shop.signals, 3.0), range(600, 700), state="idle")
    assert json.dumps(watch.regime.plain()) == before
    assert {one.state for one in said} == {"ok"}


def test_start_is_given_time(shop):
    watch, calm = shop.learned(), shop.noisy()
    shop.feed(watch, lambda t: {}, range(600, 630), state="stopped")
    said = shop.feed(watch, lambda t: {k: v + 20 for k, v in calm(t).items()} if t < 645 else calm(t), range(630, 700))
    assert {one.state for one in said} == {"ok"}


def test_another_product_is_learned_by_itself_and_the_first_one_is_known_still(shop):
    watch = shop.monitor()
    calm, other = shop.noisy(), shop.noisy(level=80.0, seed=3)
    assert shop.feed(watch, calm, range(500), product="A")[-1].state == "ok"
    said = shop.feed(watch, other, range(500, 1000), product="B")
    assert (said[0].state, said[-1].state) == ("learning", "ok")
    said = shop.feed(watch, calm, range(1000, 1200), product="A")
    assert {one.state for one in said} == {"ok"}


def test_regimes_are_few_and_the_least_recent_goes(shop):
    watch = shop.monitor()
    for at, product in enumerate("ABACDEA"):
        shop.feed(watch, shop.noisy(), range(at * 20, at * 20 + 20), product=product)
    assert list(watch.regimes) == ["C", "D", "E", "A"]


def test_work_done_learns_the_component_anew_and_keeps_what_stood(shop):
    watch = shop.learned(shop.monitor(components={"pump": {"signals": ["flow"]}, "valve": {"signals": ["pressure"]}}))
    watch.assess(shop.seen(600, kind="maintenance", component="pump", run_s=600.0))
    assert watch.regime.tracks["flow"].sigma == 0
    assert watch.regime.tracks["pressure"].sigma > 0
    calm, other = shop.noisy(), shop.noisy(["flow", "current", "temperature"], level=60.0)
    said = shop.feed(watch, lambda t: {**calm(t), **other(t)}, range(601, 1100))
    assert said[0].state == "learning"
    after = next(one for one in said if one.state == "ok")
    assert (after.reasons[0].signal, after.reasons[0].text) == ("flow", "before the work")
    assert after.reasons[0].value == pytest.approx(50.0, abs=1.0)


def test_slow_drift_of_a_warming_machine_is_no_alarm(shop):
    calm = shop.noisy()
    said = shop.feed(shop.monitor(), lambda t: {k: v + t / 600 for k, v in calm(t).items()}, range(3600))
    assert {one.state for one in said[400:]} == {"ok"}


def test_update_speaks_when_there_is_something_new(shop):
    watch, calm = shop.monitor(), shop.noisy()
    said = [watch.update(shop.seen(t, calm(t) | ({"flow": 45.0} if t >= 700 else {}))) for t in range(760)]
    spoken = [(t, one.state, one.edge) for t, one in enumerate(said) if one]
    assert [one[1:] for one in spoken if one[2]] == [("plan", "open")] or spoken[-1][2] == "open"
    assert len(spoken) < 12


def test_state_of_eight_signals_is_small(shop):
    watch = shop.monitor()
    shop.feed(watch, shop.noisy([f"signal {n}" for n in range(8)]), range(1000))
    assert len(json.dumps(watch.checkpoint(), separators=(",", ":"))) <= 4096


PARTS = {"pump": {"signals": ["flow", "current", "temperature"]}, "valve": {"signals": ["pressure"]}}


def test_after_work_on_one_part_is_learned_as_long_as_at_first_and_the_others_are_watched(shop):
    calm = shop.noisy()
    watch = shop.monitor(components=PARTS)
    states = [one.state for one in shop.feed(watch, calm, range(600))]
    first = states.index("ok")
    watch.assess(shop.seen(600, kind="maintenance", component="valve", run_s=600.0))
    known = watch.regime.together
    assert known.names == ["flow", "current", "temperature"]
    said = shop.feed(watch, calm, range(601, 601 + 2 * first))
    again = [one.state for one in said].index("ok")
    assert again == pytest.approx(first, abs=20)
    learned = watch.regime.together
    assert set(learned.names) == set(shop.signals)
    assert learned.independent >= known.independent / 2


def test_others_alarm_while_one_part_is_learned_anew(shop):
    watch = shop.learned(shop.monitor(components=PARTS))
    watch.assess(shop.seen(600, kind="maintenance", component="valve", run_s=600.0))
    said = shop.feed(watch, shop.noisy(level=60.0), range(601, 660))
    assert said[-1].state in shop.alarms
    assert "pressure" not in [reason.signal for reason in said[-1].reasons]


def test_sensor_that_does_not_come_back_after_work_keeps_nothing_waiting(shop):
    watch = shop.learned(shop.monitor(components=PARTS))
    watch.assess(shop.seen(600, kind="maintenance", component="valve", run_s=600.0))
    said = shop.feed(watch, shop.noisy(PARTS["pump"]["signals"]), range(601, 1100))
    assert said[-1].state == "ok"
    assert [(one.signal, one.kind) for one in said[-1].findings] == [("pressure", "stale")]


def test_short_remaining_life_is_no_ok(shop):
    watch = shop.monitor({"flow": {"high": 90.0, "preset": "thermal"}}, preset="thermal")
    said = []
    for minute in range(0, 48 * 60, 10):
        values = {**shop.noisy(sd=0.1)(minute), "flow": 50.0 + minute / 75}
        said.append(watch.assess(shop.seen(60 * minute, values, run_s=60.0 * minute)))
    known = [one for one in said if one.life.value is not None]
    short = [one for one in known if one.life.value < 7 * 3600]
    assert short
    assert {one.state for one in short[4:]} <= {"plan", "act"}
    assert (short[-1].reasons[0].signal, short[-1].reasons[0].text[:10]) == ("flow", "goes to 90")
    assert {one.state for one in known if one.life.value > 32 * 3600} <= {"learning", "ok"}


def test_what_is_learned_first_is_what_was_seen_and_nothing_else(shop):
    watch, at = shop.monitor(), 0
    while not watch.regime.learned:
        watch.assess(shop.seen(at, shop.noisy()(at)))
        at += 1
    readings = watch.regime.tracks["flow"].n
    assert readings - 3 <= watch.regime.together.n <= readings
