"""Temporary directories in memory, for tests of which it is not the subject how long a disk takes to flush."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_SHARED_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 256 << 20


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """As pytest's own, but in memory where there is room; in force where a conftest imports it."""
    if not _SHARED_MEMORY.is_dir() or shutil.disk_usage(_SHARED_MEMORY).free < _ENOUGH_BYTES:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="edge-test-", dir=_SHARED_MEMORY) as folder:
        yield Path(folder)
