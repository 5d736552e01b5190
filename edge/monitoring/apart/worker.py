"""A process for the monitors of one plugin, as the service sees it: started, spoken with, and killed."""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

from edge.monitoring.apart.orders import receive, send

FRAME_S = 1.0  # within which a frame is through, once it has begun


class WorkerLost(Exception):
    """The process has ended, or must be."""


class Worker:
    """One process. `pid` may be looked at from any thread."""

    def __init__(self, plugin: str, directory: Path | None, memory_bytes: int) -> None:
        self._line, theirs = socket.socketpair()
        self._line.settimeout(FRAME_S)
        mark = os.memfd_create("edge-monitors")
        try:
            os.ftruncate(mark, 8)
            self._mark = mmap.mmap(mark, 8, access=mmap.ACCESS_READ)
            self._process = subprocess.Popen(  # noqa: S603  # a command of our own
                [
                    sys.executable, "-m", "edge.monitoring.apart", str(theirs.fileno()), str(mark), str(os.getpid()),
                    plugin, str(memory_bytes), *([str(directory)] if directory is not None else []),
                ],
                stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(), mark), process_group=0,
            )  # fmt: skip
        finally:
            os.close(mark)
            theirs.close()
        self.pid = self._process.pid

    def hand_over(self, frame: bytes) -> None:
        """Give it something to do; it must be waiting for that. WorkerLost."""
        try:
            send(self._line, frame)
        except OSError as error:
            raise WorkerLost from error

    def answer(self, within_s: float) -> bytes | None:
        """Its answer, None where there is none yet. WorkerLost."""
        ready, _, _ = select.select([self._line], [], [], max(0.0, within_s))
        if not ready:
            return None
        try:
            return receive(self._line)
        except (OSError, EOFError) as error:
            raise WorkerLost from error

    @property
    def turn(self) -> int:
        """What it is at, 0 where it is at nothing."""
        return int.from_bytes(self._mark[:8], "big")

    def end(self) -> int:
        """Kill it, with all that it has started; returns its exit status as `subprocess` has it. Where it has ended by
        itself, that status."""
        self._line.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        status = self._process.wait()
        self._mark.close()
        return status
