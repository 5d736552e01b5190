"""How a number came to change: what was known when, what changed it, and the messages and corrections behind that."""

import json
from collections.abc import Sequence
from typing import Any

from edge.clock import from_text, to_text
from edge.query.query import Asked, Query
from edge.query.window import Window
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

PLANT = {
    "products": {"P": {"ideal_cycle_s": 30}},
    "lines": {"s/a/l": {"route": ["m1", "m2"]}},
    "machines": {"s/*": {"product": "P", "stale_after_s": 0}},
}
SHIFT = Window(from_text("2025-03-03T06:00:00Z"), from_text("2025-03-03T14:00:00Z"))


def said(at: str, kind: str, received: str = "", machine: str = "m1", **members: object) -> Message:
    ts = f"2025-03-03T{at}:00Z"
    come = from_text(f"2025-03-03T{received}:00Z") if received else from_text(ts)
    return Message(f"shopfloor/v1/s/a/l/{machine}/{kind}", json.dumps({"ts": ts, **members}).encode(), come)


def corrected(received: str, **members: object) -> Message:
    body = {"by": "ah", "why": "seen", "asset": "s/a/l/m1", **members}
    at = received if received.count(":") == 2 else f"{received}:00"
    return Message("$edge/correction", json.dumps(body).encode(), from_text(f"2025-03-03T{at}Z"))


LATE = [
    said("05:00", "state", state="running"),
    said("08:00", "count", total=200, bad=0),
    said("13:00", "count", total=600, bad=0),
    said("13:30", "count", "14:20", total=50, bad=0),
    said("14:30", "count", total=1, bad=0),
    said("09:00", "state", "16:00", state="fault"),
    said("09:30", "state", "16:00", state="running"),
    corrected("17:00", id="c1", kind="scrap", qty=4, at="2025-03-03T13:00:00Z"),
    corrected("18:00", id="c2", kind="revoke", revokes="c1"),
]


def revisions(messages: Sequence[Message], *, name: str = "oee", path: str = "s/a/l/m1", as_of: str | None = None,
              limit: int = 20) -> list[dict[str, Any]]:  # fmt: skip
    """The revisions of the shift, each held against the answer as of its instant."""
    with answering(PLANT, messages) as query:
        asked = Asked(path, SHIFT)
        cut = None if as_of is None else from_text(as_of)
        found: list[dict[str, Any]] = query.revisions(name, asked, cut, limit)["revisions"]
        hold(query, name, asked, found, cut)
    return found


def hold(query: Query, name: str, asked: Asked, found: Sequence[dict[str, Any]], cut: int | None) -> None:
    for one in found:
        then = query.kpi(name, asked, None, from_text(one["as_of"]))
        assert (one["values"], one["facts"]) == (then["values"], then["facts"])
    assert found[-1]["values"] == query.kpi(name, asked, None, cut)["values"]


def test_each_revision_says_what_changed_where_and_why() -> None:
    first, count, fault, scrap, back = revisions(LATE)
    assert (first["revision"], first["facts"]["total_count"], first["causes"]) == (1, 800, [])
    assert count["changed"]["facts"]["total_count"] == [800, 850]
    assert [hour["from"] for hour in count["hours"]] == ["2025-03-03T13:00:00Z"]
    assert count["causes"] == [
        {"asset": "s/a/l/m1", "kind": "count", "from": "2025-03-03T13:30:00Z", "to": "2025-03-03T13:30:00Z",
         "received": "2025-03-03T14:20:00Z", "messages": 1, "offsets": [[4, 4]]},
    ]  # fmt: skip
    assert fault["changed"]["facts"]["down_s"] == [0.0, 1800.0]
    assert fault["changed"]["values"]["availability"] == [1.0, 0.9375]
    assert [(cause["kind"], cause["offsets"]) for cause in fault["causes"]] == [("state", [[6, 7]])]
    assert scrap["changed"]["facts"]["good_count"] == [850, 846]
    assert (scrap["causes"][0]["correction"]["why"], scrap["causes"][0]["offsets"]) == ("seen", [[8, 8]])
    assert back["changed"]["facts"]["good_count"] == [846, 850]
    assert back["causes"][0]["correction"]["revokes"] == "c1"


def test_the_past_knows_only_its_own_revisions() -> None:
    assert len(revisions(LATE, as_of="2025-03-03T16:30:00Z")) == 3
    assert len(revisions(LATE, as_of="2025-03-03T14:10:00Z")) == 1
    assert [r["facts"]["calendar_s"] for r in revisions(LATE, as_of="2025-03-03T10:00:00Z")] == [4 * 3600.0]


def test_fewer_groups_say_the_same_in_larger_steps() -> None:
    first, *_, last = revisions(LATE, limit=2)
    assert first["facts"]["total_count"] == 800
    assert last["facts"]["good_count"] == 850


def test_a_stop_that_becomes_a_fault_after_the_shift_changes_the_shift() -> None:
    open_stop = [*LATE[:3], said("13:50", "state", state="stopped"), said("14:40", "state", state="fault"),
                 said("15:00", "state", state="running"), said("15:10", "count", total=3, bad=0)]  # fmt: skip
    first, fault = revisions(open_stop)
    assert (first["facts"]["failures"], first["facts"]["down_s"]) == (0, 600.0)
    assert fault["changed"]["facts"] == {"failures": [0, 1]}
    assert [cause["kind"] for cause in fault["causes"]] == ["state"]


def test_later_verdicts_change_final_and_line_yield() -> None:
    units = [
        said("07:00", "unit", serial="a", result="fail"), said("07:05", "unit", serial="b", result="pass"),
        said("16:00", "unit", serial="a", result="pass"),
        said("20:00", "unit", machine="m2", serial="b", result="pass"),
    ]  # fmt: skip
    first, retest, line = revisions(units, name="first_pass_yield", path="s/a/l")
    assert (first["values"]["final_yield"], first["values"]["line_fpy"]) == (0.5, 0.0)
    assert retest["changed"]["values"]["final_yield"] == [0.5, 1.0]
    assert line["changed"]["values"]["line_fpy"] == [0.0, 0.5]
    assert [cause["offsets"] for cause in (*retest["causes"], *line["causes"])] == [[[3, 3]], [[4, 4]]]


def test_a_million_late_messages_stay_a_short_list() -> None:
    late = [
        said(f"{6 + n // 60:02}:{n % 60:02}", "count", f"{15 + n // 60:02}:{n % 60:02}", total=1) for n in range(400)
    ]
    found = revisions([LATE[0], *late], limit=5)
    assert len(found) <= 6
    assert found[-1]["facts"]["total_count"] == 400
    assert all(len(one["causes"]) == 1 for one in found[1:])


def test_corrections_said_one_after_the_other_are_steps_of_their_own() -> None:
    at = "2025-03-03T13:00:00Z"
    scrap = [corrected(f"17:00:{10 * n:02}", id=f"c{n}", kind="scrap", qty=n + 1, at=at) for n in range(3)]
    found = revisions([*LATE[:3], *scrap])
    assert [one["facts"]["good_count"] for one in found] == [800, 799, 797, 794]


def test_what_arrives_in_time_is_no_revision() -> None:
    assert len(revisions(LATE[:3])) == 1
    assert to_text(SHIFT.end) < revisions(LATE[:3])[0]["as_of"]


def test_a_change_of_plant_data_is_a_cause_and_so_is_its_revocation() -> None:
    def changed(received: str, **members: object) -> Message:
        body = {"by": "eva", "why": "measured", **members}
        return Message("$edge/plant", json.dumps(body).encode(), from_text(f"2025-03-03T{received}:00Z"))

    cycle = {"kind": "product", "value": {"ideal_cycle_s": 15}, "valid_from": "2025-03-03T12:00:00Z"}
    come = [
        *LATE[:3],
        LATE[4],
        changed("16:00", id="p1", name="P", **cycle),
        changed("17:00", id="p2", name="Q", **cycle),
        changed("18:00", id="p3", kind="revoke", revokes="p1"),
    ]
    found = revisions(come)
    assert [one["facts"]["ideal_total_s"] for one in found] == [800 * 30, 200 * 30 + 600 * 15, 800 * 30]
    assert [[cause["change"]["id"] for cause in one["causes"]] for one in found] == [[], ["p1"], ["p3"]]


def test_a_state_of_months_before_that_comes_late_is_a_cause() -> None:
    old = {"ts": "2024-11-01T00:00:00Z", "state": "fault"}
    late = Message("shopfloor/v1/s/a/l/m1/state", json.dumps(old).encode(), from_text("2025-03-03T20:00:00Z"))
    first, found = revisions([said("06:00", "count", total=1), said("14:30", "count", total=1), late])
    assert first["facts"]["down_s"] == 0
    assert found["facts"]["down_s"] == 8 * 3600
    assert [(cause["kind"], cause["offsets"]) for cause in found["causes"]] == [("state", [[3, 3]])]


def test_what_another_machine_said_of_an_order_is_a_cause() -> None:
    order = {"order": "A"}
    come = [
        said("07:00", "order", action="start", quantity=100, **order),
        said("13:00", "order", action="deliver", quantity=100, **order),
        said("14:30", "count", total=1, bad=0),
        said("06:30", "order", "16:00", machine="m2", action="create", due="2025-03-03T12:00:00Z", **order),
        said("10:00", "order", "17:00", machine="m2", action="finish", **order),
        said("10:00", "order", "18:00", machine="m2", action="create", order="B"),
    ]
    first, created, finished = revisions(come, name="orders")
    assert (first["facts"]["timed"], created["facts"]["timed"]) == (0, 1)
    assert finished["changed"]["facts"]["wip_order_s"] == [6 * 3600.0, 3 * 3600.0]
    assert [[(c["asset"], c["kind"], c["offsets"]) for c in one["causes"]] for one in (created, finished)] == [
        [("s/a/l/m1", "order", [[4, 4]])], [("s/a/l/m1", "order", [[5, 5]])]
    ]  # fmt: skip
