"""Events of running hours are at hand: as the store has them, whoever asks and whenever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from edge.clock import HOUR, SECOND
from edge.events import MachineState, PartCount
from edge.store import events as event_store
from edge.store.athand import AtHand
from edge.store.schema import open_reader, open_writer
from edge.timeline.hour import HourEvents

BEGIN, RESOLUTION = 1000 * HOUR, 5 * SECOND


def append(db: apsw.Connection, *seconds: int, hour: int = BEGIN) -> None:
    """A commit in which a machine says a state and a part at each of some seconds."""
    events: list[Any] = []
    for at in seconds:
        ts = hour + at * SECOND
        head = "s/a/l/m", ts, ts, at
        events.append(MachineState(*head, 0, 0, None, None, None, "running"))
        events.append(PartCount(*head, 1, 0, None, None, None, at))
    heard = [(hour + at * SECOND, hour + at * SECOND, 0) for at in seconds]
    with db:
        event_store.append(db, [event_store.New(1, hour, events, heard)])


def contents(hour: HourEvents) -> dict[str, Any]:
    """All that an hour says."""
    hour.sort()
    counts = {product: columns.sums(0, 1 << 62) for product, columns in hour.counts.items()}
    return {"hour": hour.hour, "states": hour.states, "alive": list(hour.alive), "counts": counts}


def loaded(db: apsw.Connection) -> dict[str, Any]:
    return contents(event_store.load(db, 1, BEGIN, RESOLUTION))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def db(path: Path) -> Iterator[apsw.Connection]:
    db = open_writer(path)
    yield db
    db.close()


def test_an_hour_at_hand_goes_on_with_what_is_new(db: apsw.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    at_hand = AtHand()
    append(db, 10, 20)
    at_hand.load(db, 1, BEGIN, RESOLUTION)
    append(db, 5)
    append(db, 30, 12)
    expected = loaded(db)
    monkeypatch.setattr(event_store, "load", lambda *args: pytest.fail("read from its beginning"))
    found = at_hand.load(db, 1, BEGIN, RESOLUTION)
    assert contents(found) == expected == contents(at_hand.load(db, 1, BEGIN, RESOLUTION))


def test_what_a_question_does_with_an_hour_no_other_sees(db: apsw.Connection) -> None:
    at_hand = AtHand()
    append(db, 10, 20)
    mine = at_hand.load(db, 1, BEGIN, RESOLUTION)
    mine.counts[None].add(BEGIN, 7, None)
    mine.states.clear()
    mine.alive.add(BEGIN + 50 * SECOND, BEGIN + 50 * SECOND)
    assert contents(at_hand.load(db, 1, BEGIN, RESOLUTION)) == loaded(db)


def test_an_older_state_of_the_store_has_what_it_had(db: apsw.Connection, path: Path) -> None:
    at_hand, reader = AtHand(), open_reader(path)
    append(db, 10)
    reader.execute("begin")
    before = loaded(reader)
    append(db, 20)
    assert contents(at_hand.load(db, 1, BEGIN, RESOLUTION)) == loaded(db)
    assert contents(at_hand.load(reader, 1, BEGIN, RESOLUTION)) == before
    reader.execute("rollback")
    assert contents(at_hand.load(reader, 1, BEGIN, RESOLUTION)) == loaded(db)
    reader.close()


def test_a_packed_hour_the_next_hour_and_another_resolution_are_read_as_they_are(db: apsw.Connection) -> None:
    at_hand = AtHand()
    for at in (10, 17):
        append(db, at)
        append(db, at, hour=BEGIN + HOUR)
        at_hand.load(db, 1, BEGIN, RESOLUTION)
    with db:
        event_store.pack(db, 1, BEGIN, RESOLUTION)
    append(db, 24)
    assert contents(at_hand.load(db, 1, BEGIN, RESOLUTION)) == loaded(db)
    for hour, resolution in ((BEGIN + HOUR, RESOLUTION), (BEGIN, SECOND)):
        expected = contents(event_store.load(db, 1, hour, resolution))
        assert contents(at_hand.load(db, 1, hour, resolution)) == expected


@pytest.mark.parametrize("most", [0, 3, 1000])
def test_no_more_is_at_hand_than_may_be(db: apsw.Connection, most: int) -> None:
    at_hand = AtHand(most)
    for at in (10, 20, 30):
        append(db, at)
        assert contents(at_hand.load(db, 1, BEGIN, RESOLUTION)) == loaded(db)
        assert at_hand.count <= most
    at_hand.clear()
    assert at_hand.count == 0
