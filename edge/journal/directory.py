"""The files of a journal directory: which segments there are, and how damaged ones are put aside."""

from __future__ import annotations

import fcntl
import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from edge.journal.errors import JournalBusy
from edge.journal.segment import remove_files, sync_directory

_NAME = re.compile(r"\d{20}\.db")


def segment_path(directory: Path, first: int) -> Path:
    return directory / f"{first:020d}.db"


def first_of(path: Path) -> int:
    """The offset from which a segment's entries count, as its name says."""
    return int(path.name[:20])


def segment_paths(directory: Path) -> list[Path]:
    """All segments, oldest first; empty where there is no journal yet."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return [directory / name for name in sorted(filter(_NAME.fullmatch, names))]


def file_bytes(path: Path) -> int:
    """Bytes of a segment and its log on disk."""
    total = 0
    for name in (path, path.with_name(path.name + "-wal")):
        try:
            total += name.stat().st_size
        except FileNotFoundError:
            continue
    return total


def put_aside(path: Path, now_s: float) -> Path:
    """Rename a damaged segment and its log to `*.damaged-<time>`; the new path of the segment."""
    end = datetime.fromtimestamp(now_s, UTC).strftime(".damaged-%Y%m%dT%H%M%S.%fZ")
    for suffix in ("", "-wal"):
        whole = path.with_name(path.name + suffix)
        if whole.exists() and (not suffix or whole.stat().st_size):
            whole.rename(whole.with_name(whole.name + end))
    remove_files(path)
    sync_directory(path.parent)
    return path.with_name(path.name + end)


class WriterLock:
    """Holds the directory for one writer: a second one waits a little for the first to end, then JournalBusy."""

    def __init__(self, directory: Path, wait_s: float) -> None:
        self._handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self.release()
                    raise JournalBusy(f"another process writes the journal in {directory}") from None
                time.sleep(0.02)
            else:
                return

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
