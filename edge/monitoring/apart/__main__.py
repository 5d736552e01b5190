"""`python -m edge.monitoring.apart FD MARK PARENT PLUGIN MEMORY [DIRECTORY]`: monitors in a process of their own.

Started by `edge.monitoring.apart.outpost`. FD is our end of the line, MARK a file of eight bytes that always says which
order is being carried out, so that it is known what ended the process; PARENT the process to live no longer than.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Final

from edge.host import PluginHost, load
from edge.monitor import Assessment, Watched
from edge.monitoring.apart.orders import (
    OUT_OF_MEMORY,
    Answer,
    Batch,
    Begin,
    Checkpoint,
    Figures,
    Known,
    Settings,
    Take,
    decode_batch,
    encode,
    receive,
    send,
)
from edge.monitoring.post import Post

_PR_SET_PDEATHSIG: Final = 1


class Station:
    """The posts of this process. `mark` holds the turn that is being carried out, 0 between batches."""

    def __init__(self, host: PluginHost, mark: mmap.mmap) -> None:
        self._host, self._mark = host, mark
        self._posts: dict[int, Post] = {}
        self._fatal: dict[int, str] = {}
        self._turn = 0
        self._answer = Answer()
        host.report = lambda plugin, doing, text: self._answer.reports.append((doing, text))

    def carry_out(self, batch: Batch) -> Answer:
        """Do what a batch says, in order."""
        self._answer = answer = Answer()
        self._fatal |= batch.fatal
        for name, figures in batch.figures.items():
            self._go_on_from(name, figures)
        for order in batch.orders:
            self._turn = order.turn
            self._mark[:8] = order.turn.to_bytes(8, "big")
            self._do(order)
        self._mark[:8] = bytes(8)
        answer.figures = {
            name: Figures(one.failures, one.last_error, one.calls, one.seconds, one.paused, one.slow)
            for name, one in self._host.monitors.items()
        }
        return answer

    def _do(self, order: Known) -> None:
        if isinstance(order, Begin):
            if order.post not in self._posts:
                self._begin(order)
            return
        post = self._posts[order.post]
        if order.turn in self._fatal:
            said = post.kept.said
            ts = order.seen.ts if isinstance(order, Take) else said.ts if said is not None else 0
            post.stop(ts, self._fatal[order.turn])
        elif isinstance(order, Settings):
            post.watched.signals.update(order.signals)  # type: ignore[attr-defined]  # a dict, see `_begin`
        elif isinstance(order, Checkpoint):
            self._answer.posts[order.post] = post.checkpoint()
        else:
            order.give(post)

    def _begin(self, order: Begin) -> None:
        def keep(_: str, said: Assessment) -> None:
            self._answer.rows.append((self._turn, order.post, said))

        watched = Watched(order.asset, order.settings, order.signals)
        post = Post(self._host, self._host.monitors[order.monitor], watched, order.history_us, keep)
        post.restore(order.kept)
        self._posts[order.post] = post

    def _go_on_from(self, name: str, figures: Figures) -> None:
        loaded = self._host.monitors[name]
        loaded.failures, loaded.last_error = figures.failures, figures.last_error
        loaded.calls, loaded.seconds, loaded.slow = figures.calls, figures.seconds, figures.slow

    def written(self) -> None:
        """The answer is on its way: what it holds need not be held here too."""
        for number in self._answer.posts:
            self._posts[number].written()


def _die_with(parent: int) -> None:
    """However the service ends, the kernel ends us too."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def _limit_memory(beside: int) -> None:
    """Allow so many bytes beside what there is already: libraries reserve much that they never use."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + beside
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> None:
    line_fd, mark_fd, parent, plugin, memory, *directory = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM):  # they reach the whole group: the service decides
        signal.signal(number, signal.SIG_IGN)
    _die_with(int(parent))
    line, mark = socket.socket(fileno=int(line_fd)), mmap.mmap(int(mark_fd), 8)
    host = load(Path(directory[0]) if directory else None, only=plugin)
    host.out_of_memory = lambda: os._exit(OUT_OF_MEMORY)
    station = Station(host, mark)
    gc.collect()
    gc.freeze()
    _limit_memory(int(memory))
    try:
        send(line, encode(Answer()))
        while True:
            send(line, encode(station.carry_out(decode_batch(receive(line)))))
            station.written()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except (EOFError, OSError):  # the service is gone
        os._exit(0)


if __name__ == "__main__":
    main()
