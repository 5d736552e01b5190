"""The store of readings: what is kept over crashes, what is recognised, what is dropped, and how little it takes."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from edge.clock import DAY, HOUR, MINUTE, SECOND
from edge.store import readings as store_of_readings
from edge.store.readings import SCHEMA, ReadingsReader, ReadingsWriter
from edge.store.unsealed import hot_rows

BEGIN = 1_740_960_000 * SECOND  # 2025-03-03T00:00:00Z


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def db(path: Path) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(str(path))
    connection.execute("pragma journal_mode=wal; pragma synchronous=off")
    connection.execute(SCHEMA)
    yield connection
    connection.close()


@pytest.fixture
def other(db: apsw.Connection, path: Path) -> Iterator[apsw.Connection]:
    """A connection as queries have it."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    yield connection
    connection.close()


def flush(db: apsw.Connection, writer: ReadingsWriter) -> None:
    with db:
        writer.flush()


def seal(db: apsw.Connection, writer: ReadingsWriter) -> None:
    with db:
        writer.seal_all()


def count(db: apsw.Connection, table: str) -> int:
    ((found,),) = db.execute(f"select count(*) from {table}")
    return int(found)


def points(db: apsw.Connection, machine: int = 1, signal: str = "t") -> list[tuple[int, float]]:
    return [(ts, value) for ts, value, _ in ReadingsReader(db).raw(machine, signal, -(1 << 60), 1 << 60)]


def test_readers_see_what_is_flushed_and_nothing_else(db: apsw.Connection, other: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    writer.add(1, BEGIN, 1, {"t": 1.5})
    flush(db, writer)
    writer.add(1, BEGIN + SECOND, 2, {"t": 2.5})
    assert points(other) == [(BEGIN, 1.5)]
    flush(db, writer)
    assert points(other) == [(BEGIN, 1.5), (BEGIN + SECOND, 2.5)]


def test_a_transaction_that_fails_leaves_what_was_committed(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for i in range(3000):
        writer.add(1, BEGIN + i * SECOND, i, {"t": i / 10})
    flush(db, writer)
    for i in range(3000, 9000):
        writer.add(1, BEGIN + i * SECOND, i, {"t": i / 10})
    db.execute("begin")
    writer.flush()
    db.execute("rollback")
    again = ReadingsWriter(db)
    assert len(points(db)) == 3000
    assert again.last(1) == {"t": (BEGIN + 2999 * SECOND, 299.9)}
    again.add(1, BEGIN + 3000 * SECOND, 3000, {"t": 0.0})
    seal(db, again)
    assert len(points(db)) == 3001


def test_the_newest_values_are_known_at_once_and_after_a_restart(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    writer.add(1, BEGIN + 5 * SECOND, 1, {"t": 1.0, "p": 7.0}, None, {"t": "Cel"})
    writer.add(1, BEGIN, 2, {"t": 2.0})
    flush(db, writer)
    expected = {"t": (BEGIN + 5 * SECOND, 1.0), "p": (BEGIN + 5 * SECOND, 7.0)}
    assert writer.last(1) == ReadingsWriter(db).last(1) == expected
    assert writer.units(1) == ReadingsWriter(db).units(1) == {"t": "Cel", "p": None}
    seal(db, writer)
    assert ReadingsWriter(db).last(1) == expected
    assert writer.last(2) == {}


def test_signals_carry_unit_count_and_last_point(db: apsw.Connection, other: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for i in range(10):
        writer.add(1, BEGIN + i * SECOND, i, {"t": float(i)}, None, {"t": "Cel"})
        if i == 4:
            seal(db, writer)
    writer.add(1, BEGIN, 11, {"t": 9.0})  # the same instant once more
    flush(db, writer)
    (found,) = ReadingsReader(other).signals(1)
    assert (found.name, found.unit, found.n) == ("t", "Cel", 10)
    assert (found.last_ts, found.last_value) == (BEGIN + 9 * SECOND, 9.0)


def test_a_unit_may_change(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for place, unit in enumerate(["Cel", "K", "K"]):
        writer.add(1, BEGIN + place, place, {"t": 1.0}, None, {"t": unit, "not a signal": "x"})
        flush(db, writer)
    assert writer.units(1) == {"t": "K"}


def test_quality_is_kept_only_where_it_is_not_good(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for i, said in enumerate(["good", "bad", "uncertain", "good"]):
        writer.add(1, BEGIN + i, i, {"t": float(i), "p": 0.0}, {"t": said})
    expected = [None, "bad", "uncertain", None]
    for write in (flush, seal):
        write(db, writer)
        assert [said for _, _, said in ReadingsReader(db).raw(1, "t", BEGIN, BEGIN + 9)] == expected
    writer.add(1, BEGIN + 1, 9, {"t": 1.0, "p": 0.0}, {"t": "good"})
    seal(db, writer)
    assert [said for _, _, said in ReadingsReader(db).raw(1, "t", BEGIN, BEGIN + 9)] == [None, None, "uncertain", None]


@pytest.mark.parametrize("place", ["not flushed", "flushed", "folded", "sealed", "restarted", "sealed and restarted"])
def test_a_recent_reading_is_recognised(db: apsw.Connection, place: str) -> None:
    writer = ReadingsWriter(db)
    sent = [(BEGIN + i * SECOND, {"t": i / 10, "p": -1.0}) for i in range(100)]
    for offset, (ts, signals) in enumerate(sent):
        assert not writer.is_duplicate(1, ts, signals)
        writer.add(1, ts, offset, signals)
    if place == "folded":
        writer._hot.LOG_ROWS = 0
    if place != "not flushed":
        (seal if "sealed" in place else flush)(db, writer)
    if "restarted" in place:
        writer = ReadingsWriter(db)
    assert all(writer.is_duplicate(1, ts, signals) for ts, signals in sent)
    ts, signals = sent[50]
    assert not writer.is_duplicate(1, ts, signals | {"p": -2.0})
    assert not writer.is_duplicate(1, ts + 1, signals)
    assert not writer.is_duplicate(1, ts, {"t": 5.0})
    assert not writer.is_duplicate(2, ts, signals)


def test_late_readings_are_recognised_while_they_come(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    seen = 0
    for offset in range(2000):
        ts, signals = BEGIN + (offset * 7919 % 1000) * SECOND, {"t": float(offset * 7919 % 1000)}
        if writer.is_duplicate(1, ts, signals):
            seen += 1
        else:
            writer.add(1, ts, offset, signals)
        if offset % 37 == 0:
            flush(db, writer)
    assert seen == 1000


def test_minutes_hours_and_days_are_exact_at_their_edges(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for offset, ts in enumerate([BEGIN - 1, BEGIN, BEGIN + MINUTE - 1, BEGIN + MINUTE, BEGIN + HOUR, BEGIN + DAY]):
        writer.add(1, ts, offset, {"t": 2.0**offset})
    seal(db, writer)
    reader = ReadingsReader(db)
    for start, end, total in (
        (BEGIN, BEGIN + 1, 2), (BEGIN, BEGIN + MINUTE, 6), (BEGIN - 1, BEGIN + HOUR, 15), (BEGIN, BEGIN + HOUR + 1, 30),
        (BEGIN - DAY, BEGIN + 2 * DAY, 63), (BEGIN + 1, BEGIN + DAY, 28),
    ):  # fmt: skip
        found = reader.summary(1, "t", start, end)
        assert found is not None
        assert (found.sum, found.last) == (total, 2.0 ** (total.bit_length() - 1))
    assert reader.summary(1, "t", BEGIN + 1, BEGIN + MINUTE - 1) is None
    assert count(db, "reading_chunks") == 3  # none crosses midnight


def test_unknown_machines_signals_and_empty_windows_have_no_points(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    writer.add(1, BEGIN, 1, {"t": 1.0})
    flush(db, writer)
    reader = ReadingsReader(db)
    assert reader.signals(2) == []
    for machine, signal, start, end in (
        (2, "t", 0, BEGIN + 1),
        (1, "x", 0, BEGIN + 1),
        (1, "t", BEGIN, BEGIN),
        (1, "t", 9, 8),
    ):
        assert reader.series(machine, signal, start, end).points == []
        assert reader.summary(machine, signal, start, end) is None
        assert list(reader.raw(machine, signal, start, end)) == []


def test_a_late_point_corrects_the_rollups_it_falls_into(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for i in range(600):
        writer.add(1, BEGIN + i * SECOND, i, {"t": 1.0})
    seal(db, writer)
    writer.add(1, BEGIN + 90 * SECOND, 600, {"t": 100.0})  # in place of a known point
    writer.add(1, BEGIN + 90 * SECOND + 1, 601, {"t": 200.0})  # a new one
    for write in (flush, seal):
        write(db, writer)
        found = ReadingsReader(db).summary(1, "t", BEGIN + MINUTE, BEGIN + 2 * MINUTE)
        assert found is not None
        assert (found.n, found.sum, found.max) == (61, 59.0 + 300.0, 200.0)


def test_dropping_takes_whole_days_of_points_and_keeps_their_rollups(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for i in range(3 * 1440):
        writer.add(1, BEGIN + i * MINUTE, i, {"t": float(i)})
    seal(db, writer)
    with db:
        while writer.drop(BEGIN + DAY + 5 * HOUR):
            pass
    reader = ReadingsReader(db)
    assert points(db)[0] == (BEGIN + DAY, 1440.0)
    whole = reader.summary(1, "t", BEGIN, BEGIN + 3 * DAY)
    assert whole is not None
    assert (whole.n, whole.sum, whole.last) == (4320, sum(range(4320)), 4319.0)
    series = reader.series(1, "t", BEGIN, BEGIN + DAY, 30)
    assert (series.resolution_s, series.count, len(series.points)) == (3600, 1440, 24)
    assert series.points[0] == (BEGIN, 29.5, 0.0, 59.0, 60)


def test_minutes_and_hours_are_dropped_after_the_points(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for i in range(3 * 1440):
        writer.add(1, BEGIN + i * MINUTE, i, {"t": 1.0, "p": 2.0})
    seal(db, writer)
    with db:
        while writer.drop(BEGIN + 2 * DAY, BEGIN + 9 * DAY, BEGIN + DAY):
            pass
    reader = ReadingsReader(db)
    rows = list(db.execute("select n, minutes is null from reading_rollups order by id"))
    assert rows == ([(60, 1)] * 24 + [(60, 0)] * 24) * 2
    assert [point[1:] for point in reader.series(1, "p", BEGIN, BEGIN + 2 * DAY, 30).points] == [
        (2.0, 2.0, 2.0, 120)
    ] * 12
    with db:
        assert not writer.drop(BEGIN + 2 * DAY, BEGIN + 9 * DAY, BEGIN + DAY)


def test_points_older_than_what_was_dropped_still_count(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for i in range(120):
        writer.add(1, BEGIN + i * MINUTE, i, {"t": 1.0})
    seal(db, writer)
    with db:
        writer.drop(BEGIN + DAY, BEGIN + DAY)
    writer = ReadingsWriter(db)
    writer.add(1, BEGIN + 30, 121, {"t": 5.0})
    seal(db, writer)
    found = ReadingsReader(db).summary(1, "t", BEGIN, BEGIN + 2 * HOUR)
    assert found is not None
    assert (found.n, found.sum, found.max) == (121, 125.0, 5.0)


def test_dropping_goes_in_pieces(db: apsw.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.store.retention.CHUNKS", 3)
    monkeypatch.setattr("edge.store.retention.SIGNALS", 1)
    writer = ReadingsWriter(db)
    for day in range(10):
        writer.add(1, BEGIN + day * DAY, day, {"t": 1.0, "p": 1.0})
    seal(db, writer)
    left = []
    with db:
        while writer.drop(BEGIN + 8 * DAY, BEGIN + 8 * DAY):
            left.append(count(db, "reading_chunks"))
    assert left[:2] == [7, 4]
    assert count(db, "reading_chunks") == 2


def test_a_machine_that_sends_only_changes_gets_a_column_per_signal(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    rng = random.Random(3)
    expected: dict[str, list[tuple[int, float]]] = {name: [] for name in "abcdefgh"}
    for i in range(3000):
        names = [name for name in expected if rng.random() < 0.3] or ["a"]
        writer.add(1, BEGIN + i * SECOND, i, dict.fromkeys(names, float(i)))
        for name in names:
            expected[name].append((BEGIN + i * SECOND, float(i)))
        if i % 100 == 0:
            flush(db, writer)
    seal(db, writer)
    assert {name: points(db, signal=name) for name in expected} == expected
    assert count(db, "reading_chunks") < 30


def test_a_reading_of_many_signals_comes_back(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for i in range(300):
        writer.add(1, BEGIN + i * SECOND, i, {f"s{n}": n + i / 8 for n in range(500)})
        flush(db, writer)
    assert points(db, signal="s499") == [(BEGIN + i * SECOND, 499 + i / 8) for i in range(300)]


def test_huge_values_add_up_without_becoming_nothing(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for i, value in enumerate([1.7e308, 1.7e308, -1.7e308, -1.7e308, 5e-324, -0.0]):
        writer.add(1, BEGIN + i * 30 * SECOND, i, {"t": value})
    for write in (flush, seal):
        write(db, writer)
        found = ReadingsReader(db).summary(1, "t", BEGIN, BEGIN + HOUR)
        assert found is not None
        assert (found.n, found.min, found.max) == (6, -1.7e308, 1.7e308)
        series = ReadingsReader(db).series(1, "t", BEGIN, BEGIN + HOUR, 2)
        assert all(low <= mean <= high for _, mean, low, high, _ in series.points)


def test_five_thousand_series_flush_in_few_rows_and_open_quickly(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    names = [f"s{n}" for n in range(8)]
    for i in range(20):
        for machine in range(625):
            writer.add(machine, BEGIN + i * SECOND, i, dict.fromkeys(names, i / 4))
        flush(db, writer)
    assert count(db, "reading_log") == 20
    writer = ReadingsWriter(db)
    assert writer.last(624)["s7"] == (BEGIN + 19 * SECOND, 4.75)
    seal(db, writer)
    assert (count(db, "reading_log"), count(db, "reading_hot")) == (1, 0)
    for machine in (0, 311, 624):
        assert points(db, machine, "s3") == [(BEGIN + i * SECOND, i / 4) for i in range(20)]


def test_minutes_of_decimals_are_small(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    rng = random.Random(5)
    for i in range(3 * 3600):
        writer.add(1, BEGIN + i * SECOND, i, {"t": round(rng.gauss(50, 1), 3)})
        if i % 777 == 0:
            seal(db, writer)
    seal(db, writer)
    ((size,),) = db.execute("select total(length(minutes)) from reading_rollups where id in "
                            "(select id from reading_rollups order by id limit 2)")  # fmt: skip
    assert size / (2 * 60) < 8.5


def test_a_restart_takes_no_row_twice(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    writer._hot.LOG_ROWS = 3
    for i in range(50):
        for machine in (1, 2, 3):
            writer.add(machine, BEGIN + i * SECOND, i, {"t": 1.0})
        flush(db, writer)
    assert count(db, "reading_hot") > 3
    again = ReadingsWriter(db)
    assert [len(again._hot.rows(tail)) for tail in again._tails.values()] == [50, 50, 50]
    assert {group: len(rows) for group, rows in hot_rows(db, (1, 2, 3)).items()} == dict.fromkeys((1, 2, 3), 50)
    again.add(1, BEGIN + 50 * SECOND, 50, {"t": 1.0})
    seal(db, again)
    assert len(points(db)) == 51


def test_hot_rows_stay_bounded(db: apsw.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.store.tails.HotRows.LOG_BYTES", 40_000)
    monkeypatch.setattr(store_of_readings, "HOT_BYTES", 200_000)
    writer = ReadingsWriter(db)
    log = hot = held = 0
    for i in range(40_000):
        writer.add(i % 50, BEGIN + i * 1000, i, {"t": float(i), "p": 0.0})
        if i % 100 == 99:
            flush(db, writer)
            ((size,),) = db.execute("select total(length(segments)) from reading_log")
            log = max(log, size)
            ((size,),) = db.execute("select total(length(segment)) from reading_hot")
            hot = max(hot, size)
            held = max(held, sum(len(s) for tail in writer._tails.values() for s in tail.segments))
    assert log < 60_000
    assert held < 60_000
    assert hot < 320_000
    assert sum(len(points(db, machine)) for machine in range(50)) == 40_000


def test_a_day_old_tail_is_sealed_though_it_is_small(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    writer.add(1, BEGIN, 0, {"t": 1.0})
    for i in range(60):
        writer.add(2, BEGIN + i * HOUR, i, {"t": 1.0})
        flush(db, writer)
    ((sealed,),) = db.execute('select count(*) from reading_chunks where "group"=1')
    assert sealed == 1


def test_sealing_takes_small_pieces_at_each_flush(db: apsw.Connection) -> None:
    writer = ReadingsWriter(db)
    for i in range(2100):
        for machine in range(20):
            writer.add(machine, BEGIN + i * SECOND, i, dict.fromkeys("abcdefgh", 1.0))
        if i % 10 == 9:
            flush(db, writer)
    sealed = []
    for i in range(2100, 2130):
        before = count(db, "reading_chunks")
        writer.add(0, BEGIN + i * SECOND, i, {"a": 1.0})
        flush(db, writer)
        sealed.append(count(db, "reading_chunks") - before)
    assert max(sealed) <= 4
    assert count(db, "reading_chunks") >= 20


def test_every_question_sees_one_state_while_the_writer_works(db: apsw.Connection, path: Path) -> None:
    db.execute("create table told(n integer); insert into told values(0)")
    stop = threading.Event()
    seen: list[tuple[int, int, int]] = []

    def ask() -> None:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        reader = ReadingsReader(connection)
        while not stop.is_set():
            with connection:
                ((told,),) = connection.execute("select n from told")
                found = reader.summary(1, "a", BEGIN - DAY, BEGIN + DAY)
                series = reader.series(1, "b", BEGIN - DAY, BEGIN + DAY, 50)
            seen.append((told, found.n if found else 0, series.count))
        connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    writer = ReadingsWriter(db)
    for i in range(40_000):
        writer.add(1, BEGIN + (i * 7919 % 40_000) * SECOND, i, {"a": i / 10, "b": 1.0})
        if i % 200 == 199:
            with db:
                db.execute("update told set n=?", (i + 1,))
                writer.flush()
    stop.set()
    asking.join()
    assert seen
    assert [(told, told) for told, _, _ in seen] == [(n, count) for _, n, count in seen]
