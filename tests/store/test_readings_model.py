"""Whatever the order, the cuts and the restarts: the store says what a plain dict of the same readings says."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from unittest import mock

import apsw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.clock import DAY, HOUR, MINUTE, SECOND
from edge.store import rollups
from edge.store.points import Points
from edge.store.readings import SCHEMA, ReadingsReader, ReadingsWriter
from edge.store.series import places_of

BEGIN = 1_740_960_000 * SECOND  # 2025-03-03T00:00:00Z
FOREVER = 1 << 60
SETS = (("a", "b", "c"), ("a", "b", "c"), ("a", "b", "c"), ("a", "b"), ("a",), ("c", "a"), ("b",))

instants = st.one_of(
    st.integers(0, 40).map(lambda n: BEGIN + n * 7 * SECOND),
    st.integers(0, 300 * SECOND).map(lambda n: BEGIN + n),
    st.integers(-2 * DAY, 3 * DAY).map(lambda n: BEGIN + n - n % MINUTE),
)
numbers = st.one_of(
    st.integers(-5000, 5000).map(lambda n: n / 1000), st.floats(-1e6, 1e6, allow_nan=False), st.just(0.0)
)
readings = st.tuples(
    st.just("add"), instants, st.sampled_from(SETS), st.lists(numbers, min_size=3, max_size=3),
    st.sampled_from([None, None, None, "bad"]),
)  # fmt: skip
steps = st.one_of(
    readings, readings, readings, readings, readings,
    st.sampled_from([("flush",), ("flush",), ("flush",), ("seal",), ("fold",), ("restart",), ("crash",)]),
)  # fmt: skip


@dataclass
class Store:
    """A writer whose machine is 1, and the plain dict of what it should hold."""

    db: apsw.Connection
    points: dict[str, dict[int, tuple[float, str | None]]] = field(default_factory=dict)
    waiting: list[tuple[int, dict[str, float], str | None]] = field(default_factory=list)
    offset: int = 0

    def __post_init__(self) -> None:
        self.writer = ReadingsWriter(self.db)

    def add(self, ts: int, signals: dict[str, float], said: str | None = None) -> None:
        self.offset += 1
        quality = dict.fromkeys(list(signals)[:1], said) if said else None
        self.writer.add(1, ts, self.offset, signals, quality, {"a": "mm"})
        self.waiting.append((ts, signals, said))

    def flush(self, *, seal: bool = False) -> None:
        with self.db:
            if seal:
                self.writer.seal_all()
            else:
                self.writer.flush()
        for ts, signals, said in self.waiting:
            for place, (name, value) in enumerate(signals.items()):
                self.points.setdefault(name, {})[ts] = value, None if place else said
        self.waiting.clear()

    def fold(self) -> None:
        self.writer._hot.LOG_ROWS = 0
        self.flush()
        self.writer._hot.LOG_ROWS = 256

    def restart(self, *, crash: bool = False) -> None:
        if not crash:
            self.flush()
        self.waiting.clear()
        self.writer = ReadingsWriter(self.db)

    def run(self, script: list[tuple[object, ...]]) -> None:
        for step in script:
            match step:
                case ("add", int(ts), tuple(names), list(values), said):
                    self.add(ts, dict(zip(names, values, strict=False)), said if isinstance(said, str) else None)
                case (str(what),):
                    {"flush": self.flush, "fold": self.fold, "restart": self.restart,
                     "crash": lambda: self.restart(crash=True),
                     "seal": lambda: self.flush(seal=True)}[what]()  # fmt: skip
        self.flush()

    def between(self, name: str, start: int, end: int) -> list[tuple[int, float]]:
        known = self.points.get(name, {})
        return [(ts, known[ts][0]) for ts in sorted(known) if start <= ts < end]


def open_store() -> apsw.Connection:
    db = apsw.Connection(":memory:")
    db.execute(SCHEMA)
    return db


def close(one: float, other: float, of: list[float]) -> bool:
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12 * sum(map(abs, of)) + 1e-300)


def check_window(store: Store, name: str, start: int, end: int, points: int) -> None:
    reader = ReadingsReader(store.db)
    known = store.between(name, start, end)
    values = [value for _, value in known]
    summary = reader.summary(1, name, start, end)
    assert (summary is None) == (not known)
    if summary is not None:
        assert (summary.n, summary.min, summary.max) == (len(known), min(values), max(values))
        assert summary.last == values[-1]
        assert close(summary.sum, math.fsum(values), values)
    series = reader.series(1, name, start, end, points)
    assert series.count == len(known)
    assert len(series.points) <= max(points, 2)
    if len(known) <= points:
        assert series.resolution_s == 0
        assert [point[:2] for point in series.points] == known
    width = round(series.resolution_s * SECOND)
    for at, mean, low, high, n in series.points if width else ():
        part = [value for ts, value in known if at <= ts < at + width]
        assert (n, low, high) == (len(part), min(part), max(part))
        assert close(mean, math.fsum(part) / n, part)


def check_rollups(store: Store) -> None:
    """Every rollup is what the sealed points say."""
    sealed = {name: dict(_sealed(store.db, name)) for name in store.points}
    for number, name in list(store.db.execute("select id, name from reading_signals")):
        by_minute: dict[int, list[float]] = {}
        for ts, value in sealed.get(name, {}).items():
            by_minute.setdefault(ts // MINUTE, []).append(value)
        span = min(by_minute, default=0), max(by_minute, default=0) + 1
        found = dict(rollups.read_minutes(store.db, number, *span))
        assert found.keys() == by_minute.keys()
        for minute, part in by_minute.items():
            assert found[minute][:3] == (len(part), min(part), max(part))
            assert close(found[minute].total, math.fsum(part), part)
        for hour, figures in rollups.read_hours(store.db, number, span[0] // 60, span[1] // 60 + 1):
            part = [value for minute, kept in by_minute.items() if minute // 60 == hour for value in kept]
            assert figures[:3] == (len(part), min(part), max(part))


def _sealed(db: apsw.Connection, name: str) -> Iterator[tuple[int, float]]:
    ((number,),) = db.execute("select id from reading_signals where name=?", (name,))
    for run in Points(db, places_of(db, 1, number), name).runs(-FOREVER, FOREVER):
        yield from zip(run.times, run.values, strict=True)


windows_asked = st.lists(st.tuples(instants, instants, st.integers(2, 30)), max_size=3)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=st.lists(steps, min_size=30, max_size=150), windows=windows_asked,
    seal_bytes=st.sampled_from([160_000, 160_000, 1500, 300]), one_group=st.booleans(),
)  # fmt: skip
def test_any_order_cut_and_restart_gives_the_same_points(
    script: list[tuple[object, ...]], windows: list[tuple[int, int, int]], seal_bytes: int, one_group: bool
) -> None:
    db = open_store()
    try:
        store = Store(db)
        with mock.patch("edge.store.readings.SEAL_BYTES", seal_bytes):
            store.run([(*step[:2], SETS[0], *step[3:]) if one_group and step[0] == "add" else step for step in script])
        check(store, windows)
    finally:
        db.close()


def check(store: Store, windows: list[tuple[int, int, int]]) -> None:
    reader = ReadingsReader(store.db)
    for name, known in store.points.items():
        assert list(reader.raw(1, name, -FOREVER, FOREVER)) == [(ts, *known[ts]) for ts in sorted(known)]
        for start, end, points in [*windows, (BEGIN - 3 * DAY, BEGIN + 4 * DAY, 5), (BEGIN, BEGIN + HOUR, 7)]:
            check_window(store, name, start, end, points)
    check_rollups(store)
    expected = {name: (max(known), known[max(known)][0]) for name, known in store.points.items()}
    signals = reader.signals(1)
    assert {s.name: (s.last_ts, s.last_value) for s in signals} == expected
    assert {s.name: (s.last_ts, s.last_value) for s in reader.all_signals().get(1, [])} == expected
    assert {s.name: s.n for s in signals} == {name: len(known) for name, known in store.points.items()}
    assert store.writer.last(1) == ReadingsWriter(store.db).last(1) == expected
