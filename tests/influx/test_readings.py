"""Readings on their way: whatever comes in whichever order, whatever is sealed, missed or restarted, InfluxDB ends up
with what the store answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.clock import DAY, MINUTE, SECOND
from edge.influx.backlog import Backlog
from edge.influx.batch import Batch
from edge.influx.catalog import Groups
from edge.influx.following import Following
from edge.influx.positions import Positions
from edge.store import schema
from edge.store.readings import ReadingsReader, ReadingsWriter
from tests.influx_stub import parse

BEGIN = 1_740_960_000 * SECOND  # 2025-03-03T00:00:00Z
FOREVER = 1 << 60
PATHS = {1: "works/hall/line/m1", 2: "works/hall/line/m2"}
SETS = (("a", "b", "c"), ("a", "b", "c"), ("a", "b"), ("c", "a"), ("b",))


@dataclass
class Plant:
    """A store that readings come into, and the points that InfluxDB has of it."""

    folder: Path
    points: dict[tuple[str, int, str], float] = field(default_factory=dict)
    offset: int = 0
    now: int = BEGIN

    def __post_init__(self) -> None:
        self.db = schema.open_writer(self.folder / "store.db")
        for number, path in PATHS.items():
            values = (number, path, 1, 0, 0, "")
            self.db.execute(
                "insert into machines(id, path, line, first_seen, last_heard, rules) values(?,?,?,?,?,?)", values
            )
        self.reader = schema.open_reader(self.folder / "store.db")
        self.restart_writer()
        self.positions = Positions(self.folder / "outbox.db")
        self.restart_outbox()

    def close(self) -> None:
        for connection in (self.db, self.reader, self.positions):
            connection.close()

    def restart_writer(self) -> None:
        self.writer = ReadingsWriter(self.db)

    def restart_outbox(self) -> None:
        groups = Groups()
        self.following, self.backlog = (
            Following(self.positions, groups, lambda: self.now),
            Backlog(self.positions, groups),
        )

    def add(self, machine: int, ts: int, signals: dict[str, float]) -> None:
        self.offset += 1
        self.writer.add(machine, ts, self.offset, signals)

    def flush(self, *, seal: bool = False, fold: bool = False) -> None:
        self.writer._hot.LOG_ROWS = 0 if fold else 256
        with self.db:
            if seal:
                self.writer.seal_all()
            else:
                self.writer.flush()
            self.db.execute("replace into meta values('tally', ?)", (msgspec.msgpack.encode({"cursor": self.offset}),))

    def send(self, *, lost: bool = False, most: int = 1 << 30) -> None:
        """Send what there is, `most` batches of it; of the last one the yes may be `lost`."""
        while most and (batch := self._next()) is not None:
            most -= 1
            for line in batch.lines:
                (name, tags), fields, at = parse(line)
                if name == "reading":
                    self.points.update({(dict(tags)["machine"], at, key): value for key, value in fields.items()})
            if not (lost and not most):
                with self.positions.db:
                    batch.taken()

    def _next(self) -> Batch | None:
        self.reader.execute("begin")
        try:
            return self.following.next(self.reader) or self.backlog.next(self.reader)
        finally:
            self.reader.execute("rollback")

    def stored(self) -> dict[tuple[str, int, str], float]:
        """Every point that the store answers."""
        reader = ReadingsReader(self.reader)
        return {
            (PATHS[machine].rpartition("/")[2], ts * 1000, signal): value
            for machine in PATHS
            for signal in "abc"
            for ts, value, _ in reader.raw(machine, signal, -FOREVER, FOREVER)
        }


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    with closing(Plant(tmp_path)) as made:
        yield made


instants = st.one_of(
    st.integers(0, 30).map(lambda n: BEGIN + n * 7 * SECOND),
    st.integers(-2 * DAY, 3 * DAY).map(lambda n: BEGIN + n - n % MINUTE),
)
adds = st.tuples(st.just("add"), st.sampled_from([1, 1, 2]), instants, st.sampled_from(SETS), st.integers(0, 9999))
steps = st.one_of(
    adds, adds, adds, adds,
    st.sampled_from([("flush",), ("flush",), ("seal",), ("fold",), ("crash",)]),
    st.sampled_from([("send",), ("one",), ("lost",), ("again",)]),
)  # fmt: skip


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=60))
def test_influxdb_has_what_the_store_answers(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[object, ...]]
) -> None:
    with (
        closing(Plant(tmp_path_factory.mktemp("p"))) as plant,
        mock.patch("edge.influx.following.LINES", 3),
        mock.patch("edge.influx.backlog.PIECE", 3),
        mock.patch("edge.influx.backlog.MACHINES", 1),
    ):
        for what, *given_ in done:
            match what, given_:
                case "add", [int(machine), int(ts), tuple(names), int(value)]:
                    plant.add(machine, ts, {str(name): value + place / 4 for place, name in enumerate(names)})
                case "flush" | "seal" | "fold", _:
                    plant.flush(seal=what == "seal", fold=what == "fold")
                case "crash", _:
                    plant.restart_writer()
                case "again", _:
                    plant.restart_outbox()
                case _:
                    plant.send(lost=what == "lost", most=1 << 30 if what == "send" else 1)
        plant.flush()
        plant.restart_outbox()
        plant.send()
        assert plant.points == plant.stored()
        assert plant._next() is None
        assert plant.positions.gaps() == []


def test_new_readings_go_before_those_that_were_missed(plant: Plant) -> None:
    for n in range(3000):
        plant.add(1, BEGIN + n * SECOND, {"a": float(n)})
    plant.flush(seal=True)
    plant.add(1, BEGIN + 5000 * SECOND, {"a": 1.0})
    plant.flush(fold=True)  # the log begins with this one
    plant.send(most=1)
    assert list(plant.points) == [("m1", (BEGIN + 5000 * SECOND) * 1000, "a")]
    plant.send()
    assert len(plant.points) == 3001


def test_readings_are_sent_once_while_influxdb_is_there(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.store.readings.SEAL_BYTES", 20_000)
    sent = 0
    for n in range(6000):
        plant.add(1 + n % 2, BEGIN + n * SECOND, dict.fromkeys("abc", float(n)))
        if n % 50 == 49:
            plant.flush()
            while (batch := plant._next()) is not None:
                sent += len(batch.lines)
                batch.taken()
    ((chunks,),) = plant.db.execute("select count(*) from reading_chunks")
    assert chunks > 0  # some were sealed at once
    assert sent == 6000


def test_a_store_that_was_built_again_is_sent_again(tmp_path: Path) -> None:
    positions = Positions(tmp_path / "outbox.db")
    positions.belong_to(b"one")
    positions.set(flush=7)
    positions.bury(1, [(400, "no", "line")])
    positions.belong_to(b"one")
    assert positions.value("flush") == 7
    positions.belong_to(b"other")
    assert positions.value("flush") == 0
    assert positions.dead_count() == 1
    positions.close()


def test_a_damaged_position_file_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"no database at all" * 100)
    with closing(Positions(tmp_path / "outbox.db")) as positions:
        assert positions.value("flush") == 0
    assert (tmp_path / "outbox.db.damaged").read_bytes().startswith(b"no database")


def test_what_was_missed_is_not_written_over_something_newer(plant: Plant) -> None:
    plant.add(1, BEGIN, {"a": 1.0, "b": 1.0})
    plant.add(1, BEGIN + SECOND, {"a": 1.0, "b": 1.0})
    plant.flush(seal=True)
    plant.add(2, BEGIN, {"a": 1.0})
    plant.flush(fold=True)  # the log does not reach back to the first flush
    plant.add(1, BEGIN, {"a": 2.0})
    plant.flush()
    plant.send()
    assert plant.points == plant.stored()
    assert plant.points["m1", BEGIN * 1000, "a"] == 2.0


def test_readings_that_were_let_go_before_they_were_sent_are_spoken_of(plant: Plant) -> None:
    plant.add(1, BEGIN, {"a": 1.0})
    plant.flush()
    plant.send()
    plant.add(1, BEGIN + SECOND, {"a": 2.0})
    plant.flush(seal=True)
    plant.add(2, BEGIN + 9 * DAY, {"a": 1.0})
    plant.flush(fold=True)
    plant.following.next(plant.reader)  # finds the gap
    assert plant.backlog.let_go(plant.reader) is None
    with plant.db:
        plant.writer.drop(BEGIN + 5 * DAY)
    assert plant.backlog.let_go(plant.reader) == (BEGIN, BEGIN + 5 * DAY)
