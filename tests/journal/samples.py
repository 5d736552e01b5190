"""Entries whose content follows from their offset, so that a test can tell whether it got the right one."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.journal.notice import GAP_TOPIC, Gap
from edge.journal.reader import JournalReader
from edge.journal.record import DAMAGED, Entry, Record
from edge.journal.writer import JournalWriter


def entry(offset: int) -> Entry:
    size = 9000 if offset % 97 == 0 else offset % 300
    return (f"shopfloor/v1/a/b/c/m{offset % 7}/reading", bytes([offset % 251]) * size, 10**15 + offset, offset % 2, 3)


def entries(first: int, last: int) -> list[Entry]:
    return [entry(offset) for offset in range(first, last + 1)]


def fill(writer: JournalWriter, count: int, group: int = 20) -> None:
    for first in range(writer.last_offset + 1, writer.last_offset + count + 1, group):
        writer.append(entries(first, first + group - 1))


def read_all(directory: Path, limit: int = 333) -> list[Record]:
    found: list[Record] = []
    with JournalReader(directory) as reader:
        while got := reader.read(found[-1].offset + 1 if found else 1, limit):
            found += got
    return found


def is_right(record: Record) -> bool:
    return (record.topic, record.payload, record.received, record.flags, record.epoch) == entry(record.offset)


def declared_missing(records: list[Record]) -> set[int]:
    """Every offset that a gap notice or a damaged entry says is gone."""
    gone: set[int] = {record.offset for record in records if record.flags & DAMAGED}
    for record in records:
        if record.topic == GAP_TOPIC and not record.flags & DAMAGED:
            for first, last in msgspec.json.decode(record.payload, type=Gap).offsets:
                gone.update(range(first, min(last, 1_000_000) + 1))
    return gone


def asides(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("*.damaged-*"))
