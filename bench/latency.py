"""How long an event takes from the publisher to a listener of the live stream."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator

from bench.figures import Figure, percentile
from bench.ledger import Plant
from bench.load import Link, encoded
from bench.scale import Scale
from bench.stage import stage

RATE = 1000
AT_ONCE = 5
SETTLE_S = 10.0


def live(scale: Scale) -> Iterator[Figure]:
    """Production events at 1,000/s; of each, the time between sending it and hearing of it; and so with late ones."""
    yield _live(scale, "event to live stream at 1,000/s", 0.0)
    yield _live(scale, "  with 1 % up to a day late", 0.01)


def _live(scale: Scale, what: str, late: float) -> Figure:
    messages = round(RATE * scale.seconds)
    plant = Plant(20, messages, late=late)
    packets = encoded(plant, "production", messages)
    with stage() as (broker, service):
        heard: dict[tuple[str, int], float] = {}
        listening, done = threading.Event(), threading.Event()
        listener = threading.Thread(target=_listen, args=(service.port, messages, heard, listening, done), daemon=True)
        listener.start()
        assert listening.wait(SETTLE_S)
        sent = _send(broker.port, packets)
        done.wait(SETTLE_S)
    paths = list(plant.ledger.machines)
    took = [
        (heard[key] - sent[i]) * 1000
        for i in range(messages)
        if (key := (paths[i % len(paths)], i // len(paths))) in heard
    ]
    measured = f"p50 {percentile(took, 0.5):.0f}, p99 {percentile(took, 0.99):.0f} ms"
    return Figure(what, "p99 100 ms", measured, f"{len(took):,} of {messages:,} heard")


def _send(port: int, packets: list[bytes]) -> list[float]:
    """When each packet went out."""
    sent: list[float] = []
    link = Link(port, "latency")
    began = time.perf_counter()
    for at in range(0, len(packets), AT_ONCE):
        early = began + at / RATE - time.perf_counter()
        if early > 0:
            time.sleep(early)
        sent += [time.perf_counter()] * AT_ONCE
        link.send(packets[at : at + AT_ONCE])
    link.wait_confirmed(len(packets))
    link.close()
    return sent


def _listen(port: int, expect: int, heard: dict[tuple[str, int], float], listening: threading.Event,
            done: threading.Event) -> None:  # fmt: skip
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SETTLE_S)
    connection.request("GET", "/api/v1/stream", headers={"Accept": "text/event-stream"})
    answer = connection.getresponse()
    kind = b""
    try:
        while len(heard) < expect:
            line = answer.readline()
            if not line:
                break
            if line.startswith(b"event:"):
                kind = line[6:].strip()
                if kind == b"hello":
                    listening.set()
            elif line.startswith(b"data:") and kind == b"event":
                event = json.loads(line[5:])
                heard[event["asset"], event["seq"]] = time.perf_counter()
    except OSError:
        pass  # nothing came for a while: what is missing shows in the figure
    finally:
        done.set()
        connection.close()
