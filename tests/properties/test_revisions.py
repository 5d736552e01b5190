"""Every revision is the answer as of its instant, and the last one is the answer now: nothing changes without one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.clock import from_text
from edge.query.query import Asked
from edge.query.window import Window
from tests.properties.agreement import alike
from tests.properties.effort import examples, folder
from tests.properties.histories import HOUR, MINUTE, messages
from tests.properties.inside import Inside
from tests.properties.plants import LINE, settings


@examples(15)
@given(st.data())
def test_revisions_are_past_answers_and_end_with_the_present_one(data: st.DataObject) -> None:
    setting = data.draw(settings(machines=2))
    come = data.draw(messages(setting))
    name = data.draw(st.sampled_from(("oee", "first_pass_yield")))
    path = data.draw(st.sampled_from((LINE, setting.paths[0])))
    start = setting.begin + data.draw(st.integers(-60, 10 * 60)) * MINUTE
    asked = Asked(path, Window(start, start + data.draw(st.sampled_from((7, 60, 480))) * MINUTE))
    with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
        inside.take(len(come))
        inside.clock += data.draw(st.sampled_from((0, HOUR)))
        inside.evaluate()
        whole = query.kpi(name, asked, None, None)
        first, *changes = query.revisions(name, asked, None, data.draw(st.sampled_from((1, 3, 20))))["revisions"]
        for one in (first, *changes[:-1]):
            then = query.kpi(name, asked, None, from_text(one["as_of"]))
            assert alike(one["facts"], then["facts"]), one["as_of"]
        assert alike((changes or [first])[-1]["facts"], whole["facts"])
        assert all(one["changed"]["facts"] and one["hours"] for one in changes)
