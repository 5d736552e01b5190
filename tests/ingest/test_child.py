"""The ingest process from within, for what cannot be done to another process."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from edge.ingest.child import Ingest
from edge.ingest.config import IngestConfig, read_config
from edge.ingest.control import EXIT_STORAGE, Append, Cursor, IngestStatus, Stop, Up, frame, frames_down, frames_up
from edge.journal.limits import JournalLimits
from edge.mqtt.options import MqttOptions
from tests.brokers import Broker, publish
from tests.journal.disks import failing_flush, watched_disk
from tests.mqtt.taker import Taker
from tests.patience import WAIT_S

TOPIC = "shopfloor/v1/demo/packing/l1/m001/reading"


async def test_a_flush_that_fails_ends_it_and_nothing_is_acknowledged(tmp_path: Path) -> None:
    with Broker() as broker, watched_disk() as disk:
        options = MqttOptions(url=broker.url, client_id="edge-test")
        ours, theirs = socket.socketpair()
        ingest = Ingest(IngestConfig(journal=str(tmp_path), mqtt=options))
        running = asyncio.create_task(ingest.run(theirs))
        reader, writer = await asyncio.open_connection(sock=ours)
        said = await _until_acknowledged(reader, broker)
        disk.before_sync = failing_flush("-wal", [])
        await asyncio.to_thread(publish, broker.port, [(TOPIC, b"%d" % n) for n in range(10, 20)])
        assert await asyncio.wait_for(running, WAIT_S) == EXIT_STORAGE
        said += frames_up().feed(await reader.read())
        writer.close()
        last = said[-1]
        assert isinstance(last, IngestStatus)
        assert (last.acknowledged, last.committed) == (10, 10)
        assert "injected" in (last.error or "")
        disk.end()
        async with Taker(options) as after:
            await after.until(lambda: len(after.payloads) == 10)
            assert after.payloads == [b"%d" % n for n in range(10, 20)]


async def _until_acknowledged(reader: asyncio.StreamReader, broker: Broker) -> list[Up]:
    frames, said = frames_up(), list[Up]()
    published = False
    async with asyncio.timeout(WAIT_S):
        while True:
            said += frames.feed(await reader.read(1 << 16))
            last = said[-1] if said else IngestStatus()
            assert isinstance(last, IngestStatus)
            if last.subscribed and not published:
                published = True
                await asyncio.to_thread(publish, broker.port, [(TOPIC, b"%d" % n) for n in range(10)])
            if last.acknowledged == 10:
                return said


def test_the_configuration_survives_its_way_through_json() -> None:
    options = MqttOptions(url="mqtts://broker:8884", client_id="e", filters=("a/#", "b/+"), protocol="3.1.1")
    config = IngestConfig(journal="data/journal", mqtt=options, limits=JournalLimits(max_bytes=5))
    assert read_config(config.line()) == config
    assert (config.mqtt.host, config.mqtt.port, config.mqtt.broker) == ("broker", 8884, "broker:8884")
    assert MqttOptions(url="mqtt://broker", client_id="e").port == 1883


def test_messages_may_come_in_any_pieces() -> None:
    sent = [Append(1, "$edge/x", b"\x00" * 300), Cursor(7), Stop()]
    stream = b"".join(map(frame, sent))
    for size in (1, 3, 100, 1000):
        frames = frames_down()
        assert [m for at in range(0, len(stream), size) for m in frames.feed(stream[at : at + size])] == sent
