"""What every source promises, whatever client library is behind it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from edge.journal.record import DUP, QOS_MASK, RETAIN
from edge.mqtt.backoff import Backoff
from edge.mqtt.options import MqttOptions
from tests.brokers import Broker, free_port, publish
from tests.mqtt.proxy import Proxy
from tests.mqtt.taker import Taker
from tests.patience import WAIT_S

TOPIC = "shopfloor/v1/demo/packing/l1/m001/reading"
Protocol = Literal["5", "3.1.1"]


@pytest.fixture(params=["5", "3.1.1"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return "5" if request.param == "5" else "3.1.1"


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as broker:
        yield broker


def options(url: str, protocol: Protocol, **more: Any) -> MqttOptions:
    return MqttOptions(url=url, client_id="edge-test", protocol=protocol, **more)


def numbered(first: int, last: int) -> list[tuple[str, bytes]]:
    return [(TOPIC, b"%d" % n) for n in range(first, last + 1)]


async def send(broker: Broker, messages: list[tuple[str, bytes]], **more: Any) -> None:
    await asyncio.to_thread(publish, broker.port, messages, **more)


async def test_messages_arrive_in_order_and_whole(broker: Broker, protocol: Protocol) -> None:
    before = time.time_ns() // 1000
    async with Taker(options(broker.url, protocol)) as taker:
        await taker.subscribed()
        await send(broker, [*numbered(1, 1500), (TOPIC, b""), (TOPIC, b"x" * 900_000)])
        await taker.until(lambda: len(taker.payloads) == 1502)
    assert taker.payloads == [*(b"%d" % n for n in range(1, 1501)), b"", b"x" * 900_000]
    topic, _, received, flags, epoch = taker.entries[0]
    assert (topic, flags & QOS_MASK, flags & (RETAIN | DUP), epoch) == (TOPIC, 1, 0, 1)
    assert before <= received <= time.time_ns() // 1000
    assert sum(batch.messages for batch in taker.batches) == taker.source.inbox.received == 1502


async def test_qos_0_messages_come_without_acknowledgement(broker: Broker, protocol: Protocol) -> None:
    async with Taker(options(broker.url, protocol)) as taker:
        await taker.subscribed()
        await send(broker, numbered(1, 50), qos=0)
        await taker.until(lambda: len(taker.payloads) == 50)
    assert {entry[3] & QOS_MASK for entry in taker.entries} == {0}
    assert all(not batch.tokens for batch in taker.batches)


async def test_what_was_not_acknowledged_comes_again_and_nothing_else(broker: Broker, protocol: Protocol) -> None:
    async with Taker(options(broker.url, protocol)) as taker:
        await taker.subscribed()
        await send(broker, numbered(1, 10))
        await taker.until(lambda: len(taker.payloads) == 10)
        taker.acknowledging = False
        await send(broker, numbered(11, 15))
        await taker.until(lambda: len(taker.payloads) == 15)
    async with Taker(options(broker.url, protocol), epoch=taker.source.status.epoch) as again:
        await again.until(lambda: len(again.payloads) == 5)
        await send(broker, numbered(16, 16))
        await again.until(lambda: len(again.payloads) == 6)
    assert again.payloads == [b"%d" % n for n in range(11, 17)]
    assert [bool(entry[3] & DUP) for entry in again.entries] == [True] * 5 + [False]


async def test_an_acknowledgement_never_crosses_to_the_next_connection(broker: Broker, protocol: Protocol) -> None:
    async with Proxy(broker.port) as proxy, Taker(options(proxy.url, protocol), acknowledging=False) as taker:
        await taker.subscribed()
        await send(broker, numbered(1, 3))
        await taker.until(lambda: len(taker.payloads) == 3)
        old = list(taker.batches)
        proxy.cut()
        await taker.until(lambda: len(taker.payloads) == 6)
        assert {batch.epoch for batch in old} == {1}
        assert taker.entries[-1][4] == 2
        assert sum(taker.source.acknowledge(batch) for batch in old) == 0
    async with Taker(options(broker.url, protocol)) as again:
        await again.until(lambda: len(again.payloads) == 3)


async def test_a_broker_that_is_down_at_start_is_waited_for(protocol: Protocol) -> None:
    port = free_port()
    async with Taker(options(f"mqtt://127.0.0.1:{port}", protocol)) as taker:
        await taker.until(lambda: taker.source.status.error)
        assert not taker.source.status.connected
        with Broker(port=port) as broker:
            await taker.subscribed()
            assert taker.source.status.error is None
            await send(broker, numbered(1, 1))
            await taker.until(lambda: taker.payloads == [b"1"])


async def test_a_broker_that_restarts_loses_nothing_and_is_found_again(protocol: Protocol) -> None:
    with Broker() as broker:
        async with Taker(options(broker.url, protocol), backoff=Backoff()) as taker:
            await taker.subscribed()
            await send(broker, numbered(1, 300))
            await taker.until(lambda: len(taker.payloads) == 300)
            taker.acknowledging = False
            await send(broker, numbered(301, 305))
            await taker.until(lambda: len(taker.payloads) == 305)
            await asyncio.to_thread(broker.stop)
            await taker.until(lambda: not taker.source.status.connected)
            assert await asyncio.to_thread(broker.start)
            taker.acknowledging = True
            await taker.subscribed()
            # The broker may have stopped before it read the last acknowledgements: then more than these come again.
            await taker.until(lambda: {b"%d" % n for n in range(301, 306)} <= set(taker.payloads[305:]))
    assert set(taker.payloads) == {b"%d" % n for n in range(1, 306)}
    assert taker.notices == []


async def test_a_lost_session_is_noticed_once_with_its_time(protocol: Protocol) -> None:
    with Broker(("persistence false",)) as broker:
        async with Taker(options(broker.url, protocol)) as taker:
            await taker.subscribed()
            assert taker.notices == []
            await send(broker, numbered(1, 1))
            await taker.until(lambda: taker.payloads)
            await asyncio.to_thread(broker.kill)
            await taker.until(lambda: not taker.source.status.connected)
            lost = time.time_ns() // 1000
            assert await asyncio.to_thread(broker.start)
            await taker.until(lambda: taker.notices)
            await taker.subscribed()
            await send(broker, numbered(2, 2))
            await taker.until(lambda: len(taker.payloads) == 2)
    assert taker.source.status.session_lost == len(taker.notices) == 1
    assert b'"reason":"session_lost"' in taker.notices[0]
    topic, _, received, flags, epoch = next(entry for entry in taker.entries if entry[1] == taker.notices[0])
    assert (topic, flags, epoch) == ("$edge/gap", 0, 2)
    assert received >= lost
    assert sum(batch.messages for batch in taker.batches) == 2  # a notice is no message


async def test_a_session_expected_from_before_is_missed_at_the_first_connection(protocol: Protocol) -> None:
    with Broker() as broker:
        async with Taker(options(broker.url, protocol), session_known=True, heard=77, epoch=4) as taker:
            await taker.until(lambda: taker.notices)
            await taker.subscribed()
    assert b'"from":77' in taker.notices[0]
    assert taker.source.status.epoch == 5


async def test_a_half_open_link_is_found_by_keep_alive(broker: Broker, protocol: Protocol) -> None:
    async with Proxy(broker.port) as proxy, Taker(options(proxy.url, protocol, keep_alive_s=1)) as taker:
        await taker.subscribed()
        proxy.silent = True
        await taker.until(lambda: not taker.source.status.connected)
        proxy.silent = False
        await send(broker, numbered(1, 1))
        await taker.until(lambda: taker.payloads == [b"1"])
        assert taker.entries[0][4] >= 2


async def test_an_idle_link_is_kept_up_with_pings(broker: Broker, protocol: Protocol) -> None:
    async with Proxy(broker.port) as proxy, Taker(options(proxy.url, protocol, keep_alive_s=1)) as taker:
        await taker.subscribed()
        await taker.until(lambda: proxy.pings >= 3)


async def test_a_broker_that_says_nothing_is_no_connection(protocol: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.mqtt.source.HANDSHAKE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"mqtt://127.0.0.1:{mute.getsockname()[1]}"
        async with Taker(options(url, protocol)) as taker:
            await taker.until(lambda: taker.source.status.error)
            assert taker.source.status.error == "the broker does not answer"


async def test_a_stop_does_not_wait_for_a_broker_that_says_nothing(
    protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.mqtt.source.HANDSHAKE_S", 100 * WAIT_S)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"mqtt://127.0.0.1:{mute.getsockname()[1]}"
        async with Taker(options(url, protocol)) as taker:
            connected, _ = await asyncio.to_thread(mute.accept)
            with connected:
                async with asyncio.timeout(WAIT_S):
                    await taker.source.close()


async def test_two_clients_of_one_name_see_each_other_and_lose_nothing(broker: Broker, protocol: Protocol) -> None:
    async with Taker(options(broker.url, protocol)) as one, Taker(options(broker.url, protocol)) as two:
        # Where the broker does not say why it closed, it takes a few rounds of back-off to be sure.
        await one.until(lambda: one.source.status.takeovers or two.source.status.takeovers)
        loser = one if one.source.status.takeovers else two
        assert "client id edge-test" in (loser.source.status.error or "")
        await send(broker, numbered(1, 20))
        await one.until(lambda: len({*one.payloads, *two.payloads}) == 20)


async def test_pausing_holds_the_stream_and_resuming_lets_it_go_on(broker: Broker, protocol: Protocol) -> None:
    async with Taker(options(broker.url, protocol)) as taker:
        await taker.subscribed()
        taker.source.pause()
        assert taker.source.paused
        await send(broker, numbered(1, 2000))
        await asyncio.sleep(0.2)
        assert taker.payloads == []
        taker.source.resume()
        await taker.until(lambda: len(taker.payloads) >= 2000)
        assert taker.payloads[-1] == b"2000"


async def test_a_retained_copy_is_told_from_a_live_message(broker: Broker, protocol: Protocol) -> None:
    await send(broker, [(TOPIC, b"old")], retain=True)
    async with Taker(options(broker.url, protocol)) as taker:
        await taker.until(lambda: taker.payloads == [b"old"])
        await send(broker, [(TOPIC, b"live")], retain=True)
        await taker.until(lambda: taker.payloads == [b"old", b"live"])
    assert [bool(entry[3] & RETAIN) for entry in taker.entries] == [True, False]


async def test_stopping_takes_nothing_more_and_acknowledges_what_was_taken(broker: Broker, protocol: Protocol) -> None:
    async with Taker(options(broker.url, protocol), acknowledging=False) as taker:
        await taker.subscribed()
        await send(broker, numbered(1, 10))
        await taker.until(lambda: len(taker.payloads) == 10)
        taker.source.drop()
        await send(broker, numbered(11, 12))
        assert sum(map(taker.source.acknowledge, taker.batches)) == 10
    assert len(taker.payloads) == 10
    async with Taker(options(broker.url, protocol)) as again:
        await again.until(lambda: len(again.payloads) == 2)
    assert again.payloads == [b"11", b"12"]
