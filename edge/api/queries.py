"""Where questions are answered: a few threads of their own, so that neither ingestion nor the event loop waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from edge.api.problems import Refusal

T = TypeVar("T")


class Queries:
    """A bounded pool: more than `waiting` questions at once are refused with 503 instead of piling up.

    Answers that are made in steps are few at a time (`long`), and a step of theirs waits its turn like a question.
    `asked` is called at each question."""

    def __init__(self, *, threads: int, waiting: int, long: int = 2,
                 asked: Callable[[], None] = lambda: None) -> None:  # fmt: skip
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="query")
        self._limit, self._asked = waiting, asked
        self._long_limit = long
        self.pending = 0
        self.long = 0
        self._closed = False

    async def run(self, question: Callable[[], object]) -> bytes:
        """The answer as JSON; it is encoded in the thread too, because a timeline may be large."""
        if self._closed:
            raise Refusal(503, "the service is stopping")
        if self.pending >= self._limit:
            raise Refusal(503, "too many questions at once, try again in a moment", {"Retry-After": "1"})
        self._asked()
        self.pending += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, lambda: msgspec.json.encode(question()))
        finally:
            self.pending -= 1

    def begin(self) -> None:
        """Take a place for an answer in steps, to be given back with `end`; refused with 503 where none is free."""
        if self.long >= self._long_limit:
            raise Refusal(503, "too many files are being made at once, try again later", {"Retry-After": "10"})
        self.long += 1

    def end(self) -> None:
        self.long -= 1

    async def step(self, work: Callable[[], T]) -> T:
        """One step of an answer that has its place."""
        if self._closed:
            raise Refusal(503, "the service is stopping")
        self._asked()
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Refuse further questions and forget those not begun; a running one ends by itself."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
