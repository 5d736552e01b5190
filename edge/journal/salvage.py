"""Looks at the end of a journal before it is written on, and saves what it can where that is damaged."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.clock import SECOND
from edge.journal.directory import first_of, put_aside, segment_path, segment_paths
from edge.journal.errors import JournalDamaged, JournalError
from edge.journal.mark import Mark, read_mark
from edge.journal.notice import Gap
from edge.journal.pages import RawSegment
from edge.journal.segment import (
    FORMAT,
    SEGMENT_ROWS,
    SegmentReader,
    SegmentWriter,
    create,
    remove_files,
    sync_directory,
)

_BATCH: Final = 5000
_SHOWN: Final = 100


@dataclass(frozen=True)
class Ending:
    """Where a journal ends: the last offset ever given out, the segment to go on with (None: a new one), and a notice
    of what is gone."""

    last_offset: int
    segment: Path | None
    gap: Gap | None = None


def find_end(directory: Path, now_s: float) -> Ending:
    """Check the last segment, after an unclean end page by page; a damaged one is salvaged and put aside."""
    _finish_interrupted(directory, now_s)
    mark = read_mark(directory)
    paths = segment_paths(directory)
    if not paths:
        return _nothing_left(mark, now_s)
    path = paths[-1]
    try:
        last = _checked_last(path, thorough=mark is None or not mark.closed)
    except JournalDamaged as error:
        return _salvage(path, mark, now_s, str(error))
    if mark and mark.last_offset > last:
        return _salvage(path, mark, now_s, f"{path.name}: its last entries are gone")
    return Ending(last, path)


def _nothing_left(mark: Mark | None, now_s: float) -> Ending:
    if mark is None or not mark.last_offset:
        return Ending(0, None)
    now = int(now_s * SECOND)
    detail = "the journal's files are gone"
    return Ending(
        mark.last_offset, None, Gap("journal_damaged", 0, now, detail, [(1, mark.last_offset)], mark.last_offset)
    )


def _checked_last(path: Path, *, thorough: bool) -> int:
    """The last offset of a segment; JournalDamaged, or JournalError where a newer version wrote it."""
    with contextlib.closing(SegmentReader(path)) as reader:
        found = reader.format()
        if found > FORMAT:
            raise JournalError(f"{path.name} has format {found}, this version reads {FORMAT}: a newer version wrote it")
        reader.check(thorough=thorough)
        last = reader.bounds()[1]
    if last and not first_of(path) <= last < first_of(path) + SEGMENT_ROWS:
        raise JournalDamaged(f"{path.name}: its last entry has the offset {last}")
    return last or first_of(path) - 1


def _salvage(path: Path, mark: Mark | None, now_s: float, detail: str) -> Ending:
    first = first_of(path)
    saved = path.with_suffix(".salvage")
    remove_files(saved)
    create(saved, int(now_s * SECOND))
    with contextlib.closing(SegmentWriter(saved)) as writer:
        _copy_readable(path, writer)
        last = writer.bounds()[1]
        holes = writer.missing(first)
        writer.checkpoint(truncate=True)
    since = _received(saved, (holes[0][0] if holes else last + 1) - 1)
    end = max(last, mark.last_offset if mark else first + SEGMENT_ROWS - 1)
    if end > max(last, first - 1):
        holes.append((max(last + 1, first), end))
    aside = put_aside(path, now_s)
    if last:
        saved.rename(path)
        sync_directory(path.parent)
    else:  # the next segment may need the name
        remove_files(saved)
    count = sum(b - a + 1 for a, b in holes)
    what = f"{detail}; put aside as {aside.name}" + (
        "" if mark else "; the number of missing entries is an upper bound"
    )
    return Ending(end, None, Gap("journal_damaged", since, int(now_s * SECOND), what, _shown(holes), count))


def _shown(holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Not too many: the last pair covers all further ones."""
    return holes if len(holes) <= _SHOWN else [*holes[: _SHOWN - 1], (holes[_SHOWN - 1][0], holes[-1][1])]


def _copy_readable(path: Path, writer: SegmentWriter) -> None:
    first = first_of(path)
    raw = RawSegment(path)
    try:
        rows = (row for row in raw.rows() if first <= row[0] < first + SEGMENT_ROWS)
        while batch := list(itertools.islice(rows, _BATCH)):
            writer.salvage(batch)
            writer.checkpoint()
    finally:
        raw.close()


def _received(path: Path, offset: int) -> int:
    """When the last entry before the first hole came; 0 where there is none."""
    with contextlib.closing(SegmentReader(path)) as reader:
        rows = reader.select(offset, 1)
    return rows[0][3] if rows and rows[0][0] == offset else 0


def _finish_interrupted(directory: Path, now_s: float) -> None:
    """A crash in between: a salvaged file is complete once the damaged one has been put aside."""
    for saved in directory.glob("*.salvage"):
        path = segment_path(directory, first_of(saved))
        if path.exists():
            remove_files(saved)
        else:
            put_aside(path, now_s)  # the damaged one's log must not be taken for the saved one's
            saved.rename(path)
    for fresh in directory.glob("*.new"):
        remove_files(fresh)
