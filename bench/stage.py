"""Broker, service and load as processes of their own, and what the kernel says of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.ledger import Kind, Ledger
from tests.brokers import Broker
from tests.running import Service
from tests.soak.processes import children

UNLIMITED = ("persistence false", "max_queued_messages 0", "max_inflight_messages 0")
"""The broker holds what nobody has taken yet, in memory: it is not what is measured."""
TICKS = os.sysconf("SC_CLK_TCK")
POLL_S = 0.1
PLANT: Mapping[str, Any] = {
    "products": {"P1": {"ideal_cycle_s": 0.2}},
    "machines": {"works/*": {"product": "P1"}},
}


@dataclass(frozen=True)
class Drain:
    """How a load went through: messages a second, highest memory, CPU of each process per message in microseconds."""

    rate: float
    peak_mb: float
    cpu_us: dict[str, float]

    @property
    def cpu(self) -> str:
        return ", ".join(f"{name} {us:.1f} us" for name, us in self.cpu_us.items()) + " of CPU a message"


@contextlib.contextmanager
def stage(settings: Sequence[str] = (), plant: Mapping[str, Any] = PLANT) -> Iterator[tuple[Broker, Service]]:
    """A broker without limits and a service with an empty data folder."""
    with Broker(UNLIMITED) as broker, Service(broker.url, plant=plant, settings=settings) as service:
        yield broker, service


@contextlib.contextmanager
def load(port: int, *, kind: Kind, messages: int, rate: float = 0.0, machines: int = 40,
         late: float = 0.0) -> Iterator[Path]:  # fmt: skip
    """The load in a process of its own, which has begun; the path of its ledger."""
    options = {"port": port, "kind": kind, "messages": messages, "rate": rate, "machines": machines, "late": late}
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger.json"
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        command = [sys.executable, "-m", "bench.load", *arguments, "--ledger", str(ledger)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                yield ledger
                process.wait()
            finally:
                process.kill()


def read_ledger(path: Path) -> Ledger:
    return Ledger.from_json(path.read_text(encoding="utf-8"))


def processes(service: Service) -> dict[str, int]:
    """The service's processes: `main`, and `ingest` below it."""
    assert service.process is not None
    main = service.process.pid
    return {"main": main, **{f"ingest{n or ''}": pid for n, pid in enumerate(children(main))}}


def cpu_s(service: Service) -> dict[str, float]:
    """CPU seconds of each process since it began."""
    return {name: _cpu(pid) for name, pid in processes(service).items()}


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(service: Service) -> float:
    """Resident memory of all processes; pages that they share count in each."""
    pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in processes(service).values()]
    return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE") / 1e6


def drain(service: Service, messages: int, timeout_s: float = 180.0, *, before: float = 0.0) -> Drain:
    """Watch until so many messages have been processed, `before` apart; the rate counts from the first one seen."""
    used = cpu_s(service)
    first: tuple[float, float] | None = None
    peak, deadline = 0.0, time.monotonic() + timeout_s
    while True:
        done = service.metrics()["edge_messages_processed_total"] - before
        now = time.perf_counter()
        first = first or ((now, done) if done else None)
        peak = max(peak, resident_mb(service))
        if done >= messages:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"{done:.0f} of {messages} messages processed:\n{service.log[-2000:]}")
        time.sleep(POLL_S)
    assert first is not None
    spent = {name: (after - used[name]) * 1e6 / messages for name, after in cpu_s(service).items()}
    return Drain((messages - first[1]) / max(now - first[0], 1e-9), peak, spent)


def ceiling(kind: Kind, messages: int) -> float:
    """Messages a second of the bare consumer, with the same load at a broker alike."""
    with Broker(UNLIMITED) as broker:
        command = [sys.executable, "-m", "bench.ceiling", "--port", str(broker.port), "--expect", str(messages)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as consumer:
            assert consumer.stdout is not None
            assert consumer.stdout.readline() == "ready\n"
            with load(broker.port, kind=kind, messages=messages):
                return float(consumer.stdout.readline())
