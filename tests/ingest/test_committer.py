"""Group commit, order and back-pressure, with a journal whose speed the test decides."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from edge.ingest import committer as committer_module
from edge.ingest.committer import Committer, Waiting
from edge.ingest.control import IngestStatus
from edge.journal.errors import JournalError, JournalFull
from edge.journal.record import Entry
from edge.journal.writer import JournalWriter
from edge.mqtt.inbox import Inbox
from edge.mqtt.options import MqttOptions
from edge.mqtt.source import Connection, MqttError, Source
from tests.patience import WAIT_S


class SlowJournal:
    """Takes groups when it is let, and can be full or broken."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.entries: list[Entry] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.error: JournalError | None = None
        self.bytes = 0

    def append(self, entries: list[Entry]) -> int:
        assert self.may_go.wait(WAIT_S)
        if self.error is not None:
            raise self.error
        self.groups.append(len(entries))
        self.entries += entries
        return len(self.entries)

    def retire(self, cursor: int) -> int:
        return 0


class PlayedConnection(Connection):
    """A connection that delivers what the test puts in and notes what is asked of it."""

    def __init__(self, options: MqttOptions, epoch: int, inbox: Inbox) -> None:
        super().__init__(options, epoch, inbox)
        self.acknowledged: list[int] = []
        self.reading = True
        self._end: asyncio.Future[MqttError] = asyncio.get_running_loop().create_future()
        self._next = 1

    def deliver(self, count: int, size: int = 10) -> None:
        batch = self.inbox.batch(self.epoch)
        for token in range(self._next, self._next + count):
            batch.entries.append(("t", bytes(size), token, 1, self.epoch))
            batch.tokens.append(token)
        self._next += count
        self.inbox.added(batch, count, count * size)

    async def open(self) -> bool:
        return True

    async def subscribe(self) -> None: ...

    async def ended(self) -> MqttError:
        return await asyncio.shield(self._end)

    def acknowledge(self, tokens: list[int]) -> None:
        self.acknowledged += tokens

    def pause(self) -> None:
        self.reading = False

    def resume(self) -> None:
        self.reading = True

    def drop(self) -> None: ...

    async def close(self) -> None:
        if not self._end.done():
            self._end.set_result(MqttError("closed"))


class Scene:
    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.journal = SlowJournal()
        self.status = IngestStatus()
        self.connections: list[PlayedConnection] = []
        self.committer = Committer(cast(JournalWriter, self.journal), executor, self.status, lambda: None)
        self.source = Source(
            MqttOptions(url="mqtt://played", client_id="x"), self._connection, arrived=self.committer.arrived
        )
        self.committer.attach(self.source)

    def _connection(self, options: MqttOptions, epoch: int, inbox: Inbox) -> Connection:
        self.connections.append(PlayedConnection(options, epoch, inbox))
        return self.connections[-1]

    @property
    def link(self) -> PlayedConnection:
        return self.connections[-1]


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110  # the conditions look at what threads have done
            await asyncio.sleep(0.001)


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    with ThreadPoolExecutor(1) as executor:
        played = Scene(executor)
        connecting = asyncio.create_task(played.source.run())
        committing = asyncio.create_task(played.committer.run())
        await until(lambda: played.source.status.subscribed)
        try:
            yield played
        finally:
            played.journal.may_go.set()
            played.committer.drain()
            try:
                await committing
            finally:
                await played.source.close()
                await connecting


async def test_groups_grow_while_a_commit_is_slow() -> None:
    async with scene() as s:
        s.journal.may_go.clear()
        s.link.deliver(600)
        await asyncio.sleep(0.01)
        for _ in range(30):
            s.link.deliver(100)
        await asyncio.sleep(0.01)
        assert s.link.acknowledged == []
        s.journal.may_go.set()
        await until(lambda: len(s.link.acknowledged) == 3600)
        assert s.journal.groups == [600, 3000]
        assert s.link.acknowledged == list(range(1, 3601))


async def test_few_messages_wait_a_moment_for_more_and_many_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene() as s:
        s.link.deliver(1)
        s.link.deliver(2)
        await until(lambda: s.journal.groups == [3])
        monkeypatch.setattr(committer_module, "GATHER_S", 10 * WAIT_S)
        s.link.deliver(1)
        await asyncio.sleep(0.02)
        assert s.journal.groups == [3]
        s.link.deliver(500)
        await until(lambda: s.journal.groups == [3, 501])


async def test_nothing_is_read_while_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_module, "WAITING_MESSAGES", 2000)
    async with scene() as s:
        s.journal.may_go.clear()
        s.link.deliver(1500)
        assert s.link.reading
        await asyncio.sleep(0.01)
        s.link.deliver(600)  # with those that are being committed too many
        assert not s.link.reading
        s.journal.may_go.set()
        await until(lambda: len(s.link.acknowledged) == 2100)
        assert s.link.reading


async def test_nothing_is_read_while_too_many_bytes_wait() -> None:
    async with scene() as s:
        s.journal.may_go.clear()
        for _ in range(17):
            s.link.deliver(1, size=1 << 20)
        assert not s.link.reading
        s.journal.may_go.set()
        await until(lambda: s.link.reading)


async def test_a_full_disk_is_waited_out_without_acknowledging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer_module, "_FULL_RETRY_S", 0.01)
    async with scene() as s:
        s.journal.error = JournalFull("no room")
        s.link.deliver(10)
        await until(lambda: s.status.disk_full)
        assert not s.link.reading
        await asyncio.sleep(0.05)
        assert s.link.acknowledged == []
        s.journal.error = None
        await until(lambda: s.link.acknowledged == list(range(1, 11)))
        await until(lambda: not s.status.disk_full and s.link.reading)


async def test_a_storage_error_ends_it_and_nothing_is_acknowledged() -> None:
    links: list[PlayedConnection] = []

    async def break_it() -> None:
        async with scene() as s:
            links.append(s.link)
            s.journal.error = JournalError("broken")
            s.link.deliver(10)

    with pytest.raises(JournalError, match="broken"):
        await break_it()
    assert links[0].acknowledged == []


async def test_a_commit_that_outlives_its_connection_is_kept_but_not_acknowledged() -> None:
    async with scene() as s:
        s.journal.may_go.clear()
        first = s.link
        first.deliver(5)
        await asyncio.sleep(0.01)
        await first.close()
        await until(lambda: len(s.connections) == 2 and s.source.status.subscribed)
        s.link.deliver(3)
        s.journal.may_go.set()
        await until(lambda: s.link.acknowledged == [1, 2, 3])
        assert first.acknowledged == []
        assert (s.status.committed, s.status.acknowledged) == (8, 3)


async def test_draining_commits_and_acknowledges_everything_that_came() -> None:
    async with scene() as s:
        s.journal.may_go.clear()
        s.link.deliver(700)
        await asyncio.sleep(0.01)
        s.link.deliver(5)
        link = s.link
    assert link.acknowledged == list(range(1, 706))


async def test_an_entry_of_the_service_gets_its_own_offset() -> None:
    offsets: list[int] = []
    async with scene() as s:
        s.link.deliver(4)
        s.committer.append(Waiting("$edge/a", b"", offsets.append))
        s.committer.append(Waiting("$edge/b", b"", offsets.append))
        await until(lambda: len(offsets) == 2)
    assert offsets == [5, 6]
    assert [entry[0] for entry in s.journal.entries] == ["t"] * 4 + ["$edge/a", "$edge/b"]
