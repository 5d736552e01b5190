"""What watchers hear: events and rejections as they are taken, and the status of machines that changed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from edge.api.hub import Hub, StreamItem
from edge.decode import Rejection
from edge.events import Event
from edge.monitor import Assessment
from edge.processing.intake import Taken
from edge.query.assessments import said_members
from edge.query.lists import event_dict, rejection_members
from edge.query.query import Query

STATUS_EVERY_S = 1.0
STATUS_BUDGET = 50
CLOCK_EVERY = 5


def render(item: StreamItem) -> Any:
    """What a stream item says, JSON-ready; called only when somebody listens."""
    if isinstance(item.data, Event):
        return event_dict(item.data)  # type: ignore[arg-type]  # every decoded event is one of AnyEvent
    if isinstance(item.data, Rejection):
        return rejection_members(item.data)
    if item.kind == "assessment":
        return said_members(*item.data)
    return item.data


class Live:
    """Feeds the hub. `taken` and `evaluated` are called from the processing thread."""

    def __init__(self, hub: Hub, query: Query) -> None:
        self._hub, self._query = hub, query
        self._changed: set[str] = set()
        self._lock = threading.Lock()
        self._offset = 0

    def taken(self, taken: Taken) -> None:
        """Events and rejections of a batch."""
        if not self._hub.wanted:
            return
        items = [StreamItem(e.offset, "event", e.asset, e) for e in taken.events]
        items += [StreamItem(r.offset, "rejection", r.asset, r) for r in taken.rejections]
        if items:
            self._offset = max(item.offset for item in items)
            self._hub.publish(items)

    def assessed(self, said: Sequence[tuple[str, str, Assessment]]) -> None:
        """What monitors say that is new; the status of the machines says it in short."""
        if self._hub.wanted:
            self._hub.publish([StreamItem(self._offset, "assessment", path, (path, *rest)) for path, *rest in said])
            self.evaluated(path for path, *_ in said)

    def evaluated(self, paths: Iterable[str]) -> None:
        """Machines whose facts changed."""
        if self._hub.wanted:
            with self._lock:
                self._changed.update(paths)

    async def publish_statuses(self) -> None:
        """Once a second, the status of machines that changed, a bounded number at a time; runs until cancelled."""
        while True:
            await asyncio.sleep(STATUS_EVERY_S)
            with self._lock:
                paths = sorted(self._changed)[:STATUS_BUDGET]
                self._changed.difference_update(paths)
            if paths and self._hub.wanted:
                self._hub.publish(await asyncio.to_thread(self._statuses, paths))

    def _statuses(self, paths: list[str]) -> list[StreamItem]:
        """Of all of them in one question. One that is not committed yet comes with its next change."""
        return [StreamItem(self._offset, "status", one["asset"], one) for one in self._query.statuses(paths)]
