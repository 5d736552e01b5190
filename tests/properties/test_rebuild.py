"""Live equals recomputed: facts that grew message by message are those of a store built at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.effort import examples, folder
from tests.properties.histories import HOUR, messages
from tests.properties.inside import Inside
from tests.properties.plants import FOCI, settings


@pytest.mark.parametrize("focus", FOCI)
@examples(15)
@given(data=st.data())
def test_facts_after_live_processing_are_those_of_a_rebuilt_store(focus: str, data: st.DataObject) -> None:
    setting = data.draw(settings(focus=focus))
    come = data.draw(messages(setting))
    later = data.draw(st.sampled_from((HOUR, 40 * HOUR)))
    with folder() as one, Inside(one, setting.plant, come) as live:
        while live.taken < len(come):
            live.take(data.draw(st.sampled_from((1, 3, 10, 40))))
            live.clock += data.draw(st.sampled_from((0, 0, 60_000_000, HOUR)))
            if data.draw(st.booleans()):
                live.evaluate()
            elif data.draw(st.integers(0, 3)) == 0:
                live.restart(kill=data.draw(st.booleans()))
        live.clock += later
        live.evaluate()
        grown, clock = live.facts(), live.clock
    with folder() as two, Inside(two, setting.plant, come) as built:
        built.take(len(come))
        built.clock = clock
        built.pipeline.catch_up()
        assert built.facts() == grown
