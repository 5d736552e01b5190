"""One run: a production load at a known rate, one kind of fault again and again, then every number is compared."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.ledger import Ledger
from tests.brokers import Broker
from tests.patience import WAIT_S
from tests.running import Service
from tests.soak.faults import Fault, Scene
from tests.soak.numbers import differences

PLANT = {
    "products": {"P1": {"ideal_cycle_s": 0.2}},
    "machines": {"works/*": {"product": "P1", "stale_after_s": 0}},  # silence after the load changes no answer
}


@dataclass(frozen=True)
class Outcome:
    """What a run found; `wrong` is empty where nothing was lost, counted twice, or otherwise amiss."""

    messages: int
    disturbances: int
    duplicates: int
    caught_up_s: float
    wrong: tuple[str, ...]


@contextlib.contextmanager
def load(port: int, ledger: Path, *, messages: int, rate: float, seed: int, machines: int = 40,
         kind: str = "production") -> Iterator[subprocess.Popen[bytes]]:  # fmt: skip
    """The load as a process of its own; it ends with the block."""
    arguments = {"port": port, "messages": messages, "rate": rate, "seed": seed, "machines": machines,
                 "ledger": ledger, "kind": kind}  # fmt: skip
    options = [part for name, value in arguments.items() for part in (f"--{name}", str(value))]
    with subprocess.Popen([sys.executable, "-m", "bench.load", *options], stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def run(fault: Fault, *, seconds: float, rate: float = 2000.0, seed: int, pause_s: float = 8.0,
        stop_s: float = WAIT_S) -> Outcome:  # fmt: skip
    """Disturb the service for as long as the load lasts, then compare every number with the ledger."""
    messages = round(seconds * rate)
    with Broker() as broker, Service(broker.url, plant=PLANT) as service:
        scene = Scene(broker, service, random.Random(seed), pause_s, stop_s)
        ledger_file = service.folder / "ledger.json"
        disturbances = 0
        with load(broker.port, ledger_file, messages=messages, rate=rate, seed=seed) as process:
            while process.poll() is None:
                fault(scene)
                disturbances += 1
            assert process.returncode == 0, "the load did not get rid of its messages"
        took = caught_up(service, messages)
        ledger = Ledger.from_json(ledger_file.read_text(encoding="utf-8"))
        wrong = (*scene.complaints, *differences(service, ledger))
        duplicates = round(service.metrics()["edge_messages_duplicate_total"])
    return Outcome(messages, disturbances, duplicates, took, wrong)


def caught_up(service: Service, messages: int) -> float:
    """Wait until so many different messages have been taken and nothing waits; the seconds it took."""
    service.wait_ready()
    began = time.monotonic()
    while time.monotonic() - began < WAIT_S:
        metrics = service.metrics()
        if metrics["edge_messages_accepted_total"] >= messages and not metrics["edge_processing_lag_messages"]:
            break
        time.sleep(0.05)  # whoever has waited in vain finds out in the comparison what is missing
    return time.monotonic() - began
