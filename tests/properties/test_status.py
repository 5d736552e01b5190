"""The status of machines and lines is what the other questions say, to the digit, and remembering changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import from_text, to_text
from edge.query.query import Query
from tests.properties.effort import examples, folder
from tests.properties.histories import HOUR, MINUTE, SECOND, messages
from tests.properties.inside import Inside
from tests.properties.plants import FOCI, LINE, settings
from tests.properties.test_numbers import STEPS, step

PASSING = (0, 0, SECOND, 7 * MINUTE, HOUR, 5 * HOUR)
DAY = 24 * HOUR


@pytest.mark.parametrize("focus", FOCI)
@examples(6)
@given(data=st.data())
def test_a_status_is_the_same_whatever_was_asked_before(focus: str, data: st.DataObject) -> None:
    setting = data.draw(settings(focus=focus))
    come = data.draw(messages(setting))
    with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
        while inside.taken < len(come):
            inside.take(data.draw(st.sampled_from((1, 3, 10, 40))))
            step(data.draw(st.sampled_from(STEPS)), inside)
            inside.clock += data.draw(st.sampled_from(PASSING))
            inside.pipeline.commit()
            path = data.draw(st.sampled_from((*known(inside), LINE, "site")))
            with inside.asking() as fresh:
                assert query.status(path) == fresh.status(path)


def known(inside: Inside) -> list[str]:
    """Machines that the store knows."""
    return [path for (path,) in inside.pipeline.db.execute("select path from machines")]


@pytest.mark.parametrize("focus", FOCI)
@examples(6)
@given(data=st.data())
def test_a_status_says_what_the_other_questions_say(focus: str, data: st.DataObject) -> None:
    setting = data.draw(settings(focus=focus))
    come = data.draw(messages(setting))
    with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
        while inside.taken < len(come):
            inside.take(data.draw(st.sampled_from((10, 40))))
            step(data.draw(st.sampled_from(STEPS)), inside)
            inside.clock += data.draw(st.sampled_from(PASSING))
            inside.pipeline.commit()
            status = query.status(LINE)
            for one in (status, *status["machines"]):
                check_numbers(query, one)
            for one in status["machines"]:
                check_state(query, one, inside.clock)


def check_numbers(query: Query, status: dict[str, Any]) -> None:
    """The KPIs of the window are those of a question about it."""
    window = query.window(status["asset"], None, None, None)
    assert (to_text(window.start), to_text(window.end)) == (status["window"]["from"], status["window"]["to"])
    for name, said in status["kpis"].items():
        found = query.kpi(name, window, None, None)
        assert {key: found[key] for key in ("values", "flags", "coverage")} == {
            key: said[key] for key in ("values", "flags", "coverage")
        }


def check_state(query: Query, status: dict[str, Any], now: int) -> None:
    """The state is the last one of the timeline, and began where that says so."""
    spans = query.timeline(status["asset"], now - DAY, now)["spans"]
    last, begun = spans[-1], now
    for name in ("state", "reason", "product"):
        assert status[name] == last[name]
    for span in reversed(spans):
        if span["state"] != last["state"]:
            break
        begun = from_text(span["from"])
    if status["since"] is not None:  # it has been heard
        stop = last["stop"]
        assert from_text(status["since"]) in {begun, from_text(stop["from"]) if stop else begun}
