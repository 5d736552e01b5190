"""A signal that scatters more than it did is watched, for as long as that is new."""

from __future__ import annotations

from random import Random

START, STEP = 600, 200


def scattering(shop, times_as_much: float, until: int = 1 << 30, name: str = "flow"):
    """The calm machine, one signal of which scatters more from START on."""
    calm = shop.noisy()

    def at(t: int) -> dict[str, float]:
        values = calm(t)
        if START <= t < until:
            values[name] = 50 + (values[name] - 50) * times_as_much
        return values

    return at


def test_scatter_opens_an_alarm_that_says_so(shop):
    watch = shop.learned()
    said = shop.feed(watch, scattering(shop, 5.0), range(START, START + STEP))
    assert said[-1].state == "watch"
    opened = next(one for one in said if one.edge == "open")
    assert opened.reasons[0].signal == "flow"
    assert opened.reasons[0].text.startswith("scatters ")
    assert opened.reasons[0].text.endswith(" times as much as usual")


def test_little_more_scatter_and_a_jump_are_no_scatter(shop):
    calm = shop.noisy()
    for readings in (scattering(shop, 1.8), lambda t: calm(t) | ({"flow": calm(t)["flow"] + 0.9} if t > START else {})):
        said = shop.feed(shop.learned(), readings, range(START, START + STEP))
        assert {one.state for one in said} == {"ok"}
    far = shop.feed(shop.learned(), lambda t: calm(t) | {"flow": calm(t)["flow"] + 20}, range(START, START + STEP))
    assert not any(reason.text for one in far for reason in one.reasons)


def test_scatter_that_matters_is_a_share_of_the_level(shop):
    watch = shop.learned(shop.monitor({"flow": {"kind": "pressure"}}))  # 5 % of 50
    said = shop.feed(watch, scattering(shop, 5.0), range(START, START + STEP))
    assert {one.state for one in said} == {"ok"}


def test_vibration_is_told_by_its_level_alone(shop):
    watch = shop.learned(shop.monitor({"flow": {"kind": "vibration"}}))
    said = shop.feed(watch, scattering(shop, 5.0), range(START, START + STEP))
    assert {one.state for one in said} == {"ok"}


def test_scatter_that_stays_becomes_usual(shop):
    watch = shop.learned()
    said = shop.feed(watch, scattering(shop, 6.0), range(START, START + 5400))
    assert "watch" in {one.state for one in said}
    assert {one.state for one in said[-600:]} == {"ok"}


def test_slow_swing_within_the_usual_range_is_seen_by_its_pace(shop):
    """Of a signal that wanders for hours: the same range, but within minutes."""
    dice, walk = Random(4), [70.0]
    for _ in range(6000):
        walk.append(70 + (walk[-1] - 70) * 0.999 + dice.gauss(0, 0.15))
    swing = [at + (6.0 * (-1) ** (n // 4) if n >= 5600 else 0) for n, at in enumerate(walk)]
    watch = shop.monitor()
    said = [watch.assess(shop.seen(300 * n, {"heat": at})) for n, at in enumerate(swing)]
    assert "watch" not in {one.state for one in said[3000:5600]}
    assert said[-1].reasons[0].text.startswith("scatters ")
