"""What happens to the service while the load runs; each call is one disturbance, after which all runs again."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.brokers import Broker
from tests.running import Service
from tests.soak.processes import children, wait_gone


@dataclass
class Scene:
    """Who takes part in a run, and what went wrong besides the numbers."""

    broker: Broker
    service: Service
    random: random.Random
    pause_s: float
    stop_s: float  # an orderly end takes no longer, also under load
    complaints: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        assert self.service.process is not None
        return self.service.process.pid

    def wait(self, shortest_s: float, longest_s: float) -> None:
        time.sleep(self.random.uniform(shortest_s, longest_s))


Fault = Callable[[Scene], None]


def kill(scene: Scene) -> None:
    """SIGKILL of the main process: while it starts, or while it is at work; its child ends with it."""
    if scene.random.random() < 0.5:
        scene.service.wait_ready()
    scene.wait(0.3, 1.0)
    ingest = children(scene.pid)
    scene.service.kill()
    orphans = wait_gone(ingest)
    if orphans:
        scene.complaints.append(f"processes that outlived the killed service: {orphans}")
    scene.service.start(ready=False)


def terminate(scene: Scene) -> None:
    """SIGTERM under load: status 0, in time."""
    scene.service.wait_ready()
    scene.wait(0.3, 1.5)
    began = time.monotonic()
    status = scene.service.stop()
    took = time.monotonic() - began
    if status != 0 or took > scene.stop_s:
        scene.complaints.append(f"SIGTERM: status {status} after {took:.1f} s")
    scene.service.start(ready=False)


def pause(scene: Scene) -> None:
    """SIGSTOP for a while: of the main process, of ingest, or of both."""
    scene.service.wait_ready()
    ingest = children(scene.pid)
    stopped = scene.random.choice([[scene.pid], ingest, [scene.pid, *ingest]])
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(scene.pause_s)
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    scene.wait(1.0, 2.0)


def restart_broker(scene: Scene) -> None:
    """A broker that keeps sessions and queues over its restart."""
    scene.wait(1.0, 3.0)
    scene.broker.restart()


def kill_both(scene: Scene) -> None:
    """Service and broker at once, in either order."""
    if scene.random.random() < 0.5:
        restart_broker(scene)
        kill(scene)
    else:
        kill(scene)
        restart_broker(scene)


FAULTS: dict[str, Fault] = {
    "kill": kill,
    "terminate": terminate,
    "pause": pause,
    "broker": restart_broker,
    "both": kill_both,
}
