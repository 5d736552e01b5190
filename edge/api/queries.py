"""Where questions are answered: a few threads of their own, so that neither ingestion nor the event loop waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from edge.api.problems import Refusal


class Queries:
    """A bounded pool: more than `waiting` questions at once are refused with 503 instead of piling up."""

    def __init__(self, *, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="query")
        self._limit = waiting
        self.pending = 0
        self._closed = False

    async def run(self, question: Callable[[], object]) -> bytes:
        """The answer as JSON; it is encoded in the thread too, because a timeline may be large."""
        if self._closed:
            raise Refusal(503, "the service is stopping")
        if self.pending >= self._limit:
            raise Refusal(503, "too many questions at once, try again in a moment", {"Retry-After": "1"})
        self.pending += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, lambda: msgspec.json.encode(question()))
        finally:
            self.pending -= 1

    def close(self) -> None:
        """Refuse further questions and forget those not begun; a running one ends by itself."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
