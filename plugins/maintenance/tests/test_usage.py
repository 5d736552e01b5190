"""Parts age by hours, cycles and starts, and by Weibull; alarm codes count against their usual rate."""

from __future__ import annotations

import math

import pytest

from edge_maintenance.errors import Errors
from edge_maintenance.monitor import MICRO
from edge_maintenance.usage import Usage, Used, Weibull

DAY_US = 86_400 * MICRO


def test_counters_begin_anew_with_work_on_that_part(shop):
    usage = Usage(None)
    usage.take(shop.seen(0, run_s=7200.0, cycles=100, starts=3))
    usage.take(shop.seen(1, kind="maintenance", component="belt", run_s=7200.0, cycles=100, starts=3))
    usage.take(shop.seen(2, run_s=10800.0, cycles=150, starts=4))
    assert usage.used("belt") == Used(1.0, 50, 1)
    assert usage.used("motor") == Used(3.0, 150, 4)


@pytest.mark.parametrize(("hours", "tier"), [(89, 0), (90, 1), (100, 2)])
def test_part_near_the_end_of_its_life_is_watched_then_planned(shop, hours, tier):
    usage = Usage({"belt": {"life_h": 100}})
    usage.take(shop.seen(0, run_s=hours * 3600.0))
    assert usage.due()[0] == tier
    assert usage.life().value == pytest.approx((100 - hours) * 3600.0)


def test_exponential_lives_have_no_memory_and_wear_has_one():
    assert Weibull(1.0, 100.0).failure(50.0, 10.0) == pytest.approx(1 - math.exp(-0.1))
    assert Weibull(3.0, 100.0).failure(90.0, 10.0) > 5 * Weibull(3.0, 100.0).failure(10.0, 10.0)


def test_half_of_all_new_parts_last_for_the_median():
    assert Weibull(2.0, 100.0).remaining_h(0.0, 0.5) == pytest.approx(100.0 * math.sqrt(math.log(2)))


def test_weibull_of_a_part_gives_its_life_with_an_interval(shop):
    usage = Usage({"bearing": {"weibull": {"shape": 2.5, "scale_h": 1000.0}}})
    usage.take(shop.seen(0, run_s=800 * 3600.0))
    life = usage.life()
    assert life.low < life.value < life.high
    assert (life.basis, life.coverage) == ("usage", 0.8)


def test_code_that_comes_far_more_often_than_usual_is_watched():
    errors = Errors()
    for day in range(14):
        errors.take("E1", day * DAY_US)
        errors.take("E2", day * DAY_US)
    for hour in range(12):
        errors.take("E2", 14 * DAY_US + hour * DAY_US // 24)
    tier, reasons = errors.due(14 * DAY_US + DAY_US // 2)
    assert (tier, [reason.signal for reason in reasons]) == (1, ["alarm E2"])
    assert errors.due(30 * DAY_US)[0] == 0


def test_codes_that_are_remembered_are_bounded():
    errors = Errors()
    for at in range(100):
        errors.take(f"E{at}", at)
    assert len(errors.codes) == 32
    assert "E99" in errors.codes


def test_frequent_alarms_of_the_machine_are_a_reason(shop):
    watch = shop.learned()
    for t in range(600, 612):
        watch.assess(shop.seen(t, kind="alarm", code="E7"))
    said = shop.feed(watch, shop.noisy(), range(612, 680))
    assert said[-1].state == "watch"
    assert said[-1].reasons[0].signal == "alarm E7"


def test_worn_part_is_said_with_what_to_do(shop):
    watch = shop.monitor(components={"belt": {"life_h": 100}})
    said = shop.feed(watch, shop.noisy(), range(500), run_s=120 * 3600.0)
    assert (said[-1].state, said[-1].work) == ("plan", "plan to replace belt")
    assert said[-1].life.basis == "usage"
