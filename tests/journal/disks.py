"""Disks that fail, played by an SQLite VFS of our own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import apsw


class WatchedFile(apsw.VFSFile):
    def __init__(self, name: str | apsw.URIFilename, flags: list[int], before_sync: Callable[[str], None]) -> None:
        super().__init__("unix", name, flags)
        self._name = name if isinstance(name, str) else name.filename()
        self._before_sync = before_sync

    def xSync(self, flags: int) -> None:
        self._before_sync(self._name)
        super().xSync(flags)


class WatchedVFS(apsw.VFS):
    """The default VFS until `end`; `before_sync` is called with the file name before each flush, and may raise."""

    def __init__(self) -> None:
        self.before_sync: Callable[[str], None] = lambda _: None
        super().__init__("watched", "unix", makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> WatchedFile:
        assert name is not None
        return WatchedFile(name, flags, lambda path: self.before_sync(path))

    def end(self) -> None:
        """The disk is well again; what opens from now on does not come through here."""
        self.before_sync = lambda _: None
        apsw.set_default_vfs("unix")


@contextlib.contextmanager
def watched_disk() -> Iterator[WatchedVFS]:
    watched = WatchedVFS()
    try:
        yield watched
    finally:
        watched.end()
        watched.unregister()


def failing_flush(suffix: str, flushes: list[str]) -> Callable[[str], None]:
    def before_sync(path: str) -> None:
        if path.endswith(suffix):
            flushes.append(path)
            error = apsw.IOError("injected")
            error.extendedresult = apsw.SQLITE_IOERR_FSYNC
            raise error

    return before_sync
