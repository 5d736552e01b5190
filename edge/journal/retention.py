"""The closed segments of a journal, and which of them may go."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from edge.journal.directory import file_bytes, first_of
from edge.journal.limits import JournalLimits
from edge.journal.segment import remove_files


@dataclass(frozen=True)
class _Closed:
    path: Path
    size: int
    written_s: float


class ClosedSegments:
    """Oldest first; `bytes` is what they take together."""

    def __init__(self, paths: list[Path]) -> None:
        self._segments: deque[_Closed] = deque()
        self.bytes = 0
        for path in paths:
            self.add(path)

    def add(self, path: Path) -> None:
        closed = _Closed(path, file_bytes(path), path.stat().st_mtime)
        self._segments.append(closed)
        self.bytes += closed.size

    def retire(self, cursor: int, open_first: int, limits: JournalLimits, now_s: float) -> int:
        """Unlink from the oldest on what exceeds a limit, as far as all its offsets lie below `cursor`; how many went.

        `open_first` is where the segment after the last closed one begins."""
        gone = 0
        most = min(limits.retention_bytes, limits.max_bytes * 9 // 10)
        while self._segments:
            oldest = self._segments[0]
            next_first = first_of(self._segments[1].path) if len(self._segments) > 1 else open_first
            too_much = self.bytes > most or now_s - oldest.written_s > limits.retention_age_s
            if next_first > cursor or not too_much:
                return gone
            remove_files(oldest.path)
            self._segments.popleft()
            self.bytes -= oldest.size
            gone += 1
        return gone
