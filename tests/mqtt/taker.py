"""A source with nothing behind it: what arrives is kept in a list, and acknowledged when the test says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from edge.journal.notice import GAP_TOPIC
from edge.journal.record import Entry
from edge.mqtt.backoff import Backoff
from edge.mqtt.connect import connection_type
from edge.mqtt.inbox import Batch
from edge.mqtt.options import MqttOptions
from edge.mqtt.source import Source
from tests.patience import WAIT_S


class Taker:
    def __init__(self, options: MqttOptions, *, acknowledging: bool = True, **more: Any) -> None:
        self.acknowledging = acknowledging
        self.entries: list[Entry] = []
        self.batches: list[Batch] = []
        self._moved = asyncio.Event()
        more.setdefault("backoff", Backoff(first_s=0.05, quick_s=0.2))
        self.source = Source(options, connection_type(options), arrived=self._arrived, changed=self._moved.set, **more)

    def _arrived(self) -> None:
        for batch in self.source.take():
            self.entries += batch.entries
            self.batches.append(batch)
            if self.acknowledging:
                self.source.acknowledge(batch)
        self._moved.set()

    @property
    def payloads(self) -> list[bytes]:
        return [entry[1] for entry in self.entries if entry[0] != GAP_TOPIC]

    @property
    def notices(self) -> list[bytes]:
        return [entry[1] for entry in self.entries if entry[0] == GAP_TOPIC]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for a condition over what has arrived or the status."""
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self._moved.clear()
                with contextlib.suppress(TimeoutError):  # it may also look at another taker
                    await asyncio.wait_for(self._moved.wait(), 0.05)

    async def subscribed(self) -> None:
        await self.until(lambda: self.source.status.subscribed)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.source.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.source.close()
        await self._task
