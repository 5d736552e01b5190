"""Corrections lie over the record: numbers follow, the past stays answerable, revoking brings the record back."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edge.clock import from_text
from edge.corrections import TOPIC
from edge.query.query import Asked
from edge.query.window import Window
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

START = datetime(2025, 3, 3, 6, tzinfo=UTC)
ASSET = "s/a/l/m1"
PLANT = {"products": {"A": {"ideal_cycle_s": 30}, "B": {"ideal_cycle_s": 60}},
         "machines": {"s/*": {"product": "A", "stale_after_s": 0}}}  # fmt: skip


def at(minute: float) -> str:
    return (START + timedelta(minutes=minute)).isoformat()


def said(minute: float, kind: str, **members: object) -> Message:
    payload = {"ts": at(minute), **members}
    return Message(f"shopfloor/v1/{ASSET}/{kind}", json.dumps(payload).encode(), from_text(at(minute)))


def corrected(minute: float, number: str, kind: str, **members: object) -> Message:
    payload = {"id": number, "kind": kind, "asset": ASSET, "by": "ann", "why": "a test", **members}
    return Message(TOPIC, json.dumps(payload).encode(), from_text(at(minute)))


RECORD = [
    said(0, "state", state="running"),
    said(60, "state", state="stopped"),
    said(70, "state", state="running"),
    said(80, "state", state="stopped", reason="jam"),
    said(85, "state", state="running"),
    said(200, "count", total=300, bad=0),
    said(220, "unit", serial="u1", result="pass"),
    said(480, "heartbeat"),
]


def ask(messages: Iterable[Message], as_of: float | None = None) -> dict[str, Any]:
    window = Asked(ASSET, Window(from_text(at(0)), from_text(at(480))))
    with answering(PLANT, list(messages)) as query:
        cut = None if as_of is None else from_text(at(as_of))
        oee = query.kpi("oee", window, None, cut)
        spans = query.timeline(ASSET, window.start, window.end)["spans"]
        return {**oee["facts"], **oee["values"], "spans": spans, "reasons": query.losses(ASSET, window)["reasons"]}


def test_a_reason_given_later_explains_the_stop_and_changes_no_time() -> None:
    plain = ask(RECORD)
    found = ask([*RECORD, corrected(490, "c1", "reason", **{"from": at(58), "to": at(72)}, reason="material")])
    assert {r["reason"] for r in plain["reasons"]} == {None, "jam"}
    assert {r["reason"]: r["seconds"] for r in found["reasons"]} == {"material": 600.0, "jam": 300.0}
    assert found["down_s"] == plain["down_s"]
    assert found["oee"] == plain["oee"]


def test_a_state_said_by_a_person_counts_instead_of_the_reported_one() -> None:
    found = ask([*RECORD, corrected(490, "c1", "state", **{"from": at(60), "to": at(70)}, state="changeover")])
    assert (found["setup_s"], found["down_s"]) == (600.0, 300.0)


def test_a_split_stop_has_two_reasons_and_stays_one_stop() -> None:
    split = corrected(
        490, "c1", "split", **{"from": at(60), "to": at(70)}, at=at(61), reason="jam", reason_after="cleaning"
    )
    found = ask([*RECORD, split])
    stops = {(s["stop"]["from"], s["stop"]["length_s"]) for s in found["spans"] if s["reason"] in ("jam", "cleaning")}
    assert len([s for s in stops if s[1] == 600.0]) == 1
    assert {r["reason"]: r["seconds"] for r in found["reasons"]} == {"cleaning": 540.0, "jam": 360.0}


def test_merged_stops_are_one_over_the_running_time_between_them() -> None:
    found = ask([*RECORD, corrected(490, "c1", "merge", **{"from": at(60), "to": at(85)}, reason="tool change")])
    assert found["down_s"] == 25 * 60
    assert {s["stop"]["length_s"] for s in found["spans"] if s["stop"]} == {1500.0}


def test_parts_and_scrap_are_booked_where_they_were_made() -> None:
    found = ask(
        [
            *RECORD,
            corrected(490, "c1", "count", at=at(300), total=-20),
            corrected(491, "c2", "scrap", at=at(201), qty=3),
            corrected(492, "c3", "scrap", serial="u1", qty=2),
        ]
    )
    assert (found["total_count"], found["good_count"]) == (280, 275)


def test_a_product_of_an_interval_changes_the_ideal_time_of_its_parts() -> None:
    found = ask([*RECORD, corrected(490, "c1", "product", **{"from": at(190), "to": at(210)}, product="B")])
    assert found["ideal_total_s"] == 300 * 60


def test_revoking_brings_back_the_record_and_the_past_stays_answerable() -> None:
    state = corrected(490, "c1", "state", **{"from": at(60), "to": at(70)}, state="changeover")
    revoked = corrected(500, "c2", "revoke", revokes="c1")
    messages = [*RECORD, state, revoked]
    assert ask(messages)["setup_s"] == 0
    assert ask(messages, as_of=495)["setup_s"] == 600
    assert ask(messages, as_of=485)["setup_s"] == 0


def test_the_same_correction_twice_counts_once() -> None:
    count = corrected(490, "c1", "count", at=at(300), total=7)
    assert ask([*RECORD, count, count])["total_count"] == 307


@pytest.mark.parametrize("later", [True, False])
def test_a_correction_over_silent_time_makes_it_known(later: bool) -> None:
    silent = {**PLANT, "machines": {"s/*": {"product": "A", "stale_after_s": 300}}}
    record = [said(0, "state", state="running"), said(300, "state", state="running")]
    ran = corrected(310, "c1", "state", **{"from": at(5), "to": at(300)}, state="running")
    with answering(silent, [*record, ran] if later else [record[0], ran, record[1]]) as query:
        facts = query.kpi("oee", Asked(ASSET, Window(from_text(at(0)), from_text(at(300)))), None, None)["facts"]
    assert (facts["run_time_s"], facts["unknown_s"]) == (300 * 60, 0)


def test_the_explanation_names_who_said_so_and_why() -> None:
    state = corrected(490, "c1", "state", **{"from": at(60), "to": at(70)}, state="changeover")
    with answering(PLANT, [*RECORD, state]) as query:
        window = Asked(ASSET, Window(from_text(at(0)), from_text(at(480))))
        (machine,) = query.explain("oee", window, None)["machines"]
    assert [(c["id"], c["by"], c["why"]) for c in machine["corrections"]] == [("c1", "ann", "a test")]
    assert [i["ruling"] for i in machine["intervals"] if i["state"] == "changeover"] == [5]


def test_an_order_said_later_is_that_of_the_interval() -> None:
    order = corrected(490, "c1", "order", **{"from": at(100), "to": at(130)}, order="4711")
    spans = ask([*RECORD, order])["spans"]
    assert {(s["from"], s["to"]) for s in spans if s["order"] == "4711"} == {
        ("2025-03-03T07:40:00Z", "2025-03-03T08:10:00Z")
    }


LOTS = [
    said(100, "order", order="L1", action="start"),
    said(130, "count", total=10, bad=0),
    said(150, "order", order="L2", action="start"),
    said(160, "count", total=10, bad=0),
    said(300, "order", order="L1", action="start"),
    said(330, "count", total=10, bad=0),
    said(360, "order", order="L1", action="finish"),
    said(400, "count", total=10, bad=0),
]


@pytest.mark.parametrize(("lot", "minute"), [("L1", 330), ("L2", 200), ("nobody's", 490)])
def test_scrap_of_a_lot_is_booked_to_its_last_part_else_to_the_report(lot: str, minute: int) -> None:
    scrap = corrected(490, "c1", "scrap", lot=lot, qty=3)
    with answering(PLANT, [*RECORD, *LOTS, scrap, said(600, "heartbeat")]) as query:
        window = Asked(ASSET, Window(from_text(at(minute)), from_text(at(minute)) + 1))
        assert query.kpi("oee", window, None, None)["facts"]["good_count"] in (7, 297, -3)
        whole = Asked(ASSET, Window(from_text(at(0)), from_text(at(600))))
        assert query.kpi("oee", whole, None, None)["facts"]["good_count"] == 337
        assert query.kpi("oee", whole, None, from_text(at(485)))["facts"]["good_count"] == 340


def test_rejects_named_by_serial_or_lot_lie_where_it_was_known_when_they_were_said() -> None:
    later = [said(300, "unit", serial="u9", result="pass"), said(240, "order", order="late", action="start")]
    scrap = [corrected(490, "c1", "scrap", serial="u9", qty=3), corrected(490, "c2", "scrap", lot="late", qty=2)]
    follow = [Message(one.topic, one.payload, from_text(at(495))) for one in later]
    window = Asked(ASSET, Window(from_text(at(489)), from_text(at(491))))
    for evaluated in (0, len(RECORD) + 2):
        with answering(PLANT, [*RECORD, *scrap, *follow, said(600, "heartbeat")], 0, evaluated) as query:
            assert query.kpi("oee", window, None, None)["facts"]["good_count"] == -5


def test_an_entry_of_the_service_that_cannot_be_read_is_shown_and_nothing_waits_for_it() -> None:
    newer = corrected(490, "c1", "prophecy")
    odd = corrected(490, "c2", "acknowledge", at="x")
    old = corrected(490, "c3", "state", state="fault", **{"from": "0001-01-01T00:00:00Z", "to": "0001-01-01T01:00:00Z"})
    told = [*RECORD, newer, Message(TOPIC, b"{", newer.received), odd, old, said(491, "count", total=5)]
    with answering(PLANT, told) as query:
        facts = query.kpi("oee", Asked(ASSET, Window(from_text(at(0)), from_text(at(500)))), None, None)["facts"]
        filters = {"asset": None, "reason": None, "start": None, "end": None, "limit": 9, "before": None}
        refused = query.rejections(filters)["rejections"]
    assert facts["total_count"] == 305
    assert [(row["offset"], row["reason"]) for row in refused] == [(n, "journal_damaged") for n in (12, 11, 10, 9)]
