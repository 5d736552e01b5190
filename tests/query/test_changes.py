"""Plant data changes in time: numbers follow from the instant on, and no other number; the past stays answerable."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edge.changes import TOPIC
from edge.clock import from_text, to_text
from edge.query.query import Asked
from edge.query.window import Window
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

START = datetime(2025, 3, 3, 6, tzinfo=UTC)
ASSET, OTHER = "s/a/l/m1", "s/a/l/m2"
PLANT = {"products": {"A": {"ideal_cycle_s": 30}, "B": {"ideal_cycle_s": 60}},
         "sites": {"s": {"shifts": [{"name": "early", "start": "06:00", "end": "14:00"}]}},
         "machines": {"s/*": {"product": "A", "stale_after_s": 0}, OTHER: {"product": "B"}}}  # fmt: skip
LATE = 600  # when changes are said: all has been received


def at(minute: float) -> str:
    return to_text(from_text((START + timedelta(minutes=minute)).isoformat()))


def said(minute: float, kind: str, asset: str = ASSET, **members: object) -> Message:
    payload = {"ts": at(minute), **members}
    return Message(f"shopfloor/v1/{asset}/{kind}", json.dumps(payload).encode(), from_text(at(minute)))


def changed(number: str, kind: str, name: str = "", since: float | None = None, minute: float = LATE,
            **members: object) -> Message:  # fmt: skip
    valid = {} if since is None else {"valid_from": at(since)}
    payload = {"id": number, "kind": kind, "name": name, "by": "ann", "why": "a test", **valid, **members}
    return Message(TOPIC, json.dumps(payload).encode(), from_text(at(minute)))


RECORD = [
    *(said(0, "state", asset, state="running") for asset in (ASSET, OTHER)),
    *(said(minute, "count", total=10, bad=0) for minute in range(5, 480, 10)),
    *(said(minute, "count", OTHER, total=10, bad=0) for minute in range(5, 480, 10)),
    said(90, "state", state="stopped"),
    said(93, "state", state="running"),
    said(150, "state", state="stopped"),
    said(153, "state", state="running"),
]
RECORD.sort(key=lambda message: message.received)


def ask(messages: Iterable[Message], start: float = 0, end: float = 480, as_of: float | None = None,
        asset: str = ASSET) -> dict[str, Any]:  # fmt: skip
    window = Asked(asset, Window(from_text(at(start)), from_text(at(end))))
    with answering(PLANT, [*RECORD, *messages]) as query:
        oee = query.kpi("oee", window, None, None if as_of is None else from_text(at(as_of)))
    return {**oee, **oee["facts"], **oee["values"]}


def revisions(messages: Iterable[Message], asset: str = ASSET) -> list[int]:
    """Of each hour, where the hours had been evaluated before the change was said."""
    with answering(PLANT, [*RECORD, *messages], evaluated=len(RECORD)) as query:
        window = Window(from_text(at(0)), from_text(at(480)))
        return [part["revision"] for part in query.kpi("oee", Asked(asset, window), "1h", None)["windows"]]


def test_a_new_ideal_cycle_changes_no_number_before_it() -> None:
    change = changed("1", "product", "A", 240, value={"ideal_cycle_s": 15})
    plain, found = ask([]), ask([change])
    assert (plain["ideal_total_s"], found["ideal_total_s"]) == (480 * 30, 240 * 30 + 240 * 15)
    assert ask([change], 0, 240)["ideal_total_s"] == 240 * 30


def test_a_change_in_the_middle_of_an_hour_is_exact() -> None:
    change = changed("1", "product", "A", 37, value={"ideal_cycle_s": 15})
    assert ask([change], 0, 60)["ideal_total_s"] == 40 * 30 + 20 * 15
    assert ask([change], 31, 41)["ideal_total_s"] == 10 * 30
    assert ask([change], 36, 60)["ideal_total_s"] == 20 * 15


def test_only_hours_that_are_other_hours_now_get_a_revision() -> None:
    change = changed("1", "product", "A", 137, value={"ideal_cycle_s": 15})
    assert revisions([]) == [1] * 8
    assert revisions([change]) == [1, 1, *[2] * 6]
    assert revisions([change], OTHER) == [1] * 8


def test_the_past_knows_nothing_of_a_later_change() -> None:
    change = changed("1", "product", "A", 240, value={"ideal_cycle_s": 15})
    revoked = changed("2", "revoke", revokes="1", minute=LATE + 10)
    assert ask([change, revoked])["ideal_total_s"] == 480 * 30
    assert ask([change, revoked], as_of=LATE + 5)["ideal_total_s"] == 240 * 45
    assert ask([change, revoked], as_of=LATE - 5)["ideal_total_s"] == 480 * 30


def test_of_changes_the_one_that_began_last_holds_and_of_two_the_later_word() -> None:
    changes = [
        changed("1", "product", "A", 240, value={"ideal_cycle_s": 15}),
        changed("2", "product", "A", 120, value={"ideal_cycle_s": 10}),
        changed("3", "product", "A", 240, value={"ideal_cycle_s": 20}),
    ]
    assert ask(changes)["ideal_total_s"] == 120 * 30 + 120 * 10 + 240 * 20


def test_a_stop_is_judged_by_the_threshold_of_its_beginning() -> None:
    change = changed("1", "machine", "s/*", 91, value={"microstop_threshold_s": 300})
    found = ask([change])
    assert (found["down_s"], found["micro_s"]) == (180, 180)
    assert ask([change], 91, 93)["down_s"] == 120


@pytest.mark.parametrize(
    ("value", "planned_s"),
    [
        ({"shifts": [{"name": "early", "start": "06:00", "end": "10:00"}]}, 240 * 60),
        ({"shifts": [{"name": "early", "start": "06:00", "end": "14:00"}], "breaks": []}, 480 * 60),
        ({"shifts": []}, 480 * 60),
    ],
)
def test_other_shifts_hold_from_their_instant_on(value: Mapping[str, Any], planned_s: float) -> None:
    found = ask([changed("1", "shifts", "s", 100, value=value)])
    assert found["scheduled_s"] == planned_s
    assert ask([changed("1", "shifts", "s", 100, value=value)], 0, 100)["scheduled_s"] == 6000


def test_an_exception_holds_for_its_own_time() -> None:
    slot = {"kind": "unscheduled", "from": at(30), "to": at(90)}
    change = changed("1", "exception", "s", value=slot)
    assert ask([change])["scheduled_s"] == 420 * 60
    assert revisions([change]) == [2, 2, 1, 1, 1, 1, 1, 1]


def test_a_product_that_nobody_reported_is_another_from_its_instant_on() -> None:
    change = changed("1", "machine", ASSET, 100, value={"product": "B"})
    assert ask([change])["ideal_total_s"] == 100 * 30 + 380 * 60
    back = changed("2", "machine", ASSET, 200, value={"product": None})
    assert ask([change, back])["ideal_total_s"] == 100 * 30 + 100 * 60 + 280 * 30


def test_the_answer_shows_all_settings_of_its_window_with_their_time() -> None:
    change = changed("1", "product", "A", 240, value={"ideal_cycle_s": 15})
    shown = ask([change])["settings"]
    assert [(one["from"], one["to"], one["ideal_s"]["A"]) for one in shown["versions"]] == [
        (at(0), at(240), 30),
        (at(240), at(480), 15),
    ]
    assert [(one["id"], one["by"]) for one in shown["changes"]] == [("1", "ann")]
    assert "versions" not in ask([change], 240, 480)["settings"]
    assert "changes" not in ask([])["settings"]


def test_a_change_that_does_not_fit_the_plant_file_any_more_is_left_out() -> None:
    changes = [
        changed("1", "shifts", "gone", 100, value={"shifts": []}),
        changed("2", "product", "A", 100, value={"ideal_cycle_s": "soon"}),
        changed("3", "product", "A", 240, value={"ideal_cycle_s": 15}),
    ]
    assert ask(changes)["ideal_total_s"] == 240 * 30 + 240 * 15


def test_a_shift_is_asked_for_as_the_calendar_was_known() -> None:
    change = changed("1", "shifts", "s", -1000, value={"shifts": [{"name": "early", "start": "04:00", "end": "12:00"}]})
    with answering(PLANT, [*RECORD, change]) as query:
        for as_of, start in ((None, -120), (LATE - 5, 0)):
            known = None if as_of is None else from_text(at(as_of))
            assert query.window(ASSET, None, None, "early@2025-03-03", known).start == from_text(at(start))


def test_a_target_of_its_time_is_compared_with() -> None:
    changes = [
        changed("1", "machine", "s/*", 0, value={"target_oee": 0.5}),
        changed("2", "machine", ASSET, 240, value={"target_oee": 1}),
    ]
    with answering(PLANT, [*RECORD, *changes]) as query:
        query.now = lambda: from_text(at(300))
        assert query.status(ASSET)["parts"]["target"] == pytest.approx((240 * 0.5 + 60) * 2, abs=7)
        assert query.status(ASSET)["parts"]["target_full"] == pytest.approx((240 * 0.5 + 240) * 2, abs=7)


STANDING = [said(0, "state", state="running"), said(50, "state", state="no_order"), said(400, "state", state="running")]


def stood(file: Mapping[str, Any], value: Mapping[str, Any], come: int = len(STANDING)) -> dict[str, Any]:
    """What is known of the first hour, and of all, when settings are said to be others from minute 130 on."""
    plant = {**PLANT, "sites": {}, "machines": {"s/*": {"stale_after_s": 0, **file}}}
    change = changed("1", "machine", "s/*", 130, value=value)
    with answering(plant, [*STANDING[:come], change], evaluated=come) as query:
        first, whole = (
            query.kpi("oee", Asked(ASSET, Window(from_text(at(0)), from_text(at(end)))), None, None)["facts"]
            for end in (60, 420)
        )
    return {"first": first, "whole": whole}


def test_standing_without_an_order_is_a_stop_from_the_instant_on_at_which_it_counts_as_one() -> None:
    whole = stood({}, {"no_order_is_loss": True})["whole"]
    assert (whole["no_order_s"], whole["down_s"]) == (80 * 60, 270 * 60)


@pytest.mark.parametrize("come", [2, 3])
def test_a_stop_that_a_change_ends_in_silence_is_judged_anew_in_the_hour_in_which_it_began(come: int) -> None:
    found = stood({"no_order_is_loss": True, "microstop_threshold_s": 7200}, {"no_order_is_loss": False}, come)
    assert (found["first"]["micro_s"], found["first"]["down_s"]) == (600, 0)
    assert found["whole"]["micro_s"] == 80 * 60


def test_limits_of_a_signal_change_in_the_middle_of_an_hour() -> None:
    readings = [said(minute, "reading", signals={"width": 10.0 + minute % 3}) for minute in range(60)]
    limits = changed("1", "machine", ASSET, 0, -1, value={"signals": {"width": {"low": 5.0, "high": 11.5}}})
    later = changed("2", "machine", ASSET, 30, value={"signals": {"width": {"high": 10.5}}})
    window = Asked(ASSET, Window(from_text(at(0)), from_text(at(60))))
    with answering(PLANT, [limits, *readings, later], evaluated=61) as query:
        found = query.kpi("capability", window, None, None)["facts"]["signals"]["width"]
        before = query.kpi("capability", window, None, from_text(at(LATE - 1)))["facts"]["signals"]["width"]
    counts = {key.rpartition("|")[0]: (one["n"], one["beyond_limits"]) for key, one in found.items()}
    assert counts == {"5.0|11.5": (30, 10), "5.0|10.5": (30, 20)}
    assert [(one["n"], one["beyond_limits"]) for one in before.values()] == [(60, 20)]
