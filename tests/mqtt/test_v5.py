"""What is particular to the MQTT 5 source."""

from __future__ import annotations

import asyncio

import mqtt5
import pytest

from edge.mqtt.options import MqttOptions
from edge.mqtt.wire import packet_length, pubacks
from tests.brokers import Broker, publish
from tests.mqtt.scripted import ScriptedBroker
from tests.mqtt.taker import Taker

TOPIC = "shopfloor/v1/demo/packing/l1/m001/reading"
QOS_1 = mqtt5.QoS.AT_LEAST_ONCE


def options(url: str, **more: object) -> MqttOptions:
    return MqttOptions(url=url, client_id="edge-test", **more)  # type: ignore[arg-type]


def publishes(first: int, last: int) -> bytes:
    return b"".join(
        mqtt5.PublishPacket(TOPIC, b"%d" % n, qos=QOS_1, packet_id=n).write() for n in range(first, last + 1)
    )


async def test_it_asks_for_what_was_agreed() -> None:
    async with ScriptedBroker() as broker:
        wanted = options(broker.url, receive_maximum=77, session_expiry_s=1234, keep_alive_s=9, max_packet_bytes=5000)
        async with Taker(wanted) as taker:
            await taker.subscribed()
    connect = broker.of(mqtt5.ConnectPacket)[0]
    assert (connect.client_id, connect.clean_start, connect.keep_alive) == ("edge-test", False, 9)
    assert (connect.session_expiry_interval, connect.receive_max, connect.max_packet_size) == (1234, 77, 5000)
    assert connect.topic_alias_max == 0
    (wish,) = broker.of(mqtt5.SubscribePacket)[0].topic_filters
    assert (wish.pattern, wish.max_qos, wish.retain_as_published) == ("shopfloor/v1/#", QOS_1, False)
    assert isinstance(broker.packets[-1], mqtt5.DisconnectPacket)


async def test_acknowledgements_go_out_in_order_of_arrival() -> None:
    async with ScriptedBroker(first=publishes(1, 300)) as broker, Taker(options(broker.url)) as taker:
        await taker.until(lambda: len(broker.of(mqtt5.PubAckPacket)) == 300)
    assert [ack.packet_id for ack in broker.of(mqtt5.PubAckPacket)] == list(range(1, 301))


async def test_no_more_than_the_receive_maximum_is_under_way() -> None:
    with Broker() as broker:
        async with Taker(options(broker.url, receive_maximum=5), acknowledging=False) as taker:
            await taker.subscribed()
            await asyncio.to_thread(publish, broker.port, [(TOPIC, b"%d" % n) for n in range(40)])
            await taker.until(lambda: len(taker.payloads) >= 5)
            await asyncio.sleep(0.1)
            assert len(taker.payloads) == 5
            taker.acknowledging = True
            for batch in taker.batches:
                taker.source.acknowledge(batch)
            await taker.until(lambda: len(taker.payloads) == 40)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
async def test_packets_may_come_in_any_pieces(size: int) -> None:
    async with ScriptedBroker() as broker, Taker(options(broker.url)) as taker:
        await taker.subscribed()
        stream = publishes(1, 20)
        for at in range(0, len(stream), size):
            broker.send(stream[at : at + size])
            await asyncio.sleep(0)
        await taker.until(lambda: len(taker.payloads) == 20)
    assert taker.payloads == [b"%d" % n for n in range(1, 21)]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"\x00\x00", "malformed"),
        (b"\x30\xff\xff\xff\xff\x01", "malformed"),
        (b"\x32\x04\x00\x09ab", "malformed"),
        (b"\x30" + b"\xff\xff\xff\x7f" + b"x" * 10, "more than was agreed"),
        (mqtt5.PublishPacket(TOPIC, b"2", qos=mqtt5.QoS.EXACTLY_ONCE, packet_id=9).write(), "not agreed"),
        (mqtt5.PublishPacket("", b"alias", qos=QOS_1, packet_id=9, topic_alias=3).write(), "malformed"),
        (mqtt5.ConnAckPacket().write(), "out of place"),
    ],
)
async def test_a_malformed_packet_ends_the_connection_but_not_the_source(sent: bytes, said: str) -> None:
    async with ScriptedBroker() as broker, Taker(options(broker.url)) as taker:
        await taker.subscribed()
        broker.send(publishes(1, 2) + sent + publishes(3, 3))
        await taker.until(lambda: taker.source.status.error)
        assert said in (taker.source.status.error or "")
    assert taker.payloads[:2] == [b"1", b"2"]
    assert b"3" not in taker.payloads


async def test_a_broker_that_names_the_take_over_is_believed() -> None:
    taken = mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER).write()
    async with ScriptedBroker() as broker, Taker(options(broker.url)) as taker:
        await taker.subscribed()
        broker.send(taken)
        await taker.until(lambda: taker.source.status.takeovers == 1)
        assert "client id" in (taker.source.status.error or "")


async def test_the_keep_alive_of_the_broker_counts() -> None:
    async with ScriptedBroker(mqtt5.ConnAckPacket(server_keep_alive=1)) as broker, Taker(options(broker.url)) as taker:
        await taker.until(lambda: len(broker.of(mqtt5.PingReqPacket)) >= 3)


async def test_a_refusal_says_why() -> None:
    refusal = mqtt5.ConnAckPacket(reason_code=mqtt5.ConnAckReasonCode.NOT_AUTHORIZED)
    async with ScriptedBroker(refusal) as broker, Taker(options(broker.url)) as taker:
        await taker.until(lambda: taker.source.status.error)
    assert taker.source.status.error == "the broker refuses the connection: not authorized"


@pytest.mark.parametrize(
    ("on", "value", "taken"),
    [
        (True, "1700000000123456", True),
        (False, "1700000000123456", False),
        (True, "soon", False),
        (True, "9" * 40, False),
    ],
)
async def test_the_received_time_of_the_sender_is_taken_where_that_is_wished(on: bool, value: str, taken: bool) -> None:
    packet = mqtt5.PublishPacket(TOPIC, b"x", qos=QOS_1, packet_id=1, user_properties=[("edge-received", value)])
    async with (
        ScriptedBroker(first=packet.write()) as broker,
        Taker(options(broker.url, received_property=on)) as taker,
    ):
        await taker.until(lambda: taker.payloads)
    assert (taker.entries[0][2] == 1_700_000_000_123_456) is taken


def test_acknowledgements_are_as_the_codec_would_write_them() -> None:
    ids = [1, 255, 256, 65535]
    assert pubacks(ids) == b"".join(mqtt5.PubAckPacket(i).write() for i in ids)
    assert pubacks([]) == b""


def test_the_length_of_a_packet_is_seen_as_soon_as_it_can_be() -> None:
    for size in (0, 1, 127, 128, 16_384, 2_097_152):
        whole = mqtt5.PublishPacket("t", bytes(size)).write()
        assert packet_length(b"?" + whole[:10], 1) == len(whole)
    assert packet_length(b"\x30", 0) is packet_length(b"\x30\x80\x80", 0) is None
    with pytest.raises(ValueError, match="four bytes"):
        packet_length(b"\x30\xff\xff\xff\xff\xff", 0)
