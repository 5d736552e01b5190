"""The ingest process: one source, one journal, and the control channel to the main process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, cast

from edge.ingest.committer import Committer, Waiting
from edge.ingest.config import IngestConfig
from edge.ingest.control import EXIT_STORAGE, Append, Appended, Cursor, Down, IngestStatus, Stop, Up, frame, frames_down
from edge.ingest.session import Session, giving_up, identity_of, read_session, write_session
from edge.journal.errors import JournalError, JournalFull
from edge.journal.writer import JournalWriter
from edge.mqtt.connect import connection_type
from edge.mqtt.source import Source

_STATUS_S: Final = 0.02
_DRAIN_S: Final = 2.0
_FULL_RETRY_S: Final = 0.5


class Channel(asyncio.Protocol):
    """Our end of the control channel. Its end is the end of the main process: then we stop too."""

    def __init__(self, heard: Callable[[Down], None], stop: Callable[[], None]) -> None:
        self._frames = frames_down()
        self._heard = heard
        self._stop = stop
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        for message in self._frames.feed(data):
            self._heard(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()

    def send(self, message: Up) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame(message))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Ingest:
    """Runs until told to stop, the main process is gone, or the storage fails; `run` gives the exit status."""

    def __init__(self, config: IngestConfig) -> None:
        self._config = config
        self._directory = Path(config.journal)
        self._loop = asyncio.get_running_loop()
        self._executor = ThreadPoolExecutor(1, "journal")
        self._status = IngestStatus(broker=config.mqtt.broker)
        self._channel = Channel(self._heard, self.stop)
        self._stopping = asyncio.Event()
        self._committer: Committer | None = None
        self._source: Source | None = None
        self._saved: Session | None = None
        self._status_timer: asyncio.TimerHandle | None = None
        self._status_sent_at = 0.0
        self._early: list[Down] = []
        self._fault: str | None = None

    def stop(self) -> None:
        self._stopping.set()
        if self._source is not None:
            self._source.drop()
        if self._committer is not None:
            self._committer.drain()

    async def run(self, control: socket.socket) -> int:
        self._loop.add_signal_handler(signal.SIGTERM, self.stop)
        await self._loop.create_connection(lambda: self._channel, sock=control)
        try:
            writer = await self._open_journal()
            if writer is None:
                return 0
            try:
                await self._ingest(writer)
            finally:
                await self._loop.run_in_executor(self._executor, writer.close)
        except JournalFull:
            return 0
        except JournalError as error:
            self._fault = str(error)
            self._send_status()
            return EXIT_STORAGE
        finally:
            self._executor.shutdown()
            self._channel.close()
            self._loop.remove_signal_handler(signal.SIGTERM)
        return 0

    async def _open_journal(self) -> JournalWriter | None:
        """None where it was stopped while the disk was too full even to open the journal."""
        while not self._stopping.is_set():
            try:
                return await self._loop.run_in_executor(
                    self._executor, JournalWriter, self._directory, self._config.limits
                )
            except JournalFull:
                self._status.disk_full = True
                self._changed()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _FULL_RETRY_S)
        return None

    async def _ingest(self, writer: JournalWriter) -> None:
        heard, epoch = await self._loop.run_in_executor(self._executor, writer.last_heard)
        self._status.last_offset, self._status.journal_bytes = writer.last_offset, writer.bytes
        self._status.disk_full = False
        self._saved = read_session(self._directory)
        known = self._saved is not None and self._saved.identity == identity_of(self._config.mqtt)
        options = giving_up(self._config.mqtt, self._saved if known else None)
        self._committer = committer = Committer(writer, self._executor, self._status, self._changed)
        self._source = source = Source(
            options,
            connection_type(options),
            arrived=committer.arrived,
            changed=self._source_changed,
            epoch=max(epoch, self._saved.epoch if self._saved else 0),
            session_known=known,
            heard=heard,
        )
        committer.attach(source)
        for message in self._early:
            self._heard(message)
        if self._stopping.is_set():
            self.stop()
        self._changed()
        await self._until_drained(source, committer)

    async def _until_drained(self, source: Source, committer: Committer) -> None:
        """The storage's errors come out of the committer; the source has none."""
        connecting = asyncio.create_task(source.run(), name="source")
        committing = asyncio.create_task(committer.run(), name="committer")
        stopping = asyncio.create_task(self._stopping.wait(), name="stop")
        try:
            await asyncio.wait({connecting, committing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            async with asyncio.timeout(_DRAIN_S):
                await committing
        except TimeoutError:  # the disk is too slow for a good end: what is not acknowledged comes again
            self._fault = "stopped before everything was committed"
        finally:
            stopping.cancel()
            await source.close()
            await connecting
            self._send_status()

    def _heard(self, message: Down) -> None:
        if isinstance(message, Stop):
            self.stop()
        elif self._committer is None:
            self._early.append(message)
        elif isinstance(message, Cursor):
            self._committer.cursor = message.offset
        else:
            self._append(self._committer, message)

    def _append(self, committer: Committer, message: Append) -> None:
        def done(offset: int) -> None:
            self._channel.send(Appended(message.id, offset))

        committer.append(Waiting(message.topic, message.payload, done))

    def _source_changed(self) -> None:
        assert self._source is not None
        options = self._config.mqtt
        session = Session(identity_of(options), self._source.status.epoch, options.filters)
        if self._source.status.subscribed and session != self._saved:
            self._saved = session
            self._executor.submit(write_session, self._directory, session)
        self._changed()

    def _changed(self) -> None:
        """Tell the main process, but not too often."""
        if self._status_timer is None:
            due = self._status_sent_at + _STATUS_S
            if due <= self._loop.time():
                self._send_status()
            else:
                self._status_timer = self._loop.call_at(due, self._send_status)

    def _send_status(self) -> None:
        if self._status_timer is not None:
            self._status_timer.cancel()
            self._status_timer = None
        self._status_sent_at = self._loop.time()
        status, source = self._status, self._source
        if source is not None:
            seen = source.status
            status.connected, status.subscribed = seen.connected, seen.subscribed
            status.epoch, status.session_lost, status.takeovers = seen.epoch, seen.session_lost, seen.takeovers
            status.received, status.paused = source.inbox.received, source.paused
        status.error = self._fault or (source.status.error if source is not None else None)
        self._channel.send(status)
