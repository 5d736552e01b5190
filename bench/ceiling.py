"""`python -m bench.ceiling`: the least that a durable MQTT consumer in Python does, as the yardstick of a run.

It commits every message to an SQLite table (write-ahead log, synchronous=FULL, in groups), acknowledges after the
commit, decodes the JSON and smooths one number per topic. No validation, timeline, KPI, store or API.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

import apsw
import mqtt5
import msgspec
import uvloop

from bench.ledger import ROOT

PAUSE_AT = 20_000


class Message(msgspec.Struct):
    ts: int
    signals: dict[str, float] = {}


class Subscriber(asyncio.Protocol):
    """Gathers publishes in `waiting`; reading pauses where too many wait."""

    def __init__(self) -> None:
        self.waiting: list[mqtt5.PublishPacket] = []
        self.arrived = asyncio.Event()
        self.first_at = 0.0
        self._rest = b""
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        filters = [mqtt5.TopicFilter(f"{ROOT}/#", max_qos=mqtt5.QoS.AT_LEAST_ONCE)]
        self.transport.write(mqtt5.ConnectPacket("ceiling", clean_start=True, receive_max=65_535).write())
        self.transport.write(mqtt5.SubscribePacket(1, filters).write())

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        view, at = memoryview(data), 0
        while at < len(data):
            try:
                packet, size = mqtt5.read(view[at:])
            except IndexError:  # the rest of it is still to come
                break
            at += size
            if isinstance(packet, mqtt5.PublishPacket):
                self.waiting.append(packet)
            elif isinstance(packet, mqtt5.SubAckPacket):
                print("ready", flush=True)
        self._rest = data[at:]
        if self.waiting:
            self.first_at = self.first_at or time.perf_counter()
            self.arrived.set()
            if len(self.waiting) > PAUSE_AT and not self._paused:
                self._paused = True
                self.transport.pause_reading()

    async def take(self) -> list[mqtt5.PublishPacket]:
        await self.arrived.wait()
        self.arrived.clear()
        taken, self.waiting = self.waiting, []
        if self._paused:
            self._paused = False
            self.transport.resume_reading()
        return taken


class Log:
    """The durable part; `commit` is for a thread."""

    def __init__(self, path: Path) -> None:
        self._db = apsw.Connection(str(path))
        self._db.execute("pragma journal_mode=wal; pragma synchronous=full; pragma wal_autocheckpoint=4000")
        self._db.execute("create table log(id integer primary key, topic text, payload blob, received real)")

    def commit(self, packets: list[mqtt5.PublishPacket]) -> None:
        now = time.time()
        with self._db:
            self._db.executemany(
                "insert into log(topic, payload, received) values(?,?,?)", [(p.topic, p.payload, now) for p in packets]
            )

    def close(self) -> None:
        self._db.close()


async def consume(port: int, expect: int, path: Path) -> float:
    """Messages a second from the first one until `expect` have been dealt with."""
    log = Log(path)
    loop = asyncio.get_running_loop()
    transport, subscriber = await loop.create_connection(Subscriber, "127.0.0.1", port)
    decode, smooth, done = msgspec.json.Decoder(Message).decode, dict[str, float](), 0
    while done < expect:
        packets = await subscriber.take()
        await asyncio.to_thread(log.commit, packets)
        transport.write(b"".join(mqtt5.PubAckPacket(p.packet_id).write() for p in packets if p.packet_id))
        for packet in packets:
            value = decode(packet.payload).signals.get("temperature", 0.0)
            before = smooth.get(packet.topic, value)
            smooth[packet.topic] = before + 0.05 * (value - before)
        done += len(packets)
    took = time.perf_counter() - subscriber.first_at
    transport.close()
    log.close()
    return done / took


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ceiling", description=__doc__)
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--expect", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"{uvloop.run(consume(asked.port, asked.expect, Path(folder) / 'log.db')):.0f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
