"""Windows that are over are remembered, and forgotten when something they depend on changes."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.clock import from_text
from edge.decode import DecodeSettings
from edge.host import load
from edge.plant import Plant
from edge.processing.pipeline import Pipeline
from edge.query.query import Asked, Query
from edge.query.reading import Connections
from edge.query.remembered import Entry, Remembered
from edge.query.window import Window
from edge.settings.plant import PlantSettings
from edge.store.schema import open_reader
from tests.scenarios.offline import Records
from tests.scenarios.scenario import Message

ASSET = "s/a/l/m"


def said(ts: str, kind: str, **members: object) -> Message:
    return Message(f"shopfloor/v1/{ASSET}/{kind}", json.dumps({"ts": ts, **members}).encode(), from_text(ts))


class Inside:
    """A pipeline whose journal grows, and a query that goes on living."""

    def __init__(self, folder: Path) -> None:
        self.records = Records([])
        plant = Plant(PlantSettings.model_validate({"machines": {"s/*": {"stale_after_s": 0}}}))
        self.pipeline = Pipeline(folder / "store.db", self.records, plant, DecodeSettings(), load())
        self.pipeline.open()
        self.connections = Connections(folder / "store.db")
        self.query = Query(self.connections, plant, self.pipeline.host, self.records, DecodeSettings())  # type: ignore[arg-type]

    def hear(self, *messages: Message, evaluate: bool = True) -> None:
        self.records.records += Records(
            [*[said("2025-01-01T00:00:00Z", "x")] * len(self.records.records), *messages]
        ).records[len(self.records.records) :]
        if evaluate:
            self.pipeline.catch_up()
        else:
            self.pipeline.take_batch()
            self.pipeline.commit()

    def down_s(self, start: str = "2025-03-03T06:00:00Z", end: str = "2025-03-03T08:00:00Z") -> float:
        window = Asked(ASSET, Window(from_text(start), from_text(end)))
        return float(self.query.kpi("oee", window, None, None)["facts"]["down_s"])


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    found = Inside(tmp_path)
    found.hear(
        said("2025-03-03T05:00:00Z", "state", state="running"),
        said("2025-03-03T06:30:00Z", "state", state="fault"),
        said("2025-03-03T07:00:00Z", "state", state="running"),
        said("2025-03-03T12:00:00Z", "state", state="running"),
    )
    yield found
    found.connections.close()
    found.pipeline.close()


def test_the_second_answer_is_the_first_one(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    assert inside.down_s() == 1800
    monkeypatch.setattr("edge.query.kpis._worked_out", lambda *args: pytest.fail("worked out again"))
    assert inside.down_s() == 1800


@pytest.mark.parametrize("evaluate", [True, False])
@pytest.mark.parametrize(
    ("ts", "state", "down_s"),
    [
        ("2025-03-03T06:40:00Z", "running", 600),  # in the window
        ("2025-03-03T05:30:00Z", "fault", 3600),  # before it: carried in
    ],
)
def test_a_late_message_is_seen_at_once(inside: Inside, ts: str, state: str, down_s: int, evaluate: bool) -> None:
    assert inside.down_s() == 1800
    inside.hear(said(ts, "state", state=state), evaluate=evaluate)
    assert inside.down_s() == down_s


def test_a_silent_window_depends_on_what_came_before_it(inside: Inside) -> None:
    silent = ("2025-03-03T09:00:00Z", "2025-03-03T10:00:00Z")
    assert inside.down_s(*silent) == 0
    inside.hear(said("2025-03-03T07:30:00Z", "state", state="fault"))
    assert inside.down_s(*silent) == 3600


def test_a_window_that_reaches_into_the_present_is_not_remembered(inside: Inside) -> None:
    first = inside.down_s(end="2099-01-01T00:00:00Z")
    inside.hear(said("2025-03-03T12:00:01Z", "state", state="fault"))
    assert inside.down_s(end="2099-01-01T00:00:00Z") > first


def test_a_state_is_carried_through_hours_that_nobody_has_worked_out_again(inside: Inside) -> None:
    inside.hear(*(said(f"2025-03-03T{hour:02}:10:00Z", "count", total=1) for hour in (8, 9, 10)))
    later = ("2025-03-03T09:30:00Z", "2025-03-03T10:30:00Z")
    assert inside.down_s(*later) == 0
    inside.hear(said("2025-03-03T07:30:00Z", "state", state="fault"), evaluate=False)
    assert inside.down_s(*later) == 3600


@pytest.mark.parametrize("evaluate", [True, False])
def test_the_sum_of_a_long_window_is_that_of_one_that_remembers_nothing(inside: Inside, evaluate: bool) -> None:
    quarter = ("2025-01-01T00:30:00Z", "2025-04-01T00:00:00Z")
    inside.hear(said("2025-01-02T00:00:00Z", "state", state="fault"), said("2025-04-02T00:00:00Z", "heartbeat"))
    first = inside.down_s(*quarter)
    inside.hear(said("2025-02-11T11:00:00Z", "state", state="running"), evaluate=evaluate)
    second = inside.down_s(*quarter)
    inside.query.remembered.clear()
    assert first - second == (from_text("2025-03-03T05:00:00Z") - from_text("2025-02-11T11:00:00Z")) / 1e6
    assert second == inside.down_s(*quarter)


def test_an_answer_of_an_older_state_neither_takes_nor_leaves_anything(inside: Inside, tmp_path: Path) -> None:
    remembered, machine = inside.query.remembered, (1,)
    with closing(open_reader(tmp_path / "store.db")) as older, closing(open_reader(tmp_path / "store.db")) as newer:
        older.execute("begin; select * from machines").fetchall()  # here its state of the store is fixed
        inside.hear(said("2025-03-03T06:40:00Z", "state", state="running"))
        now = remembered.look(newer, machine)
        remembered.keep(machine, {"new": Entry(0, 1, "new")}, now)
        before = remembered.look(older, machine)
        remembered.keep(machine, {"old": Entry(0, 1, "old")}, before)
        assert [remembered.get(machine, key, now) for key in ("new", "old")] == ["new", None]
        assert remembered.get(machine, "new", before) is None
        older.execute("rollback")


def test_what_nobody_asks_about_any_more_makes_room() -> None:
    remembered, versions = Remembered(entries=3), {1: -1, 2: -1}
    for machine, keys in ((1, "ab"), (2, "cd")):
        remembered.keep((machine,), {key: Entry(0, 1, key) for key in keys}, versions)
    known = [remembered.get((machine,), key, versions) for machine, key in ((1, "a"), (1, "b"), (2, "c"))]
    assert known == [None, "b", "c"]
    remembered.keep((1,), {"e": Entry(0, 1, "e")}, versions)  # asked about longer ago than 2 is
    known = [remembered.get((machine,), key, versions) for machine, key in ((1, "b"), (1, "e"), (2, "d"))]
    assert known == [None, "e", "d"]
