"""A message counts once: by id, by the device's numbering, by what it says; and what is forgotten, and when."""

from __future__ import annotations

import random
from collections.abc import Iterator

import apsw
import pytest

from edge.clock import DAY, SECOND
from edge.events import Event, Heartbeat, PartCount
from edge.store.identity import Identities, Sequence, content_key, has_weak_identity, missing
from edge.store.schema import SCHEMA

NOON = 20_000 * DAY


def count(ts: int = NOON, *, ahead: int = 0, id: str | None = None, total: int = 1) -> PartCount:
    return PartCount("s/a/l/m", ts, ts, 1, 0, ahead, id, None, None, total)


@pytest.fixture
def db() -> Iterator[apsw.Connection]:
    db = apsw.Connection(":memory:")
    db.execute(SCHEMA)
    yield db
    db.close()


def seen(identities: Identities, event: Event, received: int) -> bool:
    key = content_key(event, "count")
    identities.prepare([key])
    found = identities.seen(key, received)
    identities.flush()
    return found


def test_the_same_content_is_one_message_and_other_content_another(db: apsw.Connection) -> None:
    identities = Identities(db)
    assert not seen(identities, count(), NOON)
    assert seen(identities, count(), NOON + SECOND)
    assert not seen(identities, count(total=2), NOON)


def test_with_an_id_the_content_does_not_matter(db: apsw.Connection) -> None:
    identities = Identities(db)
    assert not seen(identities, count(id="a"), NOON)
    assert seen(identities, count(id="a", total=5), NOON)
    assert not seen(identities, count(id="b"), NOON)


def test_a_redelivery_from_a_clock_ahead_is_known_by_the_devices_own_time(db: apsw.Connection) -> None:
    identities = Identities(db)
    said = NOON + 600 * SECOND
    assert not seen(identities, count(NOON, ahead=said - NOON), NOON)
    assert seen(identities, count(NOON + SECOND, ahead=said - NOON - SECOND), NOON + SECOND)
    assert seen(identities, count(said), said)


@pytest.mark.parametrize(("days", "known"), [(0, True), (7, True), (8, False)])
def test_what_came_is_known_for_seven_days_of_received_time(db: apsw.Connection, days: int, known: bool) -> None:
    identities = Identities(db)
    assert not seen(identities, count(), NOON)
    assert seen(identities, count(), NOON + days * DAY) is known


def test_an_old_journal_read_again_forgets_nothing_that_it_knew_before(db: apsw.Connection) -> None:
    for number in range(3):
        assert not seen(Identities(db), count(total=number), NOON + number * DAY)
    assert [seen(Identities(db), count(total=number), NOON + 3 * DAY) for number in range(3)] == [True] * 3


def test_what_is_older_than_seven_days_leaves_the_store(db: apsw.Connection) -> None:
    identities = Identities(db)
    for day in range(20):
        seen(identities, count(total=day), NOON + day * DAY)
    assert db.execute("select count(*) from ids").fetchall() == [(8,)]


def test_numbers_come_once_in_any_order_over_restarts(db: apsw.Connection) -> None:
    numbers = [*range(50), *range(60, 80)]
    random.Random(1).shuffle(numbers)
    for number in numbers:
        identities = Identities(db)
        assert not identities.seen_sequence(1, "boot", number, NOON)
        assert identities.seen_sequence(1, "boot", number, NOON)
        identities.flush()
    assert missing(db, 1) == [("boot", [(50, 59)])]


def test_each_boot_and_machine_numbers_for_itself(db: apsw.Connection) -> None:
    identities = Identities(db)
    places = [(1, "a"), (1, "b"), (2, "a")]
    assert not any(identities.seen_sequence(machine, boot, 7, NOON) for machine, boot in places)


def test_the_boots_heard_last_are_kept(db: apsw.Connection) -> None:
    identities = Identities(db)
    for boot in range(30):
        identities.seen_sequence(1, f"b{boot}", 0, NOON + boot * SECOND)
    seen(identities, count(), NOON)
    kept = {boot for (boot,) in db.execute("select boot from sequences")}
    assert kept == {f"b{boot}" for boot in range(14, 30)}


@pytest.mark.parametrize(
    ("numbers", "ranges"),
    [
        ([1, 2, 3], [(1, 3)]),
        ([3, 1, 2], [(1, 3)]),
        ([1, 5, 3], [(1, 1), (3, 3), (5, 5)]),
        ([5, 1, 4, 2], [(1, 2), (4, 5)]),
    ],
)
def test_numbers_are_kept_as_ranges(numbers: list[int], ranges: list[tuple[int, int]]) -> None:
    sequence = Sequence()
    assert all(sequence.add(number) for number in numbers)
    assert list(zip(sequence.starts, sequence.ends, strict=True)) == ranges
    assert not any(sequence.add(number) for number in numbers)


def test_heartbeats_without_an_id_are_not_remembered() -> None:
    assert has_weak_identity(Heartbeat("s/a/l/m", NOON, NOON, 1, 0, 0, None, None, None))
    assert not has_weak_identity(Heartbeat("s/a/l/m", NOON, NOON, 1, 0, 0, "x", None, None))
