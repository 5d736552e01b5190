"""Limits and zones hold without learning, with a hysteresis, and say which they are."""

from __future__ import annotations

import pytest

from edge_maintenance.limits import ACT, PLAN, Limits


def limits_of(**settings):
    limits = Limits({"s": settings})
    limits.know("s")
    return limits


def test_value_beyond_a_limit_is_due_until_it_is_5_percent_within():
    limits = limits_of(high=10.0)
    assert [limits.take({"s": value}, 0) for value in (9.9, 10.0, 10.1, 9.6, 9.4)] == [0, 0, ACT, ACT, 0]


def test_low_limit_is_the_same_the_other_way_round():
    limits = limits_of(low=-10.0)
    assert [limits.take({"s": value}, 0) for value in (-9.0, -10.1, -9.6, -9.4)] == [0, ACT, ACT, 0]


@pytest.mark.parametrize(
    ("machine_class", "plan", "act"), [("I", 1.8, 4.5), ("II", 2.8, 7.1), ("III", 4.5, 11.2), ("IV", 7.1, 18.0)]
)
def test_zones_of_vibration_go_by_the_class_of_the_machine(machine_class, plan, act):
    limits = limits_of(iso_class=machine_class)
    assert limits.take({"s": plan}, 0) == 0
    assert limits.take({"s": plan + 0.01}, 0) == PLAN
    assert limits.take({"s": act + 0.01}, 0) == ACT
    assert [reason.text for reason in limits.reasons()] == [
        f"in zone D of ISO 20816 ({act:g})",
        f"in zone C of ISO 20816 ({plan:g})",
    ]


def test_hard_limit_is_an_alarm_before_anything_is_learned(shop):
    watch = shop.monitor({"flow": {"high": 60.0}})
    said = shop.feed(watch, lambda t: shop.noisy()(t) | ({"flow": 61.0} if t >= 30 else {}), range(40))
    assert (said[-1].state, said[-1].reasons[0].signal, said[-1].reasons[0].text) == (
        "act",
        "flow",
        "above its limit (60)",
    )


@pytest.mark.parametrize(
    ("settings", "beyond", "back", "text"),
    [
        ({"high": 10.0}, 10.1, 9.8, "was above its limit (10), and is over below 9.5"),
        ({"low": 10.0}, 9.9, 10.2, "was below its limit (10), and is over above 10.5"),
    ],
)
def test_reason_shows_the_limit_and_no_change_also_while_it_is_not_over_yet(settings, beyond, back, text):
    limits = limits_of(**settings)
    limits.take({"s": beyond}, 0)
    assert text.startswith(f"was {limits.reasons()[0].text}, ")
    limits.take({"s": back}, 1)
    reason = limits.reasons()[0]
    assert (reason.value, reason.expected, reason.change_pct, reason.text) == (back, None, None, text)


def test_work_is_suggested_by_the_side_of_the_limit(shop):
    for settings, value, work in (({"high": 60.0}, 61.0, "blocked filters"), ({"low": 40.0}, 39.0, "leaks")):
        watch = shop.monitor({"pressure": {"kind": "pressure", **settings}})
        said = shop.feed(watch, lambda t, value=value: {**shop.noisy()(t), "pressure": value}, range(20))
        assert work in said[-1].work
