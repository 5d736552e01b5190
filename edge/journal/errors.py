"""What can go wrong with the journal, by what the caller has to do about it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator


class JournalError(Exception):
    """The storage failed: nothing of the call is durable, and nothing may be acknowledged. Give up and start anew."""


class JournalFull(JournalError):
    """No room (disk or quota): nothing of the call is durable; try again once there is room."""


class JournalOverQuota(JournalFull):
    """The journal's own limit is reached; the disk may have room."""


class JournalDamaged(JournalError):
    """The contents of a segment file cannot be read as they should."""


class JournalBusy(JournalError):
    """Another process has the journal open for writing."""


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Errors of plain files (the mark, renames, directories) as those of the journal."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise (JournalFull if full else JournalError)(str(error)) from error
