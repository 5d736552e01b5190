"""The log behind the live stream: the newest items as they go over the wire, found again by id.

Ids rise: `<journal offset>-<n>`, n counting the items of one offset. A position is the number of entries ever written
before it; a reader keeps one and nothing else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

Id = tuple[int, int]
MAX_ENTRY_BYTES = 64 * 1024
ID = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)
NO_ID: Id = (-1, 0)  # what no log has


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One server-sent event: `text` is all of it."""

    id: Id
    kind: str
    asset: str | None
    text: bytes


def wire_text(kind: str, data: Any, id: Id | None = None) -> bytes:
    """A server-sent event; JSON needs no care here, because it has no line breaks of its own."""
    head = b"" if id is None else b"id: %d-%d\n" % id
    return b"%sevent: %s\ndata: %s\n\n" % (head, kind.encode(), msgspec.json.encode(data))


def parse_id(text: str) -> Id:
    """The id that a client saw last; NO_ID where it is none of ours."""
    match = ID.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else NO_ID


class ReplayLog:
    """Bounded by count and bytes, oldest out first. Not thread-safe."""

    def __init__(self, *, entries: int, kept_bytes: int) -> None:
        self.end = 0  # the position after the newest entry
        self.last: Id = (0, 0)
        self._entries: deque[Entry] = deque()
        self._limit = entries
        self._bytes_limit = kept_bytes
        self._bytes = 0
        self._start: Id = (0, 0)
        self._evicted: Id | None = None

    @property
    def first(self) -> int:
        """The position of the oldest entry kept."""
        return self.end - len(self._entries)

    def begin(self, mark: int) -> None:
        """Start anew after a time in which nothing was written; `mark` tells this start from every other one."""
        self._entries.clear()
        self._bytes = 0
        self._evicted = None
        self._start = self.last = (self.last[0], mark)

    def append(self, offset: int, kind: str, asset: str | None, data: Any) -> bool:
        """Write one item; False where it is too large to be sent."""
        id = (offset, 0) if offset > self.last[0] else (self.last[0], self.last[1] + 1)
        text = wire_text(kind, data, id)
        if len(text) > MAX_ENTRY_BYTES:
            return False
        self._entries.append(Entry(id, kind, asset, text))
        self._bytes += len(text)
        self.end += 1
        self.last = id
        while len(self._entries) > self._limit or self._bytes > self._bytes_limit:
            oldest = self._entries.popleft()
            self._bytes -= len(oldest.text)
            self._evicted = oldest.id
        return True

    def find(self, id: Id) -> int | None:
        """The position right after `id`; None where the log cannot tell what came between it and its oldest entry."""
        if id == self.last:
            return self.end
        if self._evicted is None and id == self._start:
            return self.first
        if not self._entries or not (self._evicted or self._entries[0].id) <= id <= self.last:
            return None
        return self.first + bisect_right(self._entries, id, key=lambda entry: entry.id)

    def read(self, position: int, wants: Callable[[Entry], bool], limit: int) -> tuple[list[bytes], int]:
        """Wanted texts from `position` on, about `limit` bytes of them, and the position to go on from."""
        texts: list[bytes] = []
        size = 0
        for back in range(self.end - position, 0, -1):  # counted from the right, where a deque is fast for new entries
            entry = self._entries[-back]
            position += 1
            if wants(entry):
                texts.append(entry.text)
                size += len(entry.text)
                if size >= limit:
                    break
        return texts, position
