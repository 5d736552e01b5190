"""`python -m edge.ingest FD PARENT`: the ingest process, started by `edge.ingest.link`.

FD is our end of the control channel, PARENT the process to live no longer than; the settings come as one line of JSON
on standard input. Without TLS the ssl library stays out, and with it 5 MB: so asyncio is imported only once that is
known, and uvloop, which insists on ssl, is left to encrypted connections, where it saves the most.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

from edge.ingest.config import IngestConfig, read_config

_PR_SET_PDEATHSIG: Final = 1


def _die_with(parent: int) -> None:
    """However the main process ends, the kernel ends us too; nothing is lost, it is all still at the broker."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def _runner(config: IngestConfig) -> Callable[[Coroutine[Any, Any, int]], int]:
    """What runs the loop; aiomqtt, which speaks 3.1.1, needs ssl even without TLS."""
    if config.mqtt.encrypted or config.mqtt.protocol != "5":
        import uvloop

        return uvloop.run
    sys.modules["ssl"] = None  # type: ignore[assignment]  # an import of it fails, which asyncio is prepared for
    import asyncio

    return asyncio.run


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the main process decides
    _die_with(int(sys.argv[2]))
    config = read_config(sys.stdin.buffer.readline())
    control = socket.socket(fileno=int(sys.argv[1]))
    run = _runner(config)
    from edge.ingest.child import Ingest

    async def ingest() -> int:
        return await Ingest(config).run(control)

    gc.collect()
    gc.freeze()
    sys.exit(run(ingest()))


if __name__ == "__main__":
    main()
