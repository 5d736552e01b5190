"""Where monitors stand belongs to the cursor: killed, restarted, in other batches or rebuilt, all is the same."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from edge.clock import MINUTE, SECOND
from edge.host import PluginHost
from edge.monitor import Assessment, Observation
from edge.monitoring import post
from edge.processing.pipeline import Hooks
from tests.monitoring.standins import (
    NOON,
    Keeper,
    Level,
    clock,
    correction,
    host_of,
    inside,
    kept,
    reading,
    said,
    states,
)
from tests.scenarios.scenario import Message

ANY = {"asset": None, "states": frozenset(), "monitor": None, "start": None, "end": None, "limit": 10, "after": None}


def mixture(seed: int) -> list[Message]:
    """Three machines whose readings come a little out of order, late and twice, with states, work and silence."""
    chance = random.Random(seed)
    found: list[Message] = []
    for number in range(3):
        machine = f"site/area/line/m{number}"
        at = NOON
        for _ in range(120):
            at += round(chance.choice([0.3, 1, 1, 2, 200]) * SECOND)
            delay = round(chance.choice([0, 0, 0.5, 1.5, 30]) * SECOND)
            kind = chance.choice(["reading"] * 8 + ["state", "count", "alarm", "maintenance"])
            body = {
                "reading": {"signals": {chance.choice("ab"): chance.random() * 15}},
                "state": {"state": chance.choice(["running", "stopped"])},
                "count": {"total": 2},
                "alarm": {"code": "E1"},
                "maintenance": {"component": "belt"},
            }[kind]
            found += [said(kind, at, at + delay, machine, **body)] * chance.choice([1, 1, 1, 2])
    found.sort(key=lambda message: message.received)
    for n in range(40):
        place = chance.randrange(1, len(found))
        received = found[place - 1].received
        members = {"id": f"c{n}", "kind": "acknowledge"} if n % 2 else {"id": f"c{n}", "kind": "work_done"}
        note = correction(received, component="belt", **members) if n < 6 else clock(received + 2 * MINUTE)
        found.insert(place, note)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_killed_anywhere_and_taken_in_any_batches_all_is_to_the_bit_what_it_would_have_been(
    tmp_path: Path, seed: int
) -> None:
    messages, chance = mixture(seed), random.Random(seed)
    with inside(tmp_path / "whole", messages, host_of(Level)) as whole:
        whole.take(len(messages))
        expected = kept(whole)
    with inside(tmp_path / "pieces", messages, host_of(Level)) as pieces:
        behind = 0
        while pieces.taken < len(messages):
            pieces.take(chance.randrange(1, 40))
            if chance.random() < 0.6:  # where writing takes long, the store has monitors as of an earlier cursor
                pieces.pipeline.monitors._write_at = float("inf")
                pieces.pipeline.commit(whole=chance.random() < 0.2)
                behind += pieces.pipeline.monitors.owes(pieces.taken)
            if chance.random() < 0.3:
                pieces.restart(kill=chance.random() < 0.7)
        assert kept(pieces) == expected
        assert behind
    assert expected["counts"].late > 0
    assert len(expected["history"]) > 10


class Renewed(Level):
    version = "2"


def test_a_state_of_another_version_is_dropped_and_that_is_said(tmp_path: Path) -> None:
    messages = [reading(NOON + n * SECOND, 9.0) for n in range(60)]
    warned: list[str] = []
    with inside(tmp_path, messages, host_of(Level), hooks=Hooks(warn=warned.append)) as within:
        within.take(50)
        assert states(within)[-1] == "plan"
        within.pipeline.host = host_of(Renewed)
        within.host = within.pipeline.host
        within.restart(kill=False)
        assert warned == ["monitor level: version 1 became 2: it learns anew (1 machines)"]
        within.take(10)
        assert states(within) == ["ok", "plan", "learning", "ok", "plan"]


def test_a_checkpoint_that_cannot_be_read_is_dropped_and_that_is_said(tmp_path: Path) -> None:
    messages = [reading(NOON + n * SECOND, 9.0) for n in range(60)]
    warned: list[str] = []
    with inside(tmp_path, messages, host_of(Level), hooks=Hooks(warn=warned.append)) as within:
        within.take(50)
        within.pipeline.commit(whole=True)
        within.pipeline.db.execute("update watched set checkpoint=x'93c0'")
        within.restart(kill=False)
        within.take(10)
        assert warned == ["a checkpoint of monitors cannot be read: they learn anew (1 machines)"]
        assert states(within) == ["ok", "plan", "ok"]


def test_a_monitor_that_was_taken_out_for_a_while_goes_on_where_it_was(tmp_path: Path) -> None:
    messages = [reading(NOON + n * SECOND, 9.0) for n in range(60)]

    def hosted(host: PluginHost) -> None:
        within.host = host
        within.restart(kill=False)

    with inside(tmp_path, messages, host_of(Level, Keeper)) as within:
        within.take(30)
        hosted(host_of(Keeper))
        within.take(10)
        hosted(host_of(Level, Keeper))
        within.take(20)
        assert states(within) == ["ok", "plan"]


class Fragile(Level):
    """Fails at values above a hundred."""

    name = "fragile"

    def update(self, seen: Observation) -> Assessment | None:
        if max(seen.signals.values(), default=0.0) > 100:
            raise ZeroDivisionError("too much")
        return super().update(seen)


def test_a_monitor_that_goes_on_failing_pauses_says_so_and_begins_anew(tmp_path: Path) -> None:
    values = [1.0] * 10 + [200.0] * 5 + [1.0] * 1000
    messages = [reading(NOON + n * SECOND, value) for n, value in enumerate(values)]
    host = host_of(Fragile, Level)
    with inside(tmp_path, messages, host) as within:
        within.take(40)
        within.restart(kill=True)
        within.pipeline.commit(whole=True)
        assert within.pipeline.db.execute("select state from assessments where monitor='fragile'").fetchall() == [
            ("ok",), ("unknown",),
        ]  # fmt: skip
        assert host.monitors["fragile"].failures >= 3
        assert host.monitors["fragile"].paused == 1
        assert "too much" in str(host.monitors["fragile"].last_error)
        within.take(1000)
        assert host.monitors["fragile"].paused == 0
        within.pipeline.commit(whole=True)
        said = within.pipeline.db.execute("select state from assessments where monitor='fragile'").fetchall()
        assert [state for (state,) in said][:3] == ["ok", "unknown", "ok"]


def test_a_failing_monitor_changes_nothing_for_the_others(tmp_path: Path) -> None:
    values = [1.0] * 10 + [200.0] * 5 + [1.0] * 50
    messages = [reading(NOON + n * SECOND, value) for n, value in enumerate(values)]
    sql = "select ts, state, said from assessments where monitor='level'"
    with inside(tmp_path / "alone", messages, host_of(Level)) as alone:
        alone.take(100)
        alone.pipeline.commit(whole=True)
        expected = alone.pipeline.db.execute(sql).fetchall()
    with inside(tmp_path / "beside", messages, host_of(Fragile, Level)) as beside:
        beside.take(100)
        beside.pipeline.commit(whole=True)
        assert beside.pipeline.db.execute(sql).fetchall() == expected


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("fine", "neither an edge.Assessment nor None"),
        (Assessment(0, "fine"), "state is 'fine'"),  # type: ignore[arg-type]  # what a plugin might do
        (Assessment(0, "ok", 1.5), "health is 1.5"),
        (Assessment(0, "ok", score="high"), "Expected `float | null`"),  # type: ignore[arg-type]  # the same
    ],
)
def test_an_assessment_that_is_none_is_refused_by_name(tmp_path: Path, wrong: Assessment, text: str) -> None:
    class Odd(Level):
        name = "odd"

        def update(self, seen: Observation) -> Assessment | None:
            return wrong

    host = host_of(Odd)
    with inside(tmp_path, [reading(NOON, 1.0), clock(NOON + MINUTE)], host) as within:
        within.take(2)
    assert text in str(host.monitors["odd"].last_error)


@pytest.mark.parametrize(
    ("state", "text"),
    [({1: "a"}, "state has the key 1"), ({"a": (1, 2)}, "state['a'] is a tuple"), ({"a": [{3}]}, "is a set")],
)
def test_a_state_that_would_come_back_as_something_else_is_refused_by_name(
    tmp_path: Path, state: dict[str, object], text: str
) -> None:
    class Odd(Level):
        name = "odd"

        def update(self, seen: Observation) -> Assessment | None:
            self.state.update(state)
            return None

    host = host_of(Odd)
    with inside(tmp_path, [reading(NOON, 1.0), clock(NOON + MINUTE)], host) as within:
        within.take(2)
        assert states(within) == ["unknown"]
    assert text in str(host.monitors["odd"].last_error)


def test_what_goes_on_unchanged_is_kept_now_and_then(tmp_path: Path) -> None:
    messages = [reading(NOON + n * 10 * SECOND, 1.0) for n in range(190)]
    with inside(tmp_path, messages, host_of(Level)) as within:
        within.take(190)
        within.pipeline.commit(whole=True)
        times = [ts for (ts,) in within.pipeline.db.execute("select ts from assessments")]
        assert [(int(ts) - NOON) // MINUTE for ts in times] == [0, 5, 10, 15, 20, 25, 30]  # type: ignore[call-overload]


def test_an_acknowledgement_can_be_taken_back_work_done_cannot(tmp_path: Path) -> None:
    at = NOON + 60 * SECOND
    messages = [
        *(reading(NOON + n * SECOND, 9.0) for n in range(60)),
        correction(at, id="ack", kind="acknowledge"),
        correction(at + 1, id="work", kind="work_done", component="belt"),
        *(reading(NOON + n * SECOND, 9.0) for n in range(61, 90)),
        correction(at + MINUTE, id="ack2", kind="acknowledge", monitor="level"),
        correction(at + MINUTE + 1, id="r", kind="revoke", revokes="ack2", asset=None),
    ]
    with inside(tmp_path, messages, host_of(Level)) as within, within.asking() as query:

        def acknowledged() -> str | None:
            within.pipeline.commit(whole=True)
            (said,) = query.assessments(ANY)["assessments"]
            return said["acknowledged"] and said["acknowledged"]["id"]

        within.take(61)
        assert acknowledged() == "ack"
        within.take(1)
        assert acknowledged() is None, "another bearing, another alarm"
        within.take(30)
        assert acknowledged() == "ack2"
        within.take(1)
        assert acknowledged() is None
        assert [query.can_revoke(number) for number in ("ack", "ack2", "work")] == [True, False, False]


class Slow(Level):
    name = "slow"

    def update(self, seen: Observation) -> Assessment | None:
        end = time.perf_counter() + 2e-3
        while time.perf_counter() < end:
            pass
        return super().update(seen)


def test_a_monitor_that_takes_too_long_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "BUDGET_CALLS", 10)
    reports: list[str] = []
    host = host_of(Slow)
    host.report = lambda plugin, doing, text: reports.append(text)
    with inside(tmp_path, [reading(NOON + n * SECOND, 1.0) for n in range(60)], host) as within:
        within.take(60)
    assert len(reports) == 1
    assert "slow takes" in reports[0]
    assert "its budget is 500" in reports[0]


def test_a_monitor_that_ends_the_process_ends_nothing(tmp_path: Path) -> None:
    class Exits(Level):
        name = "exits"

        def update(self, seen: Observation) -> Assessment | None:
            raise SystemExit(3)

    host = host_of(Exits, Level)
    with inside(tmp_path, [reading(NOON + n * SECOND, 1.0) for n in range(20)], host) as within:
        within.take(20)
        assert "ok" in states(within)
    assert host.monitors["exits"].failures >= 3
