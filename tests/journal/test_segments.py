from __future__ import annotations

import time
from pathlib import Path

import pytest

from edge.journal import salvage
from edge.journal.directory import segment_paths
from edge.journal.limits import JournalLimits
from edge.journal.reader import JournalReader
from edge.journal.segment import SegmentReader
from edge.journal.writer import JournalWriter
from tests.journal.samples import fill, is_right, read_all

SMALL = JournalLimits(segment_bytes=100_000)


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def test_a_segment_that_is_large_enough_is_followed_by_another(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, SMALL) as writer:
        fill(writer, 4000)
    names = [path.name for path in segment_paths(tmp_path)]
    assert len(names) > 5
    assert names[0] == "00000000000000000001.db"
    records = read_all(tmp_path)
    assert [record.offset for record in records] == list(range(1, 4001))
    assert all(map(is_right, records))


def test_a_segment_that_is_old_enough_is_followed_by_another(tmp_path: Path) -> None:
    clock = Clock()
    with JournalWriter(tmp_path, JournalLimits(segment_age_s=3600), clock=clock) as writer:
        fill(writer, 40)
        clock.now += 3500
        fill(writer, 40)
        assert len(segment_paths(tmp_path)) == 1
        clock.now += 200
        fill(writer, 40)
    assert [path.name for path in segment_paths(tmp_path)] == ["00000000000000000001.db", "00000000000000000081.db"]


def test_retention_by_size_unlinks_whole_segments_below_the_cursor(tmp_path: Path) -> None:
    limits = JournalLimits(segment_bytes=100_000, retention_bytes=300_000)
    with JournalWriter(tmp_path, limits) as writer:
        fill(writer, 4000)
        before = len(segment_paths(tmp_path))
        assert writer.retire(0) == 0
        second = int(segment_paths(tmp_path)[1].name[:20])
        assert writer.retire(second - 1) == 0
        assert writer.retire(second) == 1
        writer.retire(4001)
        left = segment_paths(tmp_path)
        assert 0 < len(left) < before - 1
        assert sum(path.stat().st_size for path in left) < 500_000
        fill(writer, 1000)  # and it goes on as segments are closed
        writer.retire(5001)
        assert sum(path.stat().st_size for path in segment_paths(tmp_path)) < 600_000
    assert all(map(is_right, read_all(tmp_path)))


def test_retention_by_age_keeps_what_is_younger(tmp_path: Path) -> None:
    clock = Clock()
    limits = JournalLimits(segment_bytes=100_000, retention_age_s=10_000)
    with JournalWriter(tmp_path, limits, clock=clock) as writer:
        fill(writer, 2000)
        assert writer.retire(2001) == 0
        clock.now += 11_000
        closed = len(segment_paths(tmp_path)) - 1
        assert writer.retire(2001) == closed
        assert len(segment_paths(tmp_path)) == 1  # the open one stays
        assert writer.last_offset == 2000


def test_retention_removes_companions_of_a_segment_too(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, SMALL) as writer, JournalReader(tmp_path) as reader:
        for _ in range(20):
            fill(writer, 200)
            reader.read(writer.last_offset - 100, 10)  # keeps -wal and -shm of the last segment alive
        writer.limits = JournalLimits(segment_bytes=100_000, retention_bytes=0)
        writer.retire(4001)
        assert len({path.name[:20] for path in tmp_path.glob("0*")}) == 1


def test_opening_looks_at_the_last_segment_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with JournalWriter(tmp_path, SMALL) as writer:
        fill(writer, 4000)
    looked_at: list[Path] = []

    class Spy(SegmentReader):
        def __init__(self, path: Path, *, closed: bool = False) -> None:
            looked_at.append(path)
            super().__init__(path, closed=closed)

    monkeypatch.setattr(salvage, "SegmentReader", Spy)
    with JournalWriter(tmp_path, SMALL) as writer:
        assert writer.last_offset == 4000
    assert looked_at == segment_paths(tmp_path)[-1:]
