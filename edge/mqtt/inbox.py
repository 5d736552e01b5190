"""Between a connection and the journal: messages that have arrived, in batches of one connection each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from edge.journal.record import Entry


class Batch:
    """Messages of one connection in arrival order; `tokens` acknowledges those that want it (QoS 1).

    `entries` may begin with a gap notice, so `messages` counts what came from the broker; `size` is in bytes."""

    __slots__ = ("entries", "epoch", "messages", "size", "tokens")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.entries: list[Entry] = []
        self.tokens: list[int] = []
        self.messages = 0
        self.size = 0


class Inbox:
    """What has arrived and was not taken yet. Connections fill the batch of their epoch and then call `added`."""

    def __init__(self, arrived: Callable[[], None]) -> None:
        self._batches: deque[Batch] = deque()
        self._arrived = arrived
        self.messages = 0
        self.size = 0
        self.received = 0

    def batch(self, epoch: int) -> Batch:
        if not self._batches or self._batches[-1].epoch != epoch:
            self._batches.append(Batch(epoch))
        return self._batches[-1]

    def added(self, batch: Batch, messages: int, size: int) -> None:
        batch.messages += messages
        batch.size += size
        self.messages += messages
        self.received += messages
        self.size += size
        self._arrived()

    def take(self) -> list[Batch]:
        taken = list(self._batches)
        self._batches.clear()
        self.messages = self.size = 0
        return taken
