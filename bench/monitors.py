"""What the maintenance monitor costs for each reading, beside the decoding of the same message, and what it keeps."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import msgspec

from bench.figures import Figure
from bench.scale import Scale
from edge import Observation, Watched
from edge_maintenance import Maintenance

SIGNALS = 8
WARM = 1300  # seconds of learning, and until the state has its full size
ROUNDS = 5
SECOND_US = 1_000_000
START_US = 1_760_000_000 * SECOND_US


def monitors(scale: Scale) -> Iterator[Figure]:
    """The best of five rounds each, in turn, by the time of this process: the machine is shared."""
    readings = _readings(WARM + scale.messages // 20)
    warm = Maintenance(Watched("bench/monitor", {}, {}))
    for reading in readings[:WARM]:
        warm.update(reading)
    rest = readings[WARM:]
    state = json.dumps(warm.checkpoint(), separators=(",", ":"))
    messages = [json.dumps({"ts": reading.ts // 1000, "signals": reading.signals}) for reading in rest]
    decoding = updating = float("inf")
    for _ in range(ROUNDS):
        decoding = min(decoding, _seconds(json.loads, messages))
        watch = Maintenance(Watched("bench/monitor", {}, {}), json.loads(state))
        updating = min(updating, _seconds(watch.update, rest))
    beside = f"{updating / len(rest) * 1e6:.1f} us, json.loads {decoding / len(rest) * 1e6:.1f} us"
    yield Figure("monitor, a reading of 8 signals", "<= 4 x json.loads (2.5)", f"{updating / decoding:.2f} x", beside)
    packed = len(msgspec.msgpack.encode(warm.checkpoint()))
    yield Figure("monitor, state of 8 signals", "<= 4 kB", f"{packed:,} B", f"as MessagePack; {len(state):,} B as JSON")


def _readings(count: int) -> list[Observation]:
    random = Random(1)
    names = [f"signal_{n}" for n in range(SIGNALS)]
    return [
        Observation(
            "bench/monitor", START_US + at * SECOND_US, "reading", {name: random.gauss(50, 1) for name in names},
            state="running",
        )
        for at in range(count)
    ]  # fmt: skip


def _seconds(call: Callable[[Any], object], arguments: Sequence[Any]) -> float:
    began = time.process_time()
    for argument in arguments:
        call(argument)
    return time.process_time() - began
