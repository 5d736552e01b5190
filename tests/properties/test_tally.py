"""Every message is exactly one of accepted, duplicate and rejected, whatever happens between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import tally
from tests.properties.effort import examples, folder
from tests.properties.histories import messages
from tests.properties.inside import Inside
from tests.properties.plants import settings
from tests.scenarios.scenario import Message

GARBAGE = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"ts": 1}',
    b'[{"ts": "2025-03-03T06:00:00Z", "state": "asleep"}]',
    b"\xff",
    b"[[[",
)


@examples(50)
@given(st.data())
def test_received_is_accepted_and_duplicate_and_rejected(data: st.DataObject) -> None:
    setting = data.draw(settings(machines=2))
    come = list(data.draw(messages(setting, most=25)))
    topic = f"shopfloor/v1/{setting.paths[0]}/state"
    for payload in data.draw(st.lists(st.sampled_from(GARBAGE), max_size=8)):
        at = data.draw(st.integers(0, len(come) - 1))
        come.insert(at, Message(topic, payload, come[at].received))
    with folder() as place, Inside(place, setting.plant, come) as inside:
        while inside.taken < len(come):
            inside.take(data.draw(st.sampled_from((1, 10, 200))))
            if data.draw(st.booleans()):
                inside.restart(kill=data.draw(st.booleans()))
        found = inside.pipeline.tally
        assert found.processed + found.notices == len(come)
        counted = {"accepted": found.accepted, "duplicate": found.duplicate, "rejected": sum(found.rejected.values())}
        assert counted == tally(come)
