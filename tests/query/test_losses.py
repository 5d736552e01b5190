"""Where the time went: the waterfall, the six big losses, and the Pareto of reasons, each adding up to the whole."""

from __future__ import annotations

from typing import Any

from edge.clock import from_text
from edge.query.query import Asked
from edge.query.window import Window
from tests.query.test_corrections import ASSET, at, corrected, said
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

SITE = {"shifts": [{"name": "early", "start": "06:00", "end": "14:00", "breaks": [{"start": "10:00", "minutes": 30}]}]}
PLANT = {
    "products": {"A": {"ideal_cycle_s": 30}},
    "sites": {"s": SITE},
    "machines": {"s/*": {"product": "A", "stale_after_s": 0}},
}
RECORD = [
    said(0, "state", state="changeover"),
    said(20, "count", total=6, bad=4),
    said(30, "state", state="running"),
    said(60, "state", state="starved"),
    said(70, "state", state="running"),
    said(80, "state", state="stopped", reason="jam"),
    said(81, "state", state="running"),
    said(90, "state", state="fault", reason="jam"),
    said(100.5, "state", state="running"),
    said(200, "count", total=300, bad=5),
    said(230, "scrap", qty=2, reason="Start-up"),
    said(231, "scrap", qty=3, reason="scratched"),
    said(300, "state", state="no_order"),
    said(330, "state", state="running"),
    said(470, "heartbeat"),
]


def losses(*more: Message) -> dict[str, Any]:
    with answering(PLANT, [*RECORD, *more]) as query:
        return query.losses(ASSET, Asked(ASSET, Window(from_text(at(-60)), from_text(at(480)))))


def test_the_waterfall_goes_from_the_calendar_to_good_parts() -> None:
    steps = {step["name"]: step["seconds"] for step in losses()["time"]}
    assert steps == {
        "calendar_s": 32400, "unscheduled_s": 3600, "scheduled_s": 28800, "planned_excluded_s": 0, "no_order_s": 1800,
        "unknown_s": 0, "planned_busy_s": 27000, "setup_s": 1800, "internal_down_s": 630, "external_s": 600,
        "run_time_s": 23970, "micro_s": 60, "reduced_speed_s": 23970 - 60 - 9180, "ideal_total_s": 9180,
        "startup_rejects_s": 180, "quality_s": 240, "ideal_good_s": 8760,
    }  # fmt: skip


def test_the_six_big_losses_and_good_time_are_the_busy_time_exactly() -> None:
    found = losses()
    six = {loss["name"]: loss["seconds"] for loss in found["six_big_losses"]}
    assert six == {
        "breakdowns": 1230, "setup": 1800, "minor_stops": 60, "reduced_speed": 14730, "process_rejects": 240,
        "startup_rejects": 180,
    }  # fmt: skip
    steps = {step["name"]: step["seconds"] for step in found["time"]}
    assert sum(six.values()) + steps["ideal_good_s"] == steps["planned_busy_s"]


def test_rejects_that_a_person_says_are_of_a_start_up_are() -> None:
    scrap = corrected(490, "c1", "scrap", at=at(250), qty=10, reason="setup")
    six = {loss["name"]: loss["seconds"] for loss in losses(scrap)["six_big_losses"]}
    assert (six["startup_rejects"], six["process_rejects"]) == (480, 240)


def test_reasons_have_their_time_and_how_often() -> None:
    assert losses()["reasons"] == [
        {"reason": "jam", "state": "fault", "time_class": "down", "seconds": 630.0, "count": 1},
        {"reason": None, "state": "starved", "time_class": "down", "seconds": 600.0, "count": 1},
        {"reason": "jam", "state": "stopped", "time_class": "micro", "seconds": 60.0, "count": 1},
    ]
