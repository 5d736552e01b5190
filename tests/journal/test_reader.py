from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.journal.directory import segment_paths
from edge.journal.limits import JournalLimits
from edge.journal.notice import GAP_TOPIC
from edge.journal.reader import JournalReader
from edge.journal.writer import JournalWriter
from tests.journal.samples import entries, fill, is_right

SMALL = JournalLimits(segment_bytes=100_000)


def test_a_journal_that_does_not_exist_yet_is_empty_and_then_found(tmp_path: Path) -> None:
    with JournalReader(tmp_path / "later") as reader:
        assert (reader.read(1, 10), reader.get(1), reader.first_offset, reader.last_offset) == ([], None, 0, 0)
        with JournalWriter(tmp_path / "later") as writer:
            assert (reader.read(1, 10), reader.last_offset) == ([], 0)
            fill(writer, 20)
            assert (len(reader.read(1, 100)), reader.first_offset, reader.last_offset) == (20, 1, 20)


def test_reading_crosses_segments_and_respects_its_limit(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, SMALL) as writer, JournalReader(tmp_path) as reader:
        fill(writer, 3000)
        assert len(segment_paths(tmp_path)) > 3
        assert [record.offset for record in reader.read(5, 2000)] == list(range(5, 2005))
        assert [record.offset for record in reader.read(2990, 2000)] == list(range(2990, 3001))
        assert reader.read(3001, 10) == []
        assert all(is_right(record) for at in (1, 999, 3000) if (record := reader.get(at)))
        assert reader.get(3001) is None


def test_what_is_committed_is_seen_at_once_over_rolls_and_retention(tmp_path: Path) -> None:
    limits = JournalLimits(segment_bytes=60_000, retention_bytes=150_000)
    with JournalWriter(tmp_path, limits) as writer, JournalReader(tmp_path) as reader:
        at = 1
        for _ in range(100):
            fill(writer, 40)
            got = reader.read(at, 1000)
            assert [record.offset for record in got] == list(range(at, writer.last_offset + 1))
            at = writer.last_offset + 1
            writer.retire(at)
        assert reader.first_offset > 1
        assert reader.read(1, 1)[0].offset == reader.first_offset  # what is gone by retention is no gap
        assert reader.get(1) is None


def test_retention_under_a_reader_does_not_disturb_it(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, SMALL) as writer, JournalReader(tmp_path) as reader:
        fill(writer, 3000)
        assert reader.read(1, 10)[-1].offset == 10
        writer.limits = JournalLimits(segment_bytes=100_000, retention_bytes=0)
        writer.retire(3001)
        records = reader.read(11, 5000)
        assert records[-1].offset == 3000
        assert all(map(is_right, records))


def test_reading_leaves_no_files_beside_closed_segments(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, SMALL) as writer:
        fill(writer, 3000)
    with JournalReader(tmp_path) as reader:
        assert len(reader.read(1, 5000)) == 3000
    last = segment_paths(tmp_path)[-1].name
    assert {path.name for path in tmp_path.glob("*-shm")} <= {f"{last}-shm"}


def test_threads_may_share_a_reader(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, SMALL) as writer, JournalReader(tmp_path) as reader:
        fill(writer, 2000)
        wrong: list[int] = []

        def look(start: int) -> None:
            for at in range(start, 2001, 17):
                record = reader.get(at)
                if record is None or not is_right(record):
                    wrong.append(at)

        threads = [threading.Thread(target=look, args=(start,)) for start in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


FOLLOW = """
import sys
from pathlib import Path
from edge.journal.reader import JournalReader
from tests.journal.samples import is_right
last, at = int(sys.argv[2]), 1
with JournalReader(Path(sys.argv[1])) as reader:
    print("ready", flush=True)
    while at <= last:
        for record in reader.read(at, 500):
            assert record.offset == at and is_right(record), record
            at += 1
print("all", flush=True)
"""


def test_another_process_follows_a_journal_as_it_is_written(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FOLLOW, str(tmp_path), "6000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "ready\n"
        with JournalWriter(tmp_path, SMALL) as writer:
            fill(writer, 6000, group=60)
            assert follower.stdout.readline() == "all\n"
    assert follower.returncode == 0


def test_a_reader_finds_a_salvaged_segment_under_the_old_name(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        fill(writer, 400)
    with JournalReader(tmp_path) as reader:
        assert len(reader.read(1, 1000)) == 400
        with segment_paths(tmp_path)[0].open("r+b") as file:
            file.write(bytes(100))
        with JournalWriter(tmp_path) as salvaging:
            assert salvaging.last_offset == 401  # a notice
            salvaging.append(entries(402, 410))
            records = reader.read(1, 1000)
    assert [record.offset for record in records] == list(range(1, 411))
    assert [record.offset for record in records if record.topic == GAP_TOPIC] == [401]


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_a_small_limit_gets_there_too(tmp_path: Path, limit: int) -> None:
    with JournalWriter(tmp_path, SMALL) as writer, JournalReader(tmp_path) as reader:
        fill(writer, 1200)
        at = 1
        while got := reader.read(at, limit):
            assert [record.offset for record in got] == list(range(at, at + len(got)))
            at += len(got)
        assert at == 1201
