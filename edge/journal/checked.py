"""From rows of a segment to entries: each checked against its checksum, and holes between them made visible."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from struct import error as StructError
from typing import Any

import msgspec

from edge.journal.checksum import checksum
from edge.journal.notice import GAP_TOPIC, Gap
from edge.journal.record import DAMAGED, Record
from edge.journal.segment import Row


def checked(rows: Sequence[Row], expected: int, is_declared: Callable[[int, int], bool]) -> list[Record]:
    """The entries of ascending rows, of which the first should have the offset `expected`.

    `is_declared(first, last)` says whether a gap notice about these missing offsets was written."""
    if not rows:
        return []
    try:
        records = [
            Record(offset, topic, payload, received, flags, epoch)
            for offset, topic, payload, received, flags, epoch, crc in rows
            if checksum(offset, topic, payload, received, flags, epoch) == crc
        ]
    except (TypeError, AttributeError, StructError):  # a value of another type
        records = []
    whole = len(records) == len(rows) == rows[-1][0] - expected + 1
    return records if whole else list(_one_by_one(rows, expected, is_declared))


def _one_by_one(rows: Sequence[Row], expected: int, is_declared: Callable[[int, int], bool]) -> Iterator[Record]:
    since = 0
    for row in rows:
        # the offset of a damaged entry is believed only where its place says the same
        record = _intact(row) or (_damaged(row) if row[0] == expected else None)
        if record is None or record.offset < expected:
            continue
        if record.offset > expected and not is_declared(expected, record.offset - 1):
            yield _hole(expected, record.offset - 1, since, record)
        yield record
        since, expected = record.received, record.offset + 1


def _hole(first: int, last: int, since: int, after: Record) -> Record:
    gap = Gap("journal_damaged", since, after.received, "unreadable entries", [(first, last)], last - first + 1)
    return Record(last, GAP_TOPIC, gap.payload(), after.received, 0, after.epoch)


def declares(row: Row, first: int, last: int) -> bool:
    """Whether a row is a gap notice that covers the missing offsets from `first` to `last`."""
    record = _intact(row)
    if record is None or record.topic != GAP_TOPIC:
        return False
    try:
        gap = msgspec.json.decode(record.payload, type=Gap)
    except msgspec.DecodeError:
        return False
    return any(a <= first and last <= b for a, b in gap.offsets)


def _intact(row: tuple[Any, ...]) -> Record | None:
    offset, topic, payload, received, flags, epoch, crc = row
    try:
        text = topic.decode() if isinstance(topic, bytes) else topic
        if checksum(offset, text, payload, received, flags, epoch) == crc:
            return Record(offset, text, payload, received, flags, epoch)
    except (TypeError, AttributeError, StructError, UnicodeDecodeError):
        pass
    return None


def _damaged(row: tuple[Any, ...]) -> Record:
    """What is left of an entry, in the right types and with the flag."""
    offset, topic, payload, received, flags, epoch, _ = row
    text = topic.decode("utf-8", "replace") if isinstance(topic, bytes) else topic if isinstance(topic, str) else ""
    numbers = [n if isinstance(n, int) else 0 for n in (received, flags, epoch)]
    content = payload if isinstance(payload, bytes) else b""
    return Record(offset, text, content, numbers[0], numbers[1] & 15 | DAMAGED, numbers[2])
