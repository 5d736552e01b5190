"""The main process's end of ingest: starts the child process, keeps it running, and speaks with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from edge.ingest.config import IngestConfig
from edge.ingest.control import EXIT_STORAGE, Append, Cursor, Down, IngestStatus, Stop, Up, frame, frames_up
from edge.mqtt.backoff import Backoff

_STOP_S: Final = 3.0
_LASTED_S: Final = 10.0
_CHUNK: Final = 1 << 16


class IngestDown(Exception):
    """The ingest process is not there, or ended before it answered: whether the entry was written is not known."""


class IngestLink:
    """One ingest process, started again when it dies.

    `status` is the last word of the child, its counters carried over restarts; `on_change` is called after each."""

    def __init__(self, on_change: Callable[[IngestStatus], None] | None = None) -> None:
        self.status = IngestStatus()
        self._on_change = on_change
        self._before = IngestStatus()  # counters of the processes before this one
        self._backoff = Backoff(first_s=0.05, quick_s=1.0, ceiling_s=10.0)
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._supervisor: asyncio.Task[int] | None = None
        self._stopping = asyncio.Event()
        self._asked: dict[int, asyncio.Future[int]] = {}
        self._last_id = 0
        self._cursor = 0
        self.restarts = 0

    async def start(self, config: IngestConfig) -> None:
        """Start the process; it connects, and keeps trying, by itself. OSError where no process can be started."""
        reader = await self._spawn(config)
        self._supervisor = asyncio.create_task(self._supervise(config, reader), name="ingest")

    @property
    def pid(self) -> int | None:
        """The child's process id."""
        return self._process.pid if self._process is not None else None

    async def append(self, topic: str, payload: bytes) -> int:
        """Write an entry of the service's own (`$edge/...`); its offset once it is durable. IngestDown."""
        if self._writer is None:
            raise IngestDown("ingest is not running")
        self._last_id += 1
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked[self._last_id] = answer
        self._send(Append(self._last_id, topic, payload))
        return await answer

    def set_cursor(self, offset: int) -> None:
        """Everything below `offset` has been dealt with: retention may remove it."""
        if offset != self._cursor:
            self._cursor = offset
            self._send(Cursor(offset))

    async def wait(self) -> int:
        """Wait until ingest has ended for good; the exit status for the service (0 after `stop`, 74 storage)."""
        assert self._supervisor is not None, "not started"
        return await asyncio.shield(self._supervisor)

    async def stop(self) -> int:
        """Commit and acknowledge what was read, disconnect, end: within 3 s. Twice does no harm."""
        if self._supervisor is None:
            return 0
        if not self._stopping.is_set():
            self._stopping.set()
            self._send(Stop())
        try:
            return await asyncio.wait_for(asyncio.shield(self._supervisor), _STOP_S)
        except TimeoutError:
            self._kill()
            return await self._supervisor

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)

    async def _spawn(self, config: IngestConfig) -> asyncio.StreamReader:
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = ("-m", "edge.ingest", str(theirs.fileno()), str(os.getpid()))
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, pass_fds=(theirs.fileno(),)
                )
            except OSError:
                ours.close()
                raise
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it died at once: its status says why
            stdin.write(config.line())
            await stdin.drain()
            stdin.close()
            await stdin.wait_closed()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        if self._cursor:
            self._send(Cursor(self._cursor))
        return reader

    async def _supervise(self, config: IngestConfig, reader: asyncio.StreamReader) -> int:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            code = await self._follow(reader)
            if self._stopping.is_set() or code == EXIT_STORAGE:
                return EXIT_STORAGE if code == EXIT_STORAGE else 0
            if loop.time() - began >= _LASTED_S:
                self._backoff.reset()
            following = await self._again(config)
            if following is None:
                return 0
            reader = following

    async def _again(self, config: IngestConfig) -> asyncio.StreamReader | None:
        """Start a new process after a wait, and after as many as it takes; None when `stop` came meanwhile."""
        while True:
            self.restarts += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._backoff.next_s())
            if self._stopping.is_set():
                return None
            with contextlib.suppress(OSError):  # no process can be started just now
                return await self._spawn(config)

    async def _follow(self, reader: asyncio.StreamReader) -> int:
        """Listen to the process until it ends; its exit status (negative: a signal)."""
        assert self._process is not None
        frames = frames_up()
        with contextlib.suppress(ConnectionResetError):
            while data := await reader.read(_CHUNK):
                for message in frames.feed(data):
                    self._heard(message)
        code = await self._process.wait()
        self._gone(code)
        return code

    def _heard(self, message: Up) -> None:
        if isinstance(message, IngestStatus):
            before = self._before
            message.received += before.received
            message.committed += before.committed
            message.acknowledged += before.acknowledged
            message.session_lost += before.session_lost
            message.takeovers += before.takeovers
            self._set(message)
        elif (answer := self._asked.pop(message.id, None)) is not None and not answer.done():
            answer.set_result(message.offset)

    def _gone(self, code: int) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._process = None
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(IngestDown("ingest ended before it answered"))
        self._asked.clear()
        self._before = self.status
        why = f"ingest was ended by signal {-code}" if code < 0 else f"ingest ended with status {code}"
        error = self.status.error if code == EXIT_STORAGE else None if self._stopping.is_set() else why
        self._set(msgspec.structs.replace(self.status, connected=False, subscribed=False, error=error))

    def _set(self, status: IngestStatus) -> None:
        self.status = status
        if self._on_change is not None:
            self._on_change(status)

    def _send(self, message: Down) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frame(message))
