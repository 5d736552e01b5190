"""Every number of the service is that of the oracle: however messages arrive, whenever it is asked or killed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from edge.query.query import Query
from tests.oracle import numbers
from tests.properties.agreement import disagreements
from tests.properties.effort import examples, folder
from tests.properties.histories import HOUR, MINUTE, SECOND, in_order, messages, orderless
from tests.properties.inside import Inside, answers
from tests.properties.plants import FOCI, LINE, Setting, settings
from tests.scenarios.scenario import Message

STEPS = ("nothing", "commit", "evaluate", "evaluate", "evaluate later", "restart", "kill")
LATER = (0, 30 * SECOND, HOUR, 30 * HOUR)


@st.composite
def windows(draw: st.DrawFn, setting: Setting) -> tuple[str, int, int]:
    """A machine or the line, and a window around its history."""
    path = draw(st.sampled_from((*setting.paths, LINE, "site")))
    start = setting.begin + draw(st.integers(-2 * 60, 20 * 60)) * MINUTE + draw(st.sampled_from((0, 0, SECOND, 7)))
    return path, start, start + draw(st.sampled_from((1, 7, 30, 60, 95, 480, 1500, 5000))) * MINUTE


def check(query: Query, setting: Setting, come: Sequence[Message], window: tuple[str, int, int], cut: int, *,
          as_of: bool = False) -> None:  # fmt: skip
    """One answer against the oracle."""
    path, start, end = window
    paths = [path] if path in setting.paths else setting.paths
    found = answers(query, path, start, end, cut if as_of else None)
    expected = numbers(setting.plant, come, paths, start, end, cut, as_of=as_of)
    different = disagreements(expected, found)
    if different:
        note("\n".join(f"{one.received} {one.topic} {one.payload.decode()}" for one in come))
    assert different == {}, (window, cut)


@pytest.mark.parametrize("focus", FOCI)
@examples(40)
@given(data=st.data())
def test_numbers_are_those_of_the_oracle_however_the_stream_is_cut(focus: str, data: st.DataObject) -> None:
    setting = data.draw(settings(focus=focus))
    come = data.draw(messages(setting))
    asked = [data.draw(windows(setting)) for _ in range(3)]  # again and again, so that remembered answers are met
    with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
        while inside.taken < len(come):
            inside.take(data.draw(st.sampled_from((1, 3, 10, 40, 200))))
            step(data.draw(st.sampled_from(STEPS)), inside)
            if data.draw(st.integers(0, 4)) == 0:
                inside.pipeline.commit()
                check(query, setting, come[: inside.taken], data.draw(st.sampled_from(asked)), inside.clock)
        inside.clock += data.draw(st.sampled_from(LATER))
        inside.pipeline.commit()
        for window in (*asked, asked[0]):
            check(query, setting, come, window, inside.clock)


def step(what: str, inside: Inside) -> None:
    """What happens between two batches."""
    match what:
        case "commit":
            inside.pipeline.commit()
        case "evaluate":
            inside.evaluate()
        case "evaluate later":
            inside.clock += HOUR // 2
            inside.evaluate()
        case "restart":
            inside.restart(kill=False)
        case "kill":
            inside.restart(kill=True)
        case _:
            pass


@pytest.mark.parametrize("focus", FOCI)
@examples(30)
@given(data=st.data())
def test_an_answer_as_of_an_instant_knows_only_what_had_been_received(focus: str, data: st.DataObject) -> None:
    setting = data.draw(settings(focus=focus))
    come = data.draw(messages(setting))
    with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
        inside.take(len(come))
        inside.pipeline.commit()
        if data.draw(st.booleans()):
            inside.evaluate()
        inside.clock += HOUR
        for _ in range(3):
            near = data.draw(st.sampled_from(come)).received // SECOND * SECOND
            cut = (
                near + data.draw(st.sampled_from((0, SECOND, HOUR // 2))) - 1
            )  # a whole second: see `edge.store.events`
            check(query, setting, come, data.draw(windows(setting)), cut, as_of=True)


@pytest.mark.parametrize("focus", FOCI)
@examples(10)
@given(data=st.data())
def test_the_order_of_arrival_changes_no_number(focus: str, data: st.DataObject) -> None:
    setting = data.draw(settings(focus=focus))
    told = data.draw(orderless(setting, most=25))
    window = data.draw(windows(setting))
    found: list[dict[str, Any]] = []
    for order in (told, data.draw(st.permutations(told))):
        come = in_order(order)
        with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
            while inside.taken < len(come):
                inside.take(data.draw(st.sampled_from((1, 10, 200))))
                inside.evaluate()
            check(query, setting, come, window, inside.clock)
            found.append({k: v for k, v in answers(query, *window).items() if k != "revision"})
    assert found[0] == found[1]
