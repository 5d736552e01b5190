"""Plant data that changes while much happens: numbers are those of the oracle, before and after, now and as of then."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.effort import examples, folder
from tests.properties.histories import BODIES, HOUR, LAGS, MINUTE, SECOND, Said, change, message
from tests.properties.inside import Inside
from tests.properties.plants import Setting, settings
from tests.properties.test_numbers import check
from tests.scenarios.scenario import Message

HOURS = 10
STANDING = ("stopped", "stopped", "fault", "idle", "no_order", "maintenance", "starved", "setup")
LENGTHS = (59, 60, 61, 119, 120, 121, 300, 301, 1500, 4000)
OTHERS = ("product", "scrap", "counter")


@st.composite
def busy(draw: st.DrawFn, setting: Setting) -> list[Message]:
    """Runs and stops without a pause, parts every few minutes, and changes of plant data in between."""
    said: list[Said] = []
    at, end = setting.begin, setting.begin + HOURS * HOUR
    while at < end:
        said.append(Said(0, "state", at, {"state": "running"}, LAGS[0]))
        at += draw(st.sampled_from((5, 31, 600, 1200, 2400))) * SECOND
        said.append(Said(0, "state", at, {"state": draw(st.sampled_from(STANDING))}, LAGS[0]))
        at += draw(st.sampled_from(LENGTHS)) * SECOND
    every = draw(st.sampled_from((3, 7))) * MINUTE
    said += [Said(0, "count", ts, {"total": 9, "bad": 1}, LAGS[0]) for ts in range(setting.begin + 1, end, every)]
    minutes = st.integers(0, HOURS * 60 - 1)
    for kind in draw(st.lists(st.sampled_from(OTHERS), max_size=4)):
        said.append(Said(0, kind, setting.begin + draw(minutes) * MINUTE, draw(BODIES[kind]), LAGS[0]))
    messages = [message(setting, one, number, "none") for number, one in enumerate(said)]
    for number in range(draw(st.integers(1, 6))):
        body = draw(BODIES["change"])
        if body["kind"] == "machine":
            body = {**body, "name": setting.paths[0]}
        ts = setting.begin + draw(minutes) * MINUTE + draw(st.sampled_from((0, 17 * SECOND)))
        lag = draw(st.sampled_from((11 * HOUR, 3 * HOUR, LAGS[0])))  # when all is over, or while it goes on
        messages.append(change(Said(0, "change", ts, body, lag), number))
    return sorted(messages, key=lambda one: one.received)


@examples(25)
@given(data=st.data())
def test_numbers_over_changes_are_those_of_the_oracle(data: st.DataObject) -> None:
    setting = data.draw(settings(machines=1, focus="changes"))
    machine = setting.plant["machines"][setting.paths[0]]
    machine |= {"stale_after_s": data.draw(st.sampled_from((0, 900))), "reject_signal": "auto"}
    come = data.draw(busy(setting))
    said = [one.received for one in come if one.topic == "$edge/plant"]
    with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
        while inside.taken < len(come):
            inside.take(data.draw(st.sampled_from((20, 60))))
            inside.evaluate()
        inside.clock += HOUR
        inside.evaluate()
        for _ in range(4):
            start = setting.begin + data.draw(st.integers(0, (HOURS - 1) * 60)) * MINUTE
            window = (setting.paths[0], start, start + data.draw(st.sampled_from((13, 60, 600))) * MINUTE)
            check(query, setting, come, window, inside.clock)
            cut = data.draw(st.sampled_from(said)) // SECOND * SECOND + data.draw(st.sampled_from((-1, HOUR - 1)))
            check(query, setting, come, window, cut, as_of=True)
