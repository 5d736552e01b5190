"""A mixed load while InfluxDB is killed again and again, and the service too: afterwards every point is there, once."""

from __future__ import annotations

import random
import subprocess
import sys
import time

from bench.ledger import Ledger
from tests.brokers import Broker
from tests.influxdb import Influx
from tests.running import Service
from tests.soak.run import PLANT, Outcome, caught_up, load

DRAIN_S = 300.0
FIELDS = {"reading": "temperature", "count": "offset", "unit": "offset", "state": "offset"}


def run_influx(*, messages: int, rate: float, seed: int, influx_kills: int = 5, service_kills: int = 2) -> Outcome:
    """Kill both so often while the load runs, at random moments, and compare what is there with what was published."""
    chance = random.Random(seed)
    kills = ["influx"] * influx_kills + ["service"] * service_kills
    chance.shuffle(kills)
    pause_s = 0.8 * messages / rate / len(kills)
    with Influx() as influx, Broker() as broker, Service(broker.url, plant=PLANT, settings=influx.settings) as service:
        file = service.folder / "ledger.json"
        with load(broker.port, file, messages=messages, rate=rate, seed=seed, kind="mixed") as process:
            for kill in kills:
                time.sleep(chance.uniform(0.2, 0.8) * pause_s)
                _kill(kill, influx, service, chance.uniform(0.1, 0.5) * pause_s)
            assert process.wait() == 0, "the load did not get rid of its messages"
        took = caught_up(service, messages)
        _drained(service)
        ledger = Ledger.from_json(file.read_text(encoding="utf-8"))
        wrong = (*_counted(influx, ledger), *_verified(service))
        duplicates = round(service.metrics()["edge_messages_duplicate_total"])
    return Outcome(messages, len(kills), duplicates, took, wrong)


def _kill(which: str, influx: Influx, service: Service, away_s: float) -> None:
    if which == "service":
        service.kill()
        service.start(ready=False)
        return
    influx.kill()
    time.sleep(away_s)
    influx.start(ready=False)


def _drained(service: Service) -> None:
    """Wait until nothing has been waiting for InfluxDB for a while, a running hour's windows too."""
    deadline = time.monotonic() + DRAIN_S
    quiet = 0
    while quiet < 30 and time.monotonic() < deadline:  # whoever has waited in vain finds out what is missing
        metrics = service.metrics()
        quiet = quiet + 1 if metrics["edge_outbox_connected"] and not metrics["edge_outbox_points"] else 0
        time.sleep(0.1)


def _counted(influx: Influx, ledger: Ledger) -> list[str]:
    """Points of each kind, counted over InfluxQL, where they are not as many as were published."""
    wrong = []
    for kind, expected in ledger.kinds.items():
        rows = influx.query(f'select count("{FIELDS[kind]}") as n from "{kind}"')
        found = rows[0]["n"] if rows else 0
        if found != expected:
            wrong.append(f"{kind}: {found} of {expected} points in InfluxDB")
    return wrong


def _verified(service: Service) -> list[str]:
    """What `edge influx verify` has to say, where it is not that all is well; it mends nothing."""
    sets = [part for setting in service.settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "edge", "influx", "verify", "--exact", "--no-repair", "--config",
               str(service.config), *sets]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    said = done.stdout + done.stderr
    well = done.returncode == 0 and "missing 0, different 0" in said and "not in the store" not in said
    return [] if well else [f"verify: status {done.returncode}: {said.strip()}"]
