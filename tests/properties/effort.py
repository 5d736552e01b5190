"""How long the properties look for a counterexample: a little, in the same places every time; with EDGE_FUZZ=n in the
environment n times as long, and anywhere."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, settings

FUZZ = int(os.environ.get("EDGE_FUZZ", "0") or 0)
MEMORY = Path("/dev/shm")  # a folder in memory, where the system has one, for thousands of small stores


def examples(number: int) -> settings:
    """So many examples."""
    return settings(
        max_examples=number * max(1, FUZZ),
        derandomize=not FUZZ,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for the stores of one example."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as path:
        yield Path(path)
