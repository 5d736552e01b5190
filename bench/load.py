"""`python -m bench.load`: publish a known load at QoS 1 and write its ledger; a process of its own beside the service.

One plain socket and packets encoded beforehand, so that the load costs as little as it can. It survives a broker that
restarts: what was not confirmed is published again, as a device does.
"""

from __future__ import annotations

import argparse
import socket
import struct
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from bench.ledger import Kind, Plant

CHUNK = 100
CONFIRMED_S = 120.0
CONNECT_S = 30.0


def _length(n: int) -> bytes:
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("!H", len(raw)) + raw


def publish_packet(topic: str, payload: bytes, packet_id: int) -> bytes:
    """An MQTT 3.1.1 PUBLISH at QoS 1."""
    body = _text(topic) + struct.pack("!H", packet_id) + payload
    return b"\x32" + _length(len(body)) + body


class Link:
    """One publishing connection. `confirmed` counts what the broker took over, in order; OSError when it is gone."""

    def __init__(self, port: int, client_id: str) -> None:
        self.confirmed = 0
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hello = _text("MQTT") + b"\x04\x02" + struct.pack("!H", 600) + _text(client_id)
        self._socket.sendall(b"\x10" + _length(len(hello)) + hello)
        if self._socket.recv(4)[:2] != b"\x20\x02":
            raise ConnectionRefusedError("the broker refused the load")
        self._socket.settimeout(None)
        self._gone = threading.Event()
        self._counting = threading.Thread(target=self._count, daemon=True)
        self._counting.start()

    def _count(self) -> None:
        got = 0
        try:
            while chunk := self._socket.recv(1 << 16):
                got += len(chunk)  # nothing but PUBACKs of 4 bytes comes here
                self.confirmed = got // 4
        except OSError:
            return
        finally:
            self._gone.set()

    def send(self, packets: Sequence[bytes]) -> None:
        if self._gone.is_set():
            raise ConnectionResetError("the broker ended the connection")
        self._socket.sendall(b"".join(packets))

    def wait_confirmed(self, count: int) -> None:
        deadline = time.monotonic() + CONFIRMED_S
        while self.confirmed < count:
            if self._gone.wait(0.005):
                raise ConnectionResetError("the broker ended the connection")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.confirmed} of {count} confirmed")

    def close(self) -> None:
        try:
            self._socket.sendall(b"\xe0\x00")
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # gone already
        self._counting.join()
        self._socket.close()


def _connected(port: int, client_id: str) -> Link:
    """A connection, as soon as the broker takes one."""
    deadline = time.monotonic() + CONNECT_S
    while True:
        try:
            return Link(port, client_id)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def publish(port: int, packets: Sequence[bytes], rate: float = 0.0, client_id: str = "load") -> float:
    """Publish all packets, `rate` a second (0: flat out), until each is confirmed; the seconds it took."""
    began = time.monotonic()
    done = 0
    while done < len(packets):
        link = _connected(port, client_id)
        try:
            for at in range(done, len(packets), CHUNK):
                link.send(packets[at : at + CHUNK])
                early = (at + CHUNK) / rate - (time.monotonic() - began) if rate else 0.0
                if early > 0:
                    time.sleep(early)
            link.wait_confirmed(len(packets) - done)
        except ConnectionError:
            pass  # the broker went away: on with what it had not confirmed
        finally:
            link.close()
        done += link.confirmed
    return time.monotonic() - began


def encoded(plant: Plant, kind: Kind, messages: int) -> list[bytes]:
    """The next messages of the plant as packets."""
    return [publish_packet(*plant.message(kind), number % 65_535 + 1) for number in range(messages)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--kind", choices=("readings", "production", "mixed"), default="production")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--machines", type=int, default=40)
    parser.add_argument("--rate", type=float, default=0.0, help="messages a second; 0: flat out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--late", type=float, default=0.0, help="share of messages that are up to a day late")
    parser.add_argument("--ledger", type=Path, help="where to write what was said, as JSON")
    asked = parser.parse_args()
    plant = Plant(asked.machines, asked.messages, seed=asked.seed, late=asked.late)
    packets = encoded(plant, asked.kind, asked.messages)
    if asked.ledger is not None:
        asked.ledger.write_text(plant.ledger.to_json(), encoding="utf-8")
    took = publish(asked.port, packets, asked.rate, plant.boot)
    print(f"{asked.messages} messages confirmed in {took:.2f} s, {asked.messages / took:.0f}/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
