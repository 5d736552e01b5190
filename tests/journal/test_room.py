"""A full disk: nothing is taken, nothing is lost, and it goes on as soon as there is room."""

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.journal.errors import JournalFull
from edge.journal.limits import JournalLimits
from edge.journal.reader import JournalReader
from edge.journal.reserve import Reserve
from edge.journal.writer import JournalWriter
from tests.journal.samples import entries, fill, is_right, read_all

LIBC = ctypes.CDLL(None, use_errno=True)
MIB = 1 << 20
MS_REMOUNT = 32


def mount(folder: Path, options: str, flags: int = 0) -> bool:
    result: int = LIBC.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options.encode())
    return result == 0


def may_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        if not mount(Path(folder), "size=64k"):
            return False
        LIBC.umount(os.fsencode(folder))
        return True


def remount_larger(folder: Path) -> None:
    assert mount(folder, f"size={64 * MIB}", MS_REMOUNT)


@dataclass
class Disk:
    folder: Path
    limits: JournalLimits
    grow: Callable[[JournalWriter], None]


@pytest.fixture(params=["tmpfs" if may_mount() else "quota-because-mount-is-not-permitted"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """Room for a few thousand entries, then for more after `grow`."""
    if request.param == "tmpfs":
        assert mount(tmp_path, f"size={8 * MIB}")
        with contextlib.ExitStack() as undo:
            undo.callback(LIBC.umount, os.fsencode(tmp_path))
            yield Disk(tmp_path, JournalLimits(), lambda _: remount_larger(tmp_path))
        return

    def grow(writer: JournalWriter) -> None:
        writer.limits = JournalLimits()

    yield Disk(tmp_path, JournalLimits(max_bytes=8 * MIB), grow)


def fill_up(writer: JournalWriter) -> int:
    """Append until there is no room; the last offset that was taken."""
    for _ in range(2000):
        try:
            writer.append(entries(writer.last_offset + 1, writer.last_offset + 50))
        except JournalFull:
            return writer.last_offset
    raise AssertionError("it never became full")


def test_a_full_disk_takes_nothing_more_and_loses_nothing(disk: Disk) -> None:
    with JournalWriter(disk.folder, disk.limits) as writer, JournalReader(disk.folder) as reader:
        last = fill_up(writer)
        for _ in range(3):
            with pytest.raises(JournalFull):
                writer.append(entries(last + 1, last + 50))
        assert writer.last_offset == reader.last_offset == last
        assert all(map(is_right, reader.read(1, 100)))
        disk.grow(writer)
        assert writer.append(entries(last + 1, last + 50)) == last + 50
        assert reader.last_offset == last + 50
    records = read_all(disk.folder)
    assert [record.offset for record in records] == list(range(1, last + 51))
    assert all(map(is_right, records))


def test_a_journal_on_a_full_disk_can_be_opened_again_once_there_is_room(disk: Disk) -> None:
    with JournalWriter(disk.folder, disk.limits) as writer:
        last = fill_up(writer)
        disk.grow(writer)
    with JournalWriter(disk.folder) as writer:
        assert writer.last_offset == last
        fill(writer, 40)
    assert len(read_all(disk.folder)) == last + 40


def test_at_the_quota_retention_makes_room(tmp_path: Path) -> None:
    limits = JournalLimits(segment_bytes=200_000, max_bytes=2 * MIB, retention_bytes=500_000)
    with JournalWriter(tmp_path, limits) as writer:
        last = fill_up(writer)
        writer.retire(last // 2)
        fill(writer, 200)
        assert writer.bytes < 2 * MIB
        assert writer.last_offset == last + 200


def test_at_the_quota_even_the_open_segment_can_go_once_nobody_needs_it(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, JournalLimits(max_bytes=MIB)) as writer:
        last = fill_up(writer)
        writer.retire(last)
        with pytest.raises(JournalFull):
            writer.append(entries(last + 1, last + 1))
        writer.retire(last + 1)
        assert writer.append(entries(last + 1, last + 20)) == last + 20


def test_a_reserve_that_was_given_up_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reserve = Reserve(tmp_path, MIB)
    assert (tmp_path / "reserve").stat().st_size == MIB
    reserve.check()
    reserve.give_up()
    assert not (tmp_path / "reserve").exists()
    monkeypatch.setattr("edge.journal.reserve.free_bytes", lambda _: 2 * MIB - 1)
    with pytest.raises(JournalFull):
        reserve.check()
    monkeypatch.undo()
    reserve.check()
    assert (tmp_path / "reserve").stat().st_size == MIB


def test_a_small_disk_gets_a_small_reserve_and_none_is_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.journal.reserve.free_bytes", lambda _: 8 * MIB)
    Reserve(tmp_path, 16 * MIB)
    assert (tmp_path / "reserve").stat().st_size == MIB
    Reserve(tmp_path, 0).check()
    assert not (tmp_path / "reserve").exists()
