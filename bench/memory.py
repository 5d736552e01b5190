"""How much memory the service takes, over all its processes."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.figures import Figure
from bench.scale import Scale
from bench.stage import drain, load, resident_mb, stage

RATE = 5000


def memory(scale: Scale) -> Iterator[Figure]:
    """Idle after a while, and while readings and production come at 5,000/s."""
    messages = round(RATE * scale.seconds)
    with stage() as (broker, service):
        time.sleep(2.0)
        idle = resident_mb(service)
        with load(broker.port, kind="mixed", messages=messages, rate=RATE):
            drained = drain(service, messages)
    yield Figure("memory idle, all processes", "90 MB", f"{idle:.0f} MB", "resident; pages shared by two count twice")
    yield Figure("memory at 5,000 messages/s", "200 MB", f"{drained.peak_mb:.0f} MB", drained.cpu)
