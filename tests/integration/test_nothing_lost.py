"""Nothing lost, nothing counted twice: the short form of `python -m tests.soak`, and what becomes of broken files."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
import urllib.error
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import pytest

from bench.ledger import Ledger
from tests.brokers import Broker
from tests.patience import WAIT_S
from tests.running import Service
from tests.soak.faults import FAULTS
from tests.soak.numbers import all_facts, differences, window
from tests.soak.run import PLANT, load, run

SECONDS = {"kill": 7.0, "terminate": 4.0, "pause": 4.0, "broker": 4.0}


@pytest.mark.parametrize("fault", SECONDS)
def test_every_number_is_there_after_a_load_with_faults(fault: str) -> None:
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    outcome = run(FAULTS[fault], seconds=SECONDS[fault], seed=seed, pause_s=3.0)
    assert outcome.disturbances
    assert outcome.wrong == ()


@dataclass
class Kept:
    """A service that took a load, its ledger and its answers; tests may stop and start it."""

    service: Service
    ledger: Ledger
    facts: dict[str, dict[str, dict[str, Any]]]

    @property
    def store(self) -> Path:
        return self.service.folder / "data" / "store.db"

    def assert_same_again(self) -> None:
        """The service, started anew, has taken everything from its journal and answers as before."""
        self.service.wait_processed(self.ledger.messages)
        assert all_facts(self.service, self.ledger) == self.facts
        assert list(differences(self.service, self.ledger)) == []


@pytest.fixture(scope="module")
def loaded() -> Iterator[Kept]:
    with Broker() as broker, Service(broker.url, plant=PLANT) as service:
        ledger_file = service.folder / "ledger.json"
        with load(broker.port, ledger_file, messages=8000, rate=0, seed=7, machines=10) as process:
            assert process.wait(WAIT_S) == 0
        service.wait_processed(8000)
        ledger = Ledger.from_json(ledger_file.read_text(encoding="utf-8"))
        yield Kept(service, ledger, all_facts(service, ledger))


@pytest.fixture
def stopped(loaded: Kept) -> Iterator[Kept]:
    """Stopped in order; whatever a test leaves, the next one finds a service that runs."""
    assert loaded.service.stop() == 0
    yield loaded
    if loaded.service.process is None:
        loaded.service.start()


def test_a_deleted_store_is_built_again_to_the_same_numbers(stopped: Kept) -> None:
    for file in stopped.store.parent.glob("store.db*"):
        file.unlink()
    stopped.service.start()
    stopped.assert_same_again()


@pytest.mark.parametrize(("first", "last"), [(0.0, 0.01), (0.01, 1.0)])
def test_a_damaged_store_is_set_aside_and_built_again(stopped: Kept, first: float, last: float) -> None:
    damaged = bytearray(stopped.store.read_bytes())
    for at in range(int(first * len(damaged)), int(last * len(damaged))):
        damaged[at] ^= 0xFF
    stopped.store.write_bytes(damaged)
    stopped.service.start()
    stopped.assert_same_again()
    aside = list(stopped.store.parent.glob("store.db.damaged-*"))
    assert any(file.read_bytes() == damaged for file in aside)


def test_damage_that_a_question_meets_is_found_and_mended(stopped: Kept) -> None:
    with contextlib.closing(apsw.Connection(str(stopped.store))) as db:
        wanted = "select pageno from dbstat where name='hot' and pagetype='leaf' order by path"
        events = [page for (page,) in db.execute(wanted)][1:]  # the first one is read at each start
    assert events
    with stopped.store.open("r+b") as file:
        for page in events:
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)
    known = stopped.service.log.count("is damaged")
    stopped.service.start()
    refused = [_ask_events(stopped, path) for path in stopped.ledger.machines]
    assert set(refused) <= {200, 503}, "whoever comes before it is mended is told so"
    _wait(lambda: stopped.service.log.count("is damaged") > known)
    stopped.assert_same_again()


def _ask_events(kept: Kept, path: str) -> int:
    """The status of an answer for which every event of a machine is read."""
    try:
        kept.service.get("/api/v1/events", asset=path, limit=1000, **window(kept.ledger))
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    return 200


def test_rebuild_gives_the_same_numbers(stopped: Kept) -> None:
    sets = [part for setting in stopped.service.settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "edge", "rebuild", "--config", str(stopped.service.config), *sets]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 0, done.stderr
    stopped.service.start()
    stopped.assert_same_again()


def test_a_full_journal_stops_acknowledging_and_goes_on_with_room() -> None:
    limited = ["journal.max_gb=0.001", "journal.retention_gb=0.001"]
    with Broker() as broker, Service(broker.url, plant=PLANT, settings=limited) as service:
        ledger_file = service.folder / "ledger.json"
        with load(broker.port, ledger_file, messages=12_000, rate=0, seed=9, machines=10) as process:
            assert process.wait(WAIT_S) == 0
        _wait(lambda: service.metrics()["edge_journal_disk_full"])
        assert service.metrics()["edge_messages_acknowledged_total"] < 12_000
        assert service.get("/api/v1/kpis")["kpis"], "questions are still answered"
        assert service.stop() == 0
        service.settings = [one for one in service.settings if one not in limited]
        service.start()
        service.wait_processed(12_000)
        ledger = Ledger.from_json(ledger_file.read_text(encoding="utf-8"))
        assert list(differences(service, ledger)) == []


def _wait(what: Callable[[], object], timeout_s: float = WAIT_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)
