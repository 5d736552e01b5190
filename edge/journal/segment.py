"""One segment file of the journal: an SQLite database with one row per entry. The only user of apsw in the journal.

Every error of SQLite leaves this file as one of `edge.journal.errors`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import apsw

from edge.journal.errors import JournalDamaged, JournalError, JournalFull

Row = tuple[int, str, bytes, int, int, int, int]
"""(offset, topic, payload, received, flags, epoch, crc)"""

PAGE_BYTES: Final = 4096
SEGMENT_ROWS: Final = 4_000_000
"""No segment holds more, so where nothing else says how far a lost one went, this does."""
FORMAT: Final = 1
_APPLICATION_ID: Final = 0x45644A31  # "EdJ1"
_LOG_SQL: Final = (
    "CREATE TABLE log(offset INTEGER PRIMARY KEY, topic TEXT, payload BLOB,"
    " received INT, flags INT, epoch INT, crc INT)"
)
_SEGMENT_SQL: Final = "CREATE TABLE segment(format INT, created INT)"
_INSERT: Final = "INSERT INTO log VALUES (?,?,?,?,?,?,?)"
_COLUMNS: Final = "payload, received, flags, epoch, crc FROM log WHERE offset >= ? ORDER BY offset LIMIT ?"
_SELECT: Final = f"SELECT offset, topic, {_COLUMNS}"
_SELECT_RAW: Final = f"SELECT offset, CAST(topic AS BLOB), {_COLUMNS}"
_BUSY_MS: Final = 1000
_NO_ROOM_BYTES: Final = 1 << 20
_FULL_IN_DISGUISE: Final = {apsw.SQLITE_IOERR_SHMSIZE, apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_TRUNCATE}


@contextlib.contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.FullError as error:
        raise JournalFull(f"{path.name}: {error}") from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise JournalDamaged(f"{path.name}: {error}") from error
    except (apsw.IOError, apsw.CantOpenError) as error:
        # a full disk also shows as a shared-memory file that cannot grow, or a file that cannot be made
        if getattr(error, "extendedresult", 0) in _FULL_IN_DISGUISE or isinstance(error, apsw.CantOpenError):
            with contextlib.suppress(OSError):
                if free_bytes(path.parent) < _NO_ROOM_BYTES:
                    raise JournalFull(f"{path.name}: {error}") from error
        raise JournalError(f"{path.name}: {error}") from error
    except apsw.SQLError as error:  # a table or column is missing: its definition was damaged
        raise JournalDamaged(f"{path.name}: {error}") from error
    except apsw.Error as error:
        raise JournalError(f"{path.name}: {error}") from error


def free_bytes(directory: Path) -> int:
    """What an ordinary user may still write on the file system of `directory`."""
    seen = os.statvfs(directory)
    return seen.f_bavail * seen.f_frsize


def sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def wal_path(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def remove_files(path: Path) -> None:
    """Unlink a segment with its companions; missing ones do not matter."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def create(path: Path, created: int) -> None:
    """Make an empty segment; it has its name only once it is complete and durable. `created` in microseconds."""
    fresh = path.with_suffix(".new")
    remove_files(fresh)
    try:
        with _errors(path), contextlib.closing(apsw.Connection(str(fresh))) as db:
            db.execute(f"PRAGMA page_size={PAGE_BYTES}; PRAGMA synchronous=FULL; BEGIN IMMEDIATE")
            db.execute(f"PRAGMA application_id={_APPLICATION_ID}; PRAGMA user_version={FORMAT}")
            db.execute(f"{_LOG_SQL}; {_SEGMENT_SQL}")
            db.execute("INSERT INTO segment VALUES (?,?)", (FORMAT, created))
            db.execute("COMMIT; PRAGMA journal_mode=WAL")
        fresh.rename(path)
    except (JournalError, OSError):
        remove_files(fresh)
        raise
    sync_directory(path.parent)


class SegmentWriter:
    """The one connection that writes and checkpoints an existing segment. JournalDamaged where it is not one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._wal_pages = 0
        self._inode = path.stat().st_ino
        with _errors(path):
            self._db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            self._db.set_busy_timeout(_BUSY_MS)
            self._db.execute("PRAGMA synchronous=FULL; PRAGMA cache_size=-1024").fetchall()
            # checkpoints are made by hand: SQLite hides the error of one that it makes by itself
            self._db.set_wal_hook(self._count_wal_pages)
            row = self._db.execute("SELECT created FROM segment").fetchone()
            self.created: int = int(row[0]) if row else 0

    def _count_wal_pages(self, _db: object, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def in_place(self) -> bool:
        """Whether the file is still there: one that was removed or moved takes everything, and keeps it for nobody."""
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    @property
    def wal_bytes(self) -> int:
        return self._wal_pages * PAGE_BYTES

    def size(self) -> int:
        """Bytes of the database once everything is checkpointed."""
        with _errors(self.path):
            return int(self._db.pragma("page_count")) * PAGE_BYTES

    def insert(self, rows: Sequence[Row]) -> None:
        """Commit all rows durably, or none (JournalFull, JournalDamaged, JournalError)."""
        with _errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(_INSERT, rows)
                self._db.execute("COMMIT")
            finally:
                self._roll_back()

    def salvage(self, rows: Sequence[Row]) -> None:
        """Insert rows of which some may be there already; those stay as they are."""
        with _errors(self.path), self._db:
            self._db.executemany(_INSERT.replace("INSERT", "INSERT OR IGNORE"), rows)

    def _roll_back(self) -> None:
        """Where a transaction is still open."""
        if self._db.in_transaction:
            with contextlib.suppress(apsw.Error):  # the error that led here is the one to tell
                self._db.execute("ROLLBACK")

    def checkpoint(self, *, truncate: bool = False) -> None:
        """Bring the log into the database file; with `truncate` wait for readers and empty it."""
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE if truncate else apsw.SQLITE_CHECKPOINT_PASSIVE
        with _errors(self.path), contextlib.suppress(apsw.BusyError):  # a reader is in the way: the next one will do
            self._db.wal_checkpoint(mode=mode)
            self._wal_pages = 0 if truncate else self._wal_pages

    def bounds(self) -> tuple[int, int]:
        return _bounds(self._db, self.path)

    def missing(self, first: int) -> list[tuple[int, int]]:
        """The holes between `first` and the last row, as (from, to), both inclusive."""
        sql = (
            "SELECT before + 1, offset - 1 FROM (SELECT offset, lag(offset, 1, ?) OVER (ORDER BY offset) AS before"
            " FROM log) WHERE offset > before + 1 ORDER BY 1"
        )
        with _errors(self.path):
            return [(int(a), int(b)) for a, b in self._db.execute(sql, (first - 1,))]

    def abandon(self) -> None:
        """Close a damaged segment and leave its log as it is."""
        with contextlib.suppress(apsw.Error):
            self._db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self._db.close(True)

    def close(self) -> None:
        with _errors(self.path):
            self._db.close()


class SegmentReader:
    """A read-only connection to a segment; `closed` says that nobody writes it any more."""

    def __init__(self, path: Path, *, closed: bool = False) -> None:
        self.path = path
        # with immutable SQLite makes no -shm beside a closed segment; it must not be used while a log holds rows
        settled = closed and not (wal_path(path).exists() and wal_path(path).stat().st_size)
        name = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if settled else ''}"
        with _errors(path):
            self._db = apsw.Connection(name, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
            self._db.set_busy_timeout(_BUSY_MS)
            self._db.execute("PRAGMA cache_size=-512").fetchall()

    def select(self, from_offset: int, limit: int) -> list[Row]:
        """Rows from an offset on, in order, unchecked; a row whose text is no UTF-8 makes all topics bytes."""
        with _errors(self.path):
            try:
                return self._db.execute(_SELECT, (from_offset, limit)).fetchall()  # type: ignore[return-value]
            except UnicodeDecodeError:
                return self._db.execute(_SELECT_RAW, (from_offset, limit)).fetchall()  # type: ignore[return-value]

    def bounds(self) -> tuple[int, int]:
        """First and last offset; (0, 0) when empty."""
        return _bounds(self._db, self.path)

    def check(self, *, thorough: bool) -> None:
        """JournalDamaged where the definitions are not ours or, when thorough, a page does not hold together."""
        with _errors(self.path):
            found = [sql for (sql,) in self._db.execute("SELECT sql FROM sqlite_schema ORDER BY name")]
            if found != [_LOG_SQL, _SEGMENT_SQL]:
                raise JournalDamaged(f"{self.path.name}: its tables are not defined as they should be")
            if thorough:
                _read_ahead(self.path)
                verdict: Any = self._db.execute("PRAGMA quick_check(1)").fetchone()
                if verdict != ("ok",):
                    raise JournalDamaged(f"{self.path.name}: {verdict[0] if verdict else 'unreadable'}")

    def format(self) -> int:
        """The format number, where both places that hold it agree; else 0."""
        with _errors(self.path):
            row = self._db.execute("SELECT format FROM segment").fetchone()
            return int(row[0]) if row and row[0] == self._db.pragma("user_version") else 0

    def close(self) -> None:
        with _errors(self.path):
            self._db.close()


def _read_ahead(path: Path) -> None:
    """Bring a file into memory front to back: the check takes page after page, ten times slower on a cold disk."""
    chunk = bytearray(1 << 20)
    with (
        contextlib.suppress(OSError),
        path.open("rb", buffering=0) as file,
    ):  # unreadable sectors are found by the check
        while file.readinto(chunk):
            pass


def _bounds(db: apsw.Connection, path: Path) -> tuple[int, int]:
    with _errors(path):
        row: Any = db.execute("SELECT (SELECT min(offset) FROM log), (SELECT max(offset) FROM log)").fetchone()
    return (int(row[0]), int(row[1])) if row and row[0] is not None else (0, 0)
