"""Numbers add up: neighbouring windows to their union, classes to the calendar, losses and good time to the whole."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edge.facts import total
from edge.query.query import Asked
from edge.query.window import Window
from tests.properties.agreement import alike
from tests.properties.effort import examples, folder
from tests.properties.histories import MINUTE, messages
from tests.properties.inside import Inside
from tests.properties.plants import LINE, settings

KPIS = ("oee", "first_pass_yield")


@examples(40)
@given(st.data())
def test_neighbouring_windows_sum_to_their_union(data: st.DataObject) -> None:
    setting = data.draw(settings())
    come = data.draw(messages(setting))
    instants = st.integers(-60, 30 * 60).map(lambda minute: setting.begin + minute * MINUTE)
    exact = st.sampled_from([one.received - 50_000 for one in come])
    cuts = sorted(data.draw(st.lists(instants | exact, min_size=3, max_size=7, unique=True)))
    with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
        inside.take(len(come))
        inside.evaluate()
        for path in (LINE, setting.paths[0]):
            for name in KPIS:
                windows = [Window(a, b) for a, b in [*pairwise(cuts), (cuts[0], cuts[-1])]]
                *parts, whole = [query.kpi(name, Asked(path, window), None, None)["facts"] for window in windows]
                summed, whole = plain(total(parts)), plain(whole)
                assert [key for key in whole | summed if not alike(summed.get(key, 0), whole.get(key, 0))] == [], path


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Nested facts under one roof; what is zero may be left out of them."""
    out: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            out |= {f"{name}/{inner}": number for inner, number in plain(value).items()}
        elif value:
            out[name] = value
    return out


@examples(40)
@given(st.data())
def test_losses_and_what_is_left_make_up_the_whole(data: st.DataObject) -> None:
    setting = data.draw(settings())
    come = data.draw(messages(setting))
    start = setting.begin + data.draw(st.integers(-60, 20 * 60)) * MINUTE
    window = Window(start, start + data.draw(st.sampled_from((1, 60, 481, 1500))) * MINUTE)
    with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
        inside.take(len(come))
        inside.evaluate()
        found = query.losses(LINE, Asked(LINE, window))
    left = None
    for step in found["time"]:
        if step["kind"] == "loss":
            assert left is not None
            left -= step["seconds"]
        else:
            assert left is None or abs(left - step["seconds"]) < 1e-6, step
            left = step["seconds"]
    steps = {step["name"]: step["seconds"] for step in found["time"]}
    six = sum(loss["seconds"] for loss in found["six_big_losses"])
    assert abs(six + steps["ideal_good_s"] - steps["planned_busy_s"]) < 1e-6
    length = max(0, min(window.end, inside.clock) - window.start) / 1e6
    assert abs(found["time"][0]["seconds"] - length * len(setting.paths)) < 1e-6


@examples(30)
@given(st.data())
def test_pools_change_no_digit(data: st.DataObject) -> None:
    setting = data.draw(settings())
    come = data.draw(messages(setting))
    start = setting.begin + data.draw(st.integers(-60, 20 * 60)) * MINUTE
    step = data.draw(st.sampled_from((None, "shift", "day")))
    with folder() as place, Inside(place, setting.plant, come) as inside:
        while inside.taken < len(come):
            inside.take(data.draw(st.sampled_from((5, 40))))
            if data.draw(st.booleans()):
                inside.evaluate()
        inside.clock += data.draw(st.sampled_from((0, 30 * 60 * MINUTE)))
        inside.evaluate()
        window = Asked(LINE, Window(start, start + data.draw(st.integers(1, 80 * 60)) * MINUTE))
        found = []
        for _ in range(2):
            with inside.asking() as query:
                found.append([query.kpi(name, window, step, None) for name in inside.pipeline.host.kpis])
            inside.pipeline.db.execute("delete from pools")
    assert found[0] == found[1]
