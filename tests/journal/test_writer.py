from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge.journal.errors import JournalBusy
from edge.journal.limits import JournalLimits
from edge.journal.notice import GAP_TOPIC, Gap
from edge.journal.segment import SegmentWriter
from edge.journal.writer import JournalWriter
from tests.journal.samples import entries, fill, is_right, read_all


def test_what_is_appended_comes_back_with_offsets_from_one(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        assert writer.append(entries(1, 500)) == 500
        assert writer.append([]) == 500
        assert writer.append(entries(501, 600)) == 600
    records = read_all(tmp_path)
    assert [record.offset for record in records] == list(range(1, 601))
    assert all(map(is_right, records))


def test_a_writer_opened_again_goes_on_where_it_ended(tmp_path: Path) -> None:
    for count in (1, 2, 3):
        with JournalWriter(tmp_path) as writer:
            fill(writer, 40)
            assert writer.last_offset == 40 * count
            assert writer.last_heard() == (10**15 + 40 * count, 3)


def test_a_group_is_one_transaction(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        fill(writer, 20)
        broken = [*entries(21, 25), ("topic", "no bytes", 0, 0, 0)]
        with pytest.raises(TypeError):
            writer.append(broken)  # type: ignore[arg-type]
        assert writer.append(entries(21, 22)) == 22
    assert all(map(is_right, read_all(tmp_path)))


def test_each_group_is_committed_with_synchronous_full(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        fill(writer, 20)
        segment = writer._segment
        assert isinstance(segment, SegmentWriter)
        assert segment._db.pragma("synchronous") == 2
        assert segment._db.pragma("journal_mode") == "wal"


def test_a_notice_is_an_entry_of_its_own(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        fill(writer, 20)
        gap = Gap("session_lost", 5, 9, "the broker forgot us")
        assert writer.append_notice(gap, epoch=4) == 21
    notice = read_all(tmp_path)[-1]
    assert (notice.topic, notice.received, notice.epoch) == (GAP_TOPIC, 9, 4)
    assert notice.payload == b'{"reason":"session_lost","from":5,"to":9,"detail":"the broker forgot us"}'


def test_a_second_writer_waits_for_the_first_to_end(tmp_path: Path) -> None:
    first = JournalWriter(tmp_path)
    timer = threading.Timer(0.2, first.close)
    timer.start()
    with JournalWriter(tmp_path):
        timer.join()
        with pytest.raises(JournalBusy):
            JournalWriter(tmp_path, lock_wait_s=0.05)


def test_a_closed_writer_leaves_nothing_to_recover(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, JournalLimits(reserve_bytes=0))
    fill(writer, 100)
    writer.close()
    writer.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000000000000000001.db", "lock", "mark"]
