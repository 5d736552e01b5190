"""`python -m edge.ingest FD PARENT`: the ingest process, started by `edge.ingest.link`.

FD is our end of the control channel, PARENT the process to live no longer than; the settings come as one line of JSON
on standard input.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import sys
from typing import Final

import uvloop

from edge.ingest.child import Ingest
from edge.ingest.config import IngestConfig, read_config

_PR_SET_PDEATHSIG: Final = 1


def _die_with(parent: int) -> None:
    """However the main process ends, the kernel ends us too; nothing is lost, it is all still at the broker."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


async def _run(config: IngestConfig, control: socket.socket) -> int:
    return await Ingest(config).run(control)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the main process decides
    _die_with(int(sys.argv[2]))
    config = read_config(sys.stdin.buffer.readline())
    control = socket.socket(fileno=int(sys.argv[1]))
    gc.collect()
    gc.freeze()
    sys.exit(uvloop.run(_run(config, control)))


if __name__ == "__main__":
    main()
