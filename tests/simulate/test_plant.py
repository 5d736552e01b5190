"""Eight simulated hours hold what a plant shows, decode without a rejection, and are the same every time."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise, takewhile
from pathlib import Path

import pytest

from edge.clock import HOUR, MINUTE, SECOND, from_text
from edge.decode import DecodeSettings, decode
from edge.events import STATES
from edge.journal.record import Record
from edge.settings.load import load
from edge.settings.plant import PlantSettings
from edge.simulate.layout import lay_out
from edge.simulate.plant import Event, Plant

START = from_text("2025-03-03T07:30:00Z")
END = START + 8 * HOUR
SHIPPED = load(Path(__file__).parents[2] / "config", environ={}).plant


def history(start: int, end: int, *, seed: int = 1, plant: PlantSettings = SHIPPED, machines: int = 0) -> list[Event]:
    events: Iterator[Event] = Plant(lay_out(plant, machines), seed).events(start)
    return list(takewhile(lambda event: event[0] < end, events))


@pytest.fixture(scope="module")
def shift() -> list[Event]:
    return history(START, END)


def kind_of(event: Event) -> str:
    return event[1].rpartition("/")[2]


def test_every_message_decodes_and_none_is_refused(shift: list[Event]) -> None:
    for offset, (ts, topic, payload) in enumerate(shift, 1):
        record = Record(offset, f"shopfloor/v1/{topic}", json.dumps(payload).encode(), ts + 1000, 1, 1)
        decoded = decode(record, DecodeSettings())
        assert decoded.rejections == []
        [event] = decoded.events
        assert event.ts == ts
        assert not event.clock_ahead


def test_messages_come_in_the_order_of_time(shift: list[Event]) -> None:
    assert all(before[0] <= after[0] for before, after in pairwise(shift))


def test_a_shift_shows_everything_that_a_plant_shows(shift: list[Event]) -> None:
    kinds = Counter(map(kind_of, shift))
    assert set(kinds) == {
        "state", "count", "unit", "reading", "order", "product", "scrap", "alarm", "maintenance", "heartbeat",
        "offline",
    }  # fmt: skip
    states = {event[2]["state"] for event in shift if kind_of(event) == "state"}
    assert {"running", "slow", "changeover", "stopped", "fault", "idle", "starved", "blocked", "maintenance"} <= states
    assert states <= STATES
    results = {event[2]["result"] for event in shift if kind_of(event) == "unit"}
    assert results == {"pass", "fail", "abort"}
    assert len({event[1].rpartition("/")[0] for event in shift}) == 12


def test_there_are_as_many_messages_as_a_broker_takes_in_seconds(shift: list[Event]) -> None:
    bundles = {(event[0] // MINUTE, event[1]) for event in shift}
    assert len(shift) < 150_000
    assert len(bundles) < 25_000


def test_failed_units_come_back_for_a_second_test(shift: list[Event]) -> None:
    tests: dict[tuple[str, str], list[str]] = {}
    for event in shift:
        if kind_of(event) == "unit":
            tests.setdefault((event[2]["serial"], event[2]["station"]), []).append(event[2]["result"])
    again = [results for results in tests.values() if len(results) > 1]
    assert again
    assert all(set(results[:-1]) <= {"fail", "abort"} for results in again)


def test_the_bearing_gets_louder_until_it_is_replaced(shift: list[Event]) -> None:
    loud = {}
    for ts, topic, payload in shift:
        if topic.endswith("m007/reading"):
            signal = payload["signals"]["vibration"]
            loud[ts] = signal["value"] if isinstance(signal, dict) else signal
    [replaced] = [ts for ts, topic, _ in shift if topic.endswith("m007/maintenance")]

    def running_mean(start: int, end: int) -> float:
        values = [value for ts, value in loud.items() if start <= ts < end and value > 0.5]
        return sum(values) / len(values)

    fresh = running_mean(replaced + MINUTE, replaced + HOUR)
    assert running_mean(replaced - 3 * HOUR, replaced - 2 * HOUR) > 1.1 * fresh
    assert running_mean(replaced - HOUR, replaced - 25 * MINUTE) > 2 * fresh


def test_the_line_stands_in_its_breaks(shift: list[Event]) -> None:
    lunch = from_text("2025-03-03T12:00:00+01:00"), from_text("2025-03-03T12:30:00+01:00")
    states = [
        payload["state"]
        for ts, topic, payload in shift
        if topic.endswith("l1/m001/state") and lunch[0] <= ts < lunch[1]
    ]
    assert states == ["idle"]
    parts = [ts for ts, topic, _ in shift if topic.endswith("/count") and lunch[0] + 10 * SECOND <= ts < lunch[1]]
    assert parts == []


def test_sequence_numbers_have_no_gap_but_the_outages(shift: list[Event]) -> None:
    last: dict[tuple[str, str], int] = {}
    for _, topic, payload in shift:
        if "boot" in payload:
            source = topic.rpartition("/")[0], payload["boot"]
            assert payload["seq"] == last.get(source, payload["seq"] - 1) + 1
            last[source] = payload["seq"]
    assert len({boot for _, boot in last}) == 2


def test_the_same_seed_makes_the_same_plant_and_another_one_another() -> None:
    once = history(START, START + 20 * MINUTE)
    assert history(START, START + 20 * MINUTE) == once
    assert history(START, START + 20 * MINUTE, seed=2) != once


def test_runs_that_overlap_say_the_same_with_the_same_identities(shift: list[Event]) -> None:
    later = history(START + 6 * HOUR, END)
    known = [event for event in shift if event[0] >= START + 6 * HOUR]
    assert [event for event in later if "seq" in event[2]] == known
    assert {kind_of(event) for event in later if "seq" not in event[2]} == {"state", "product"}


def test_more_machines_are_more_lines() -> None:
    lines = lay_out(SHIPPED, 20)
    assert [line.path for line in lines] == [f"demo/packing/l{n}" for n in range(1, 6)]
    assert sum(len(line.machines) for line in lines) == 20
    assert [len(line.machines) for line in lay_out(SHIPPED, 5)] == [4, 1]


def test_a_plant_file_without_machines_gets_a_made_up_plant_around_the_clock() -> None:
    empty = PlantSettings()
    assert sum(len(line.machines) for line in lay_out(empty)) == 12
    events = history(START, START + 10 * MINUTE, plant=empty)
    assert {event[2]["product"] for event in events if kind_of(event) == "product"} <= {"P1", "P2"}
    assert "idle" not in {event[2]["state"] for event in events if kind_of(event) == "state"}


@pytest.mark.parametrize("machines", [1, 2])
def test_a_line_may_be_as_short_as_one_machine(machines: int) -> None:
    events = history(START, START + 30 * MINUTE, machines=machines)
    assert {event[1].rpartition("/")[0][-4:] for event in events} == {f"m{n:03d}" for n in range(1, machines + 1)}
    assert sum(event[2].get("total", 0) for event in events) > 50
