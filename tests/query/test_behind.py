"""Which entries of the journal an explanation names behind its intervals, counts and units."""

from __future__ import annotations

from typing import Any

from edge.clock import from_text
from edge.query.query import Asked
from edge.query.window import Window
from tests.query.test_corrections import ASSET, at, corrected, said
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

PRODUCTS = {"A": {"ideal_cycle_s": 30}, "B": {"ideal_cycle_s": 60}}


def explained(messages: list[Message], kpi: str = "oee", **settings: Any) -> dict[str, Any]:
    plant = {"products": PRODUCTS, "machines": {"s/*": {"product": "A", "stale_after_s": 0} | settings}}
    with answering(plant, messages) as query:
        (machine,) = query.explain(kpi, Asked(ASSET, Window(from_text(at(0)), from_text(at(60)))), None)["machines"]
        return dict(machine)


def offsets(rows: list[dict[str, Any]]) -> dict[tuple[Any, Any], Any]:
    return {(row["product"], row["booked"]): row["offsets"] for row in rows}


def test_each_product_has_its_own_messages() -> None:
    found = explained([
        said(0, "state", state="running"), said(5, "count", total=3, bad=0), said(6, "count", total=2, product="B"),
        said(10, "product", product="B"), said(20, "count", total=4), said(30, "scrap", qty=1, product="A"),
    ])  # fmt: skip
    assert offsets(found["counts"]) == {("A", "scheduled"): [[2, 2], [6, 6]], ("B", "scheduled"): [[3, 3], [5, 5]]}


def test_parts_over_unknown_time_and_those_that_people_said_are_named_too() -> None:
    found = explained(
        [said(0, "state", state="running"), said(1, "count", counter="total", value=10),
         said(5, "count", counter="total", value=20), said(40, "count", counter="total", value=50),
         said(50, "heartbeat"), corrected(58, "c1", "count", at=at(3), total=-1)],
        stale_after_s=600,
    )  # fmt: skip
    assert offsets(found["counts"]) == {("A", "scheduled"): [[2, 3], [6, 6]], ("A", "gap"): [[4, 4]]}


def test_parts_over_unknown_time_before_the_window_are_named() -> None:
    found = explained(
        [said(-40, "state", state="running"), said(-30, "count", counter="total", value=10), said(-1, "heartbeat"),
         said(5, "count", counter="total", value=20), said(70, "heartbeat")],
        stale_after_s=600,
    )  # fmt: skip
    assert offsets(found["counts"]) == {("A", "gap"): [[4, 4]]}


def test_an_interval_names_the_state_that_holds_and_the_corrections_over_it() -> None:
    found = explained(
        [said(0, "state", state="running"), said(10, "state", state="stopped"), said(10.05, "state", state="running"),
         said(20, "state", state="fault"), said(40, "state", state="running"),
         corrected(59, "c1", "reason", **{"from": at(20), "to": at(30)}, reason="jam"), said(70, "heartbeat")],
        debounce_s=5,
    )  # fmt: skip
    found["intervals"].pop()  # what follows the last state is plain
    assert [(i["state"], i["reason"], i["offset"], i["corrections"]) for i in found["intervals"]] == [
        ("running", None, 1, []), ("running", None, 3, []), ("fault", "jam", 4, [6]), ("fault", None, 4, []),
    ]  # fmt: skip


def test_a_state_said_months_ago_names_its_message() -> None:
    months = 60 * 24 * 100
    found = explained([said(-months, "state", state="fault"), said(10, "heartbeat"), said(70, "heartbeat")])
    assert {(i["state"], i["offset"]) for i in found["intervals"]} == {("fault", 1)}


def test_a_failure_of_packml_is_traced_to_where_it_began() -> None:
    found = explained([
        said(0, "state", state="packml:6"), said(10, "state", state="packml:9"), said(20, "state", state="packml:2"),
        said(30, "state", state="packml:6"), said(70, "heartbeat"),
    ])  # fmt: skip
    faults = [i["offset"] for i in found["intervals"] if i["state"] == "fault"]
    assert set(faults) == {2}


def test_a_state_that_follows_from_parts_names_the_part() -> None:
    found = explained(
        [said(0, "count", total=1), said(2, "count", total=1), said(30, "count", total=1), said(70, "heartbeat")],
        state_from="counts",
    )
    assert [(i["state"], i["offset"]) for i in found["intervals"]] == [
        ("running", 1), ("stopped", 2), ("stopped", 3),
    ]  # fmt: skip


def test_a_unit_has_its_verdicts_and_whether_it_came_through() -> None:
    found = explained(
        [said(5, "unit", serial="a", result="abort"), said(6, "unit", serial="a", result="fail", defects=2),
         said(50, "unit", serial="a", result="pass")],
        "first_pass_yield",
    )  # fmt: skip
    (unit,) = found["units"]
    assert (unit["first"], unit["final"], unit["defects"], unit["offsets"]) == ("fail", "pass", 2, [[1, 3]])
