"""What watchers hear of machines that changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from edge import live as module
from edge.api.hub import StreamItem
from edge.clock import from_text
from edge.live import Live
from edge.query.query import Query
from tests.patience import WAIT_S
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

LINE = "s/a/l"
START = "2025-03-03T10:00:00Z"


class Listening:
    """A hub to which somebody listens."""

    wanted = True

    def __init__(self) -> None:
        self.items: list[StreamItem] = []
        self.heard = asyncio.Event()

    def publish(self, items: Sequence[StreamItem]) -> None:
        self.items += items
        self.heard.set()


@pytest.fixture
def query(tmp_path: Path) -> Iterator[Query]:
    payload = json.dumps({"ts": START, "state": "running"}).encode()
    said = [Message(f"shopfloor/v1/{LINE}/m{n}/state", payload, from_text(START)) for n in range(3)]
    with Inside(tmp_path, {}, said) as inside, inside.asking() as query:
        inside.take(len(said))
        inside.evaluate()
        yield query


async def published(query: Query, *changed: str, monkeypatch: pytest.MonkeyPatch) -> dict[str | None, Any]:
    """The statuses that are published once machines have changed."""
    monkeypatch.setattr(module, "STATUS_EVERY_S", 0.001)
    hub = Listening()
    live = Live(hub, query)  # type: ignore[arg-type]  # what it needs of a hub
    live.evaluated(changed)
    publishing = asyncio.create_task(live.publish_statuses())
    async with asyncio.timeout(WAIT_S):
        await hub.heard.wait()
    publishing.cancel()
    return {item.asset: item.data for item in hub.items}


async def test_the_machines_that_changed_are_told_and_no_other(query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await published(query, f"{LINE}/m0", f"{LINE}/m2", monkeypatch=monkeypatch)
    assert found == {path: query.status(path) for path in (f"{LINE}/m0", f"{LINE}/m2")}


async def test_a_machine_that_is_not_committed_yet_keeps_no_other_from_being_told(
    query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(await published(query, f"{LINE}/m1", f"{LINE}/new", monkeypatch=monkeypatch)) == {f"{LINE}/m1"}


async def test_many_statuses_are_one_question_that_waits_for_nothing(
    query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    reading = query.connections.get
    monkeypatch.setattr(query, "settle", lambda timeout_s: pytest.fail("waits for messages under way"))
    monkeypatch.setattr(query.connections, "get", lambda: asked.append(None) or reading())
    await published(query, *(f"{LINE}/m{n}" for n in range(3)), monkeypatch=monkeypatch)
    assert len(asked) == 1
