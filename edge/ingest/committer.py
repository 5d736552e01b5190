"""Commits what has arrived in groups, then acknowledges: the heart of ingest.

While one group is being committed in the writer thread the next one gathers, so groups grow as the disk is slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from edge.ingest.control import IngestStatus
from edge.journal.errors import JournalFull
from edge.journal.record import Entry
from edge.journal.writer import JournalWriter
from edge.mqtt.inbox import Batch
from edge.mqtt.source import Source

GATHER_S: Final = 0.003
GROUP: Final = 500
WAITING_MESSAGES: Final = 10_000
WAITING_BYTES: Final = 16 << 20
_FULL_RETRY_S: Final = 0.5


@dataclass(frozen=True)
class Waiting:
    """An entry of the service's own; `done` gets its offset."""

    topic: str
    payload: bytes
    done: Callable[[int], None]


class Committer:
    """Moves messages from a source into the journal; `run` ends after `drain`, or with a JournalError."""

    def __init__(
        self, writer: JournalWriter, executor: ThreadPoolExecutor, status: IngestStatus, changed: Callable[[], None]
    ) -> None:
        self._writer = writer
        self._executor = executor
        self._status = status
        self._changed = changed
        self._source: Source | None = None
        self._ready = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._own: list[Waiting] = []
        self._committing = [0, 0]  # messages, bytes
        self._draining = asyncio.Event()
        self.cursor = 0

    def attach(self, source: Source) -> None:
        self._source = source

    def append(self, waiting: Waiting) -> None:
        self._own.append(waiting)
        self.arrived()

    def arrived(self) -> None:
        """Something waits to be committed: now, if it is much, else after a moment in which more may come."""
        assert self._source is not None
        inbox = self._source.inbox
        messages, size = inbox.messages, inbox.size
        if messages + self._committing[0] >= WAITING_MESSAGES or size + self._committing[1] >= WAITING_BYTES:
            self._source.pause()
        if messages >= GROUP or self._draining.is_set():
            self._ready.set()
        elif self._timer is None and not self._ready.is_set():
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._ready.set)

    def drain(self) -> None:
        """Take nothing more, commit what is there, and end."""
        self._draining.set()
        self._ready.set()

    async def run(self) -> None:
        """JournalError where the storage fails; JournalFull only when draining finds no room."""
        assert self._source is not None
        while True:
            await self._ready.wait()
            self._ready.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            batches = self._source.take()
            own, self._own = self._own, []
            if batches or own:
                await self._commit(self._source, batches, own)
            elif self._draining.is_set():
                return
            if self._draining.is_set():
                self._ready.set()

    async def _commit(self, source: Source, batches: list[Batch], own: list[Waiting]) -> None:
        status = self._status
        messages = sum(batch.messages for batch in batches)
        self._committing = [messages, sum(batch.size for batch in batches)]
        entries = batches[0].entries if len(batches) == 1 else [entry for b in batches for entry in b.entries]
        now = time.time_ns() // 1000
        entries += [(waiting.topic, waiting.payload, now, 0, status.epoch) for waiting in own]
        status.last_offset = await self._durable(source, entries)
        self._committing = [0, 0]
        status.committed += messages
        for batch in batches:
            status.acknowledged += source.acknowledge(batch)
        for offset, waiting in enumerate(own, status.last_offset - len(own) + 1):
            waiting.done(offset)
        if source.paused:
            source.resume()
        self._changed()

    async def _durable(self, source: Source, entries: list[Entry]) -> int:
        """Commit, if need be again and again until there is room; the last offset."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                last, size = await loop.run_in_executor(self._executor, self._write, entries, self.cursor)
            except JournalFull:
                source.pause()
                self._status.disk_full = True
                self._changed()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._draining.wait(), _FULL_RETRY_S)
                if self._draining.is_set():
                    raise
            else:
                self._status.disk_full = False
                self._status.journal_bytes = size
                return last

    def _write(self, entries: list[Entry], cursor: int) -> tuple[int, int]:
        """In the writer thread."""
        self._writer.retire(cursor)
        return self._writer.append(entries), self._writer.bytes
