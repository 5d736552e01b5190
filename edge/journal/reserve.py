"""Room kept back on the disk: given up when the disk is full, so that the rest of the service can still write."""

from __future__ import annotations

import os
from pathlib import Path

from edge.journal.errors import JournalFull
from edge.journal.segment import free_bytes


class Reserve:
    """A file of `size` bytes (less on a small disk) in a directory, there as long as there is room."""

    def __init__(self, directory: Path, size: int) -> None:
        self._path = directory / "reserve"
        self._needed = False
        self._size = self._path.stat().st_size if self._path.exists() else min(size, free_bytes(directory) // 8)
        if size:
            self._take()
        else:
            self.give_up()
            self._needed = False

    def _take(self) -> bool:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.posix_fallocate(handle, 0, max(self._size, 1))
        except OSError:  # somebody else was quicker
            self.give_up()
            return False
        finally:
            os.close(handle)
        return True

    def give_up(self) -> None:
        """The disk is full: leave the room to others, and write nothing before it is back."""
        self._path.unlink(missing_ok=True)
        self._needed = True

    def check(self) -> None:
        """JournalFull while the reserve has been given up and there is not twice its room again."""
        if not self._needed:
            return
        if free_bytes(self._path.parent) < 2 * self._size or not self._take():
            raise JournalFull("the disk is full: its reserve has been given up")
        self._needed = False
