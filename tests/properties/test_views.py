"""How one looks changes nothing: neither zoom nor threshold nor time zone."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.agreement import NUMBERS, alike
from tests.properties.effort import examples, folder
from tests.properties.histories import HOUR, MINUTE, messages
from tests.properties.inside import Inside, answers
from tests.properties.plants import LINE, ROSTERS, Setting, settings
from tests.scenarios.scenario import Message

OFFSETS = {"Asia/Kolkata": 330, "Asia/Kathmandu": 345, "America/Phoenix": -420, "Pacific/Marquesas": -570}


def all_answers(setting: Setting, come: list[Message], start: int, end: int) -> dict[str, Any]:
    with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
        inside.take(len(come))
        inside.evaluate()
        return answers(query, LINE, start, end)


@examples(40)
@given(st.data())
def test_no_query_changes_the_class_of_a_stop_that_is_over(data: st.DataObject) -> None:
    setting = data.draw(settings(machines=1, focus=data.draw(st.sampled_from(("stops", "everything")))))
    come = data.draw(messages(setting))
    known: dict[tuple[str, str], bool] = {}
    with folder() as place, Inside(place, setting.plant, come) as inside, inside.asking() as query:
        inside.take(len(come))
        inside.evaluate()
        for _ in range(6):
            start = setting.begin + data.draw(st.integers(-60, 20 * 60)) * MINUTE
            end = start + data.draw(st.sampled_from((1, 5, 60, 480, 1500))) * MINUTE
            for span in query.timeline(setting.paths[0], start, end)["spans"]:
                stop = span["stop"]
                if stop is not None and stop["to"] is not None:
                    assert known.setdefault((stop["from"], stop["to"]), stop["micro"]) == stop["micro"]
                    assert span["time_class"] in ("unscheduled", "planned", "micro" if stop["micro"] else "down")


@examples(30)
@given(st.data())
def test_oee_and_busy_time_do_not_depend_on_the_threshold(data: st.DataObject) -> None:
    setting = data.draw(settings(machines=2))
    come = data.draw(messages(setting))
    other = deepcopy(setting)
    for machine in other.plant["machines"].values():
        machine["microstop_threshold_s"] = data.draw(st.sampled_from((0, 30, 120, 600, 100_000)))
    end = setting.begin + 24 * HOUR
    one, two = (all_answers(each, come, setting.begin, end) for each in (setting, other))
    assert alike(one["planned_busy_s"], two["planned_busy_s"])
    if one["run_time_s"] and two["run_time_s"]:  # without any, parts have no OEE (ruling 14)
        assert alike(one["oee"], two["oee"])


@examples(30)
@given(st.data())
def test_zone_and_times_shifted_together_change_nothing(data: st.DataObject) -> None:
    setting = data.draw(settings(machines=2))
    setting.plant["sites"]["site"] |= {"timezone": "UTC"}
    come = data.draw(messages(setting))
    zone = data.draw(st.sampled_from(sorted(OFFSETS)))
    earlier = OFFSETS[zone] * MINUTE
    start = setting.begin + data.draw(st.integers(-60, 600)) * MINUTE
    end = start + data.draw(st.sampled_from((30, 480, 1440))) * MINUTE
    one = all_answers(setting, come, start, end)
    two = all_answers(
        moved(setting, zone, earlier), [moved_message(m, earlier) for m in come], start - earlier, end - earlier
    )
    assert [name for name in NUMBERS if not alike(one.get(name), two.get(name))] == []


def moved(setting: Setting, zone: str, earlier: int) -> Setting:
    """The plant in another zone: the same by its walls' clocks, so slots lie at other instants."""
    plant = deepcopy(setting.plant)
    site = plant["sites"]["site"]
    site["timezone"] = zone
    assert setting.roster in ROSTERS
    for kind in ("planned", "unscheduled"):
        site[kind] = [{name: moved_text(text, earlier) for name, text in slot.items()} for slot in site[kind]]
    return Setting(plant, setting.paths, setting.begin - earlier, zone, setting.roster, setting.focus)


def moved_message(message: Message, earlier: int) -> Message:
    said = json.loads(message.payload)
    bodies = said if isinstance(said, list) else [said]
    for body in bodies:
        move(body, earlier)
        if isinstance(body.get("value"), dict):  # of a change of plant data
            move(body["value"], earlier)
    return Message(message.topic, json.dumps(said).encode(), message.received - earlier)


def move(body: dict[str, Any], earlier: int) -> None:
    for name in ("ts", "produced_ts", "from", "to", "at", "valid_from"):
        if isinstance(body.get(name), int):
            body[name] -= earlier // 1000
        elif name in body:
            body[name] = moved_text(body[name], earlier)


def moved_text(text: str, earlier: int) -> str:
    return (datetime.fromisoformat(text) - timedelta(microseconds=earlier)).isoformat()
