"""The hub between the processing thread and the clients."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from edge.api.hub import Hub, HubSettings, StreamItem
from tests.patience import WAIT_S


def items(*offsets: int, kind: str = "event") -> list[StreamItem]:
    return [StreamItem(offset, kind, "demo/packing/l1/m001", {"offset": offset}) for offset in offsets]


@pytest.fixture
def hubs() -> Iterator[list[Hub]]:
    hubs: list[Hub] = []
    yield hubs
    for hub in hubs:
        hub.close()


async def heard(hub: Hub, bell: asyncio.Event, entries: int) -> None:
    """Waits until the log has so many entries."""
    async with asyncio.timeout(WAIT_S):
        while hub.log.end < entries:
            await bell.wait()
            bell.clear()


async def test_nothing_is_kept_or_rendered_while_nobody_listens(hubs: list[Hub]) -> None:
    calls = count()
    hub = Hub(render=lambda item: next(calls))
    hubs.append(hub)
    before = hub.wanted
    hub.publish(items(1, 2))
    bell = hub.join()
    hub.publish(items(3))
    await heard(hub, bell, 1)
    assert (before, hub.wanted, next(calls)) == (False, True, 1)


async def test_items_of_another_thread_arrive_in_order(hubs: list[Hub]) -> None:
    hub = Hub(HubSettings(items_per_s=10**6, entries=10_000))
    hubs.append(hub)
    bell = hub.join()

    def publish() -> None:
        for first in range(1, 5001, 50):
            hub.publish(items(*range(first, first + 50)))

    thread = threading.Thread(target=publish)
    thread.start()
    await heard(hub, bell, 5000)
    thread.join()
    texts, _ = hub.log.read(0, lambda entry: True, 10**9)
    assert [text.split(b"\n")[0] for text in texts] == [b"id: %d-0" % offset for offset in range(1, 5001)]


async def test_what_is_too_much_is_left_out_but_no_status_and_clients_are_told(hubs: list[Hub]) -> None:
    hub = Hub(HubSettings(items_per_s=100))
    hubs.append(hub)
    bell = hub.join()
    hub.publish([*items(*range(10), kind="status"), *items(*range(10, 1000))])
    await heard(hub, bell, 111)
    texts, _ = hub.log.read(0, lambda entry: True, 10**9)
    assert sum(b"event: status" in text for text in texts) == 10
    assert b"id: 999-0" in texts[-2]
    assert b"event: skipped" in texts[-1]
    assert hub.skipped == 890


async def test_one_call_on_the_loop_serves_many_batches(hubs: list[Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub()
    hubs.append(hub)
    bell = hub.join()
    calls: list[Any] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_soon_threadsafe", calls.append)
    for offset in range(100):
        hub.publish(items(offset))
    assert len(calls) == 1
    calls[0]()
    await heard(hub, bell, 100)


async def test_log_goes_on_a_while_after_the_last_client_and_is_forgotten_then(hubs: list[Hub]) -> None:
    hub = Hub(HubSettings(linger_s=0.05))
    hubs.append(hub)
    hub.leave(hub.join())
    wanted = hub.wanted
    async with asyncio.timeout(WAIT_S):
        while hub.wanted:  # noqa: ASYNC110  # the end of a time, which rings no bell
            await asyncio.sleep(0.01)
    assert wanted
    assert hub.log.end == hub.log.first


async def test_client_that_comes_back_in_time_keeps_the_log(hubs: list[Hub]) -> None:
    hub = Hub(HubSettings(linger_s=0.05))
    hubs.append(hub)
    hub.leave(hub.join())
    bell = hub.join()
    hub.publish(items(1))
    await heard(hub, bell, 1)
    await asyncio.sleep(0.1)
    assert hub.wanted
    assert hub.log.end - hub.log.first == 1


async def test_closing_rings_and_ends_for_good(hubs: list[Hub]) -> None:
    hub = Hub()
    bell = hub.join()
    hub.close()
    hub.close()
    assert bell.is_set()
    assert not hub.wanted
    hub.publish(items(1))
    hub.leave(bell)


def test_publishing_after_the_loop_has_ended_does_no_harm() -> None:
    hub = Hub()

    async def listen() -> None:
        hub.join()

    asyncio.run(listen())
    hub.publish(items(1))
    assert not hub.wanted
