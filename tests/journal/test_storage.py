"""A disk that fails or loses power."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.journal.errors import JournalError, JournalFull
from edge.journal.limits import JournalLimits
from edge.journal.writer import JournalWriter
from tests.journal.disks import WatchedVFS, failing_flush, watched_disk
from tests.journal.samples import entries, fill, is_right, read_all

LIMITS = JournalLimits(segment_bytes=200_000, reserve_bytes=0)


@pytest.fixture
def vfs() -> Iterator[WatchedVFS]:
    with watched_disk() as watched:
        yield watched


def test_a_flush_that_fails_is_an_error_and_no_full_disk(vfs: WatchedVFS, tmp_path: Path) -> None:
    with JournalWriter(tmp_path, LIMITS) as writer:
        fill(writer, 100)
        flushes: list[str] = []
        vfs.before_sync = failing_flush("-wal", flushes)
        with pytest.raises(JournalError) as caught:
            writer.append(entries(101, 120))
        assert not isinstance(caught.value, JournalFull)
        assert writer.last_offset == 100
    assert len(flushes) == 1  # a second try could succeed and mean nothing: also not while closing
    vfs.end()
    assert [record.offset for record in read_all(tmp_path)][:100] == list(range(1, 101))


def test_a_checkpoint_whose_flush_fails_is_an_error_too(
    vfs: WatchedVFS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.journal.writer._CHECKPOINT_BYTES", 50_000)
    with JournalWriter(tmp_path, JournalLimits(reserve_bytes=0)) as writer:
        flushes: list[str] = []
        vfs.before_sync = failing_flush(".db", flushes)
        with pytest.raises(JournalError):
            fill(writer, 2000)
    assert len(flushes) == 1
    vfs.end()
    assert all(map(is_right, read_all(tmp_path)))


@pytest.mark.parametrize("moved", [False, True])
def test_a_segment_that_was_taken_away_takes_nothing_more(moved: bool, tmp_path: Path) -> None:
    with contextlib.suppress(JournalError), JournalWriter(tmp_path, LIMITS) as writer:
        fill(writer, 100)
        (segment,) = tmp_path.glob("*.db")
        if moved:
            segment.rename(tmp_path / "elsewhere")
            segment.write_bytes(b"")
        else:
            segment.unlink()
        with pytest.raises(JournalError, match="removed or moved"):
            writer.append(entries(101, 120))
        assert writer.last_offset == 100


class PowerCut(Exception):
    pass


class Disk:
    """What a disk may hold after a power cut: of what was not flushed, any 512-byte sectors."""

    def __init__(self, directory: Path, cut_at: int, seed: int) -> None:
        self._directory = directory
        self._left = cut_at
        self._random = random.Random(seed)
        self._flushed: dict[int, bytes] = {}
        self.image: Path | None = None

    def before_sync(self, path: str) -> None:
        self._left -= 1
        if self._left == 0:
            self._cut()
        if self._left <= 0:
            raise PowerCut
        self._flushed[Path(path).stat().st_ino] = Path(path).read_bytes()

    def _cut(self) -> None:
        self.image = self._directory.with_name("after")
        self.image.mkdir()
        for path in self._directory.iterdir():
            if not path.name.endswith("-shm"):
                (self.image / path.name).write_bytes(self._remains(path))

    def _remains(self, path: Path) -> bytes:
        now = path.read_bytes()
        if path.name == "mark":
            return now
        flushed = self._flushed.get(path.stat().st_ino, b"").ljust(len(now), b"\0")[: len(now)]
        out = bytearray(flushed)
        for at in range(0, len(now), 512):
            if self._random.random() < 0.5:
                out[at : at + 512] = now[at : at + 512]
        return bytes(out)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # where SQLite itself ignores the cut
@pytest.mark.parametrize("seed", range(60))
def test_a_power_cut_at_any_flush_loses_nothing_that_was_committed(
    vfs: WatchedVFS, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.journal.writer._CHECKPOINT_BYTES", 50_000)
    rnd = random.Random(seed)
    disk = Disk(tmp_path / "journal", cut_at=rnd.randrange(5, 60), seed=seed)
    vfs.before_sync = disk.before_sync
    committed = 0
    writer = JournalWriter(tmp_path / "journal", LIMITS)
    with contextlib.suppress(PowerCut):
        while True:
            committed = writer.append(entries(committed + 1, committed + rnd.randrange(1, 60)))
    vfs.end()
    writer.close()
    assert disk.image is not None
    with JournalWriter(disk.image, LIMITS) as again:
        assert again.last_offset >= committed
    records = read_all(disk.image)
    assert [record.offset for record in records] == list(range(1, again.last_offset + 1))
    assert all(map(is_right, records))
    assert not list(disk.image.glob("*.damaged-*"))
