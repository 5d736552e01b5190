"""A flipped byte, torn logs, files cut off or gone: what is readable is served, everything else declared."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from edge.journal.directory import segment_paths
from edge.journal.errors import JournalError
from edge.journal.limits import JournalLimits
from edge.journal.mark import read_mark
from edge.journal.notice import GAP_TOPIC
from edge.journal.reader import JournalReader
from edge.journal.record import DAMAGED
from edge.journal.writer import JournalWriter
from tests.journal.samples import asides, declared_missing, entry, fill, is_right, read_all

COUNT = 600
SEEDS = 60


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One segment, closed in order."""
    directory = tmp_path_factory.mktemp("clean")
    with JournalWriter(directory, JournalLimits(reserve_bytes=0)) as writer:
        fill(writer, COUNT)
    return directory


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One segment as a kill leaves it: part of it in the log."""
    directory = tmp_path_factory.mktemp("crashed")
    with JournalWriter(directory / "live", JournalLimits(reserve_bytes=0)) as writer:
        fill(writer, COUNT // 2)
        assert writer._segment is not None
        writer._segment.checkpoint()
        fill(writer, COUNT // 2)
        shutil.copytree(directory / "live", directory / "copy")
    return directory / "copy"


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several closed segments and an open one."""
    directory = tmp_path_factory.mktemp("long")
    with JournalWriter(directory, JournalLimits(segment_bytes=60_000, reserve_bytes=0)) as writer:
        fill(writer, COUNT)
    assert len(segment_paths(directory)) > 2
    return directory


def flip(path: Path, rnd: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[rnd.randrange(len(content))] ^= rnd.randrange(1, 256)
    path.write_bytes(content)


def check_all(directory: Path, lost_at_most: int) -> None:
    """Every offset is there and right or declared gone, and the next one was never used before."""
    with JournalWriter(directory, JournalLimits(reserve_bytes=0)) as writer:
        assert writer.last_offset >= COUNT
        after = writer.append([entry(writer.last_offset + 1)])
    records = read_all(directory)
    offsets = [record.offset for record in records]
    assert offsets == sorted(set(offsets))
    good = {record.offset for record in records if record.topic != GAP_TOPIC and not record.flags & DAMAGED}
    assert all(is_right(record) for record in records if record.offset in good)
    gone = set(range(1, COUNT + 1)) - good
    assert gone <= declared_missing(records)
    assert len(gone) <= lost_at_most
    assert after in good


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_flipped_byte_in_a_closed_journal(clean: Path, tmp_path: Path, seed: int) -> None:
    directory = shutil.copytree(clean, tmp_path / "journal")
    flip(segment_paths(directory)[0], random.Random(seed))
    check_all(directory, lost_at_most=80)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_flipped_byte_after_a_kill(crashed: Path, tmp_path: Path, seed: int) -> None:
    directory = shutil.copytree(crashed, tmp_path / "journal")
    rnd = random.Random(seed)
    flip(rnd.choice([path for path in directory.glob("0*") if not path.name.endswith("-shm")]), rnd)
    check_all(directory, lost_at_most=80)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_flipped_byte_in_an_older_segment(long: Path, tmp_path: Path, seed: int) -> None:
    directory = shutil.copytree(long, tmp_path / "journal")
    rnd = random.Random(seed)
    flip(rnd.choice(segment_paths(directory)[:-1]), rnd)
    check_all(directory, lost_at_most=80)
    assert asides(directory) == []


def test_a_flipped_byte_in_the_mark_costs_nothing(crashed: Path, tmp_path: Path) -> None:
    for seed in range(21):
        directory = shutil.copytree(crashed, tmp_path / f"journal{seed}")
        flip(directory / "mark", random.Random(seed))
        check_all(directory, lost_at_most=0)
        assert asides(directory) == []


def test_a_last_segment_that_is_no_database_is_kept_aside(crashed: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(crashed, tmp_path / "journal")
    path = segment_paths(directory)[0]
    path.write_bytes(b"not a database" * 1000)
    check_all(directory, lost_at_most=COUNT // 2 + 80)  # the second half is in the log
    assert path.name in asides(directory)[0]


@pytest.mark.parametrize("size", [0, 100, 4096, 50_000])
def test_a_last_segment_that_was_cut_off(clean: Path, tmp_path: Path, size: int) -> None:
    directory = shutil.copytree(clean, tmp_path / "journal")
    path = segment_paths(directory)[0]
    path.write_bytes(path.read_bytes()[:size])
    check_all(directory, lost_at_most=COUNT)
    assert len(asides(directory)) == 1


def test_a_journal_whose_files_are_gone_goes_on_behind_them(clean: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(clean, tmp_path / "journal")
    segment_paths(directory)[0].unlink()
    check_all(directory, lost_at_most=COUNT)


def test_without_a_mark_offsets_jump_behind_everything_a_segment_can_hold(clean: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(clean, tmp_path / "journal")
    (directory / "mark").unlink()
    segment_paths(directory)[0].write_bytes(b"")
    with JournalWriter(directory, JournalLimits(reserve_bytes=0)) as writer:
        assert writer.last_offset > 1_000_000


def test_a_torn_end_of_the_log_costs_nothing_that_was_committed(crashed: Path, tmp_path: Path) -> None:
    """What a power cut leaves of a group that was being written: any part of it, at the end of the log."""
    for seed in range(20):
        rnd = random.Random(seed)
        directory = shutil.copytree(crashed, tmp_path / f"journal{seed}")
        wal = next(directory.glob("*-wal"))
        frames = wal.read_bytes()[32:]
        torn = bytearray(frames[-3 * 4120 :])
        for at in range(0, len(torn), 512):
            if rnd.random() < 0.5:
                torn[at : at + 512] = bytes(len(torn[at : at + 512]))
        wal.write_bytes(wal.read_bytes() + torn[: rnd.randrange(len(torn))])
        check_all(directory, lost_at_most=0)
        assert asides(directory) == []


@pytest.mark.parametrize("step", ["salvaged", "renamed"])
def test_a_salvage_that_was_interrupted_is_finished(
    clean: Path, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = shutil.copytree(clean, tmp_path / "journal")
    path = segment_paths(directory)[0]
    content = bytearray(path.read_bytes())
    content[:16] = bytes(16)
    path.write_bytes(content)
    if step == "salvaged":
        monkeypatch.setattr("edge.journal.salvage.put_aside", _power_cut)
    else:
        monkeypatch.setattr("edge.journal.directory.sync_directory", _power_cut)
    with pytest.raises(KeyboardInterrupt):
        JournalWriter(directory, JournalLimits(reserve_bytes=0))
    monkeypatch.undo()
    check_all(directory, lost_at_most=0)
    assert any(name.startswith(f"{path.name}.damaged-") for name in asides(directory))


def _power_cut(*_: object) -> None:
    raise KeyboardInterrupt


def test_damage_while_it_is_being_written_is_mended_on_the_way(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, JournalLimits(reserve_bytes=0)) as writer:
        fill(writer, COUNT)
        assert writer._segment is not None
        writer._segment.checkpoint(truncate=True)
        path = segment_paths(tmp_path)[0]
        with path.open("r+b") as file:
            file.write(bytes(4096))
        writer._segment._db.execute("PRAGMA schema_version").fetchall()
        assert writer.append([entry(writer.last_offset + 1)]) > COUNT
        last = writer.last_offset
    records = read_all(tmp_path)
    assert records[-1].offset == last
    assert {record.offset for record in records if is_right(record)} >= set(range(1, COUNT + 1))


def test_a_journal_of_a_newer_version_is_left_alone(clean: Path, tmp_path: Path) -> None:
    import apsw

    directory = shutil.copytree(clean, tmp_path / "journal")
    db = apsw.Connection(str(segment_paths(directory)[0]))
    db.execute("UPDATE segment SET format = 2; PRAGMA user_version = 2")
    db.close()
    with pytest.raises(JournalError, match="newer version"):
        JournalWriter(directory)
    assert asides(directory) == []


def test_the_mark_follows_each_group(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        fill(writer, 40)
        mark = read_mark(tmp_path)
        assert mark is not None
        assert (mark.last_offset, mark.closed) == (40, False)
    mark = read_mark(tmp_path)
    assert mark is not None
    assert mark.closed


def test_a_reader_never_ends_in_a_loop_over_a_damaged_journal(long: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(long, tmp_path / "journal")
    for path in segment_paths(directory):
        path.write_bytes(random.Random(1).randbytes(30_000))
    with JournalReader(directory) as reader:
        assert (reader.read(1, 100), reader.first_offset, reader.last_offset) == ([], 0, 0)
