"""What the kernel knows of the service's processes."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from tests.patience import WAIT_S


def _parent_and_state(pid: int) -> tuple[int, str] | None:
    with contextlib.suppress(OSError):
        state, parent = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()[:2]
        return int(parent), state
    return None


def children(pid: int) -> list[int]:
    """Processes that `pid` started and that still run."""
    running = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [one for one in running if (known := _parent_and_state(one)) and known[0] == pid]


def is_running(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody has asked about yet does not."""
    known = _parent_and_state(pid)
    return known is not None and known[1] not in "ZX"


def wait_gone(pids: list[int]) -> list[int]:
    """Those that still run although they were waited for."""
    deadline = time.monotonic() + WAIT_S
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return [pid for pid in pids if is_running(pid)]
