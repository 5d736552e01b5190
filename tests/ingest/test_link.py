"""The ingest process as the main process sees it, against a real broker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.ingest.config import IngestConfig
from edge.ingest.link import IngestDown, IngestLink
from edge.journal.limits import JournalLimits
from edge.journal.notice import GAP_TOPIC
from edge.journal.reader import JournalReader
from edge.journal.record import Record
from edge.mqtt.options import MqttOptions
from tests.brokers import Broker, publish
from tests.patience import WAIT_S

TOPIC = "shopfloor/v1/demo/packing/l1/m001/reading"


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as broker:
        yield broker


@pytest.fixture
def patient_stop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ingest ends by itself, however slow the machine is, and is not killed for it."""
    killed: list[int | None] = []
    kill = IngestLink._kill
    monkeypatch.setattr("edge.ingest.link._STOP_S", WAIT_S)
    monkeypatch.setattr(IngestLink, "_kill", lambda link: (killed.append(link.pid), kill(link)))
    yield
    assert killed == []


def config(broker: Broker, folder: Path, limits: JournalLimits | None = None, **more: Any) -> IngestConfig:
    options = MqttOptions(url=broker.url, client_id="edge-test", **more)
    return IngestConfig(journal=str(folder / "journal"), mqtt=options, limits=limits or JournalLimits())


def numbered(first: int, last: int) -> list[tuple[str, bytes]]:
    return [(TOPIC, b"%d" % n) for n in range(first, last + 1)]


async def send(broker: Broker, messages: list[tuple[str, bytes]], **more: Any) -> None:
    await asyncio.to_thread(publish, broker.port, messages, **more)


async def until(condition: Callable[[], Any], wait_s: float = WAIT_S) -> None:
    async with asyncio.timeout(wait_s):
        while not condition():  # noqa: ASYNC110  # the conditions look at files and processes
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(settings: IngestConfig) -> AsyncIterator[IngestLink]:
    link = IngestLink()
    await link.start(settings)
    try:
        await until(lambda: link.status.subscribed or link.status.error)
        yield link
    finally:
        assert await link.stop() == 0


def records(folder: Path) -> list[Record]:
    with JournalReader(folder / "journal") as reader:
        return reader.read(1, 10_000_000)


def numbers(folder: Path) -> list[int]:
    return [int(record.payload) for record in records(folder) if record.topic == TOPIC]


async def test_messages_are_committed_acknowledged_and_reported(broker: Broker, tmp_path: Path) -> None:
    async with running(config(broker, tmp_path)) as link:
        await send(broker, numbered(1, 1000))
        await until(lambda: link.status.acknowledged == 1000)
        status = link.status
        assert (status.connected, status.subscribed, status.error, status.broker) == (
            True, True, None, f"127.0.0.1:{broker.port}",
        )  # fmt: skip
        assert (status.received, status.committed, status.last_offset, status.epoch) == (1000, 1000, 1000, 1)
        assert (status.session_lost, status.takeovers, status.paused, status.disk_full) == (0, 0, False, False)
        assert status.journal_bytes > 50_000
    assert numbers(tmp_path) == list(range(1, 1001))
    assert not link.status.connected


async def test_each_group_wakes_the_main_process(broker: Broker, tmp_path: Path) -> None:
    seen: list[int] = []
    link = IngestLink(lambda status: seen.append(status.committed))
    await link.start(config(broker, tmp_path))
    await until(lambda: link.status.subscribed)
    for n in range(1, 6):
        await send(broker, numbered(n, n))
        await until(lambda n=n: seen[-1] == n)  # type: ignore[misc]
    assert await link.stop() == 0


async def test_entries_of_the_service_go_the_same_way(broker: Broker, tmp_path: Path) -> None:
    async with running(config(broker, tmp_path)) as link:
        offsets = await asyncio.gather(*(link.append("$edge/correction", b"%d" % n) for n in range(50)))
        assert sorted(offsets) == list(range(1, 51))
        with JournalReader(tmp_path / "journal") as reader:
            record = reader.get(offsets[7])
            assert record is not None
            assert (record.topic, record.payload) == ("$edge/correction", b"7")
        await until(lambda: link.status.last_offset == 50)
        assert link.status.committed == 0  # they are no messages


async def test_a_killed_process_loses_nothing_and_comes_back(broker: Broker, tmp_path: Path) -> None:
    total, kills = 16_000, 6
    async with running(config(broker, tmp_path)) as link:
        publisher = threading.Thread(target=publish, args=(broker.port, numbered(1, total)))
        publisher.start()
        for kill in range(kills):
            enough = (kill + 1) * total // (kills + 2)
            await until(lambda enough=enough: link.status.subscribed and link.status.committed >= enough)  # type: ignore[misc]
            assert link.pid is not None
            os.kill(link.pid, signal.SIGKILL)
            await until(lambda kill=kill: link.restarts == kill + 1)  # type: ignore[misc]
        await asyncio.to_thread(publisher.join)
        await until(lambda: set(numbers(tmp_path)) == set(range(1, total + 1)))
        assert link.status.epoch > 1
        assert link.status.session_lost == 0
    assert not any(record.topic == GAP_TOPIC for record in records(tmp_path))
    offsets = [record.offset for record in records(tmp_path)]
    assert offsets == list(range(1, len(offsets) + 1))


async def test_counters_go_on_over_a_restart_of_the_process(broker: Broker, tmp_path: Path) -> None:
    async with running(config(broker, tmp_path)) as link:
        await send(broker, numbered(1, 100))
        await until(lambda: link.status.acknowledged == 100)
        assert link.pid is not None
        os.kill(link.pid, signal.SIGKILL)
        await until(lambda: link.restarts == 1 and link.status.subscribed)
        await send(broker, numbered(101, 150))
        await until(lambda: link.status.acknowledged == 150)
        assert link.status.received == link.status.committed == 150
        assert link.status.last_offset == 150


async def test_sigterm_under_load_drains_and_ends_well(broker: Broker, tmp_path: Path, patient_stop: None) -> None:
    """Every message that was read is committed and acknowledged: none of them comes a second time."""
    total = 25_000
    link = IngestLink()
    await link.start(config(broker, tmp_path))
    await until(lambda: link.status.subscribed)
    publisher = threading.Thread(target=publish, args=(broker.port, numbered(1, total)))
    publisher.start()
    await until(lambda: link.status.committed > 3000)
    assert await link.stop() == 0
    assert await link.stop() == 0
    first = numbers(tmp_path)
    assert first == list(range(1, len(first) + 1))
    async with running(config(broker, tmp_path)):
        await asyncio.to_thread(publisher.join)
        await until(lambda: len(numbers(tmp_path)) >= total)
    assert numbers(tmp_path) == list(range(1, total + 1))


async def test_a_signal_to_the_process_itself_ends_it_in_order(broker: Broker, tmp_path: Path) -> None:
    async with running(config(broker, tmp_path)) as link:
        await send(broker, numbered(1, 10))
        await until(lambda: link.status.acknowledged == 10)
        assert link.pid is not None
        os.kill(link.pid, signal.SIGINT)  # is for the main process to act on
        os.kill(link.pid, signal.SIGTERM)
        await until(lambda: link.restarts == 1 and link.status.subscribed)
        assert (tmp_path / "journal" / "mark").exists()
    assert numbers(tmp_path) == list(range(1, 11))


async def test_a_forgotten_session_is_noticed_even_by_a_new_process(tmp_path: Path) -> None:
    with Broker(("persistence false",)) as broker:
        async with running(config(broker, tmp_path)) as link:
            await send(broker, numbered(1, 5))
            await until(lambda: link.status.acknowledged == 5)
        broker.restart()
        async with running(config(broker, tmp_path)) as link:
            await until(lambda: link.status.session_lost == 1)
        async with running(config(broker, tmp_path)) as link:  # this time it is remembered
            assert link.status.session_lost == 0
        async with running(msgspec.structs.replace(
            config(broker, tmp_path), mqtt=MqttOptions(url=broker.url, client_id="another")
        )) as link:  # fmt: skip
            assert link.status.session_lost == 0  # nobody could know us under this name
    last_heard = next(record.received for record in records(tmp_path) if record.payload == b"5")
    (notice,) = [record for record in records(tmp_path) if record.topic == GAP_TOPIC]
    assert b'"reason":"session_lost","from":%d,' % last_heard in notice.payload


async def test_at_the_quota_it_stops_acknowledging_and_goes_on_after(broker: Broker, tmp_path: Path) -> None:
    limits = JournalLimits(segment_bytes=1 << 20, max_bytes=4 << 20, retention_bytes=1 << 20, reserve_bytes=0)
    async with running(config(broker, tmp_path, limits)) as link:
        await send(broker, [(TOPIC, b"%d" % n + b" " * 2000) for n in range(1, 5001)])
        await until(lambda: link.status.disk_full)
        await asyncio.sleep(0.1)
        full = link.status
        assert full.paused
        assert full.acknowledged == full.committed < 5000
        link.set_cursor(full.last_offset + 1)
        await until(lambda: link.status.committed > full.committed)
        await until(lambda: link.set_cursor(link.status.last_offset + 1) or link.status.acknowledged >= 5000)
        assert not link.status.disk_full
        assert link.status.received == 5000


async def test_memory_stays_flat_while_nothing_can_be_committed(broker: Broker, tmp_path: Path) -> None:
    """QoS 0 has no window: only not reading any more keeps it out."""
    limits = JournalLimits(max_bytes=1 << 20, reserve_bytes=0)
    async with running(config(broker, tmp_path, limits)) as link:
        await send(broker, [(TOPIC, bytes(1000))] * 1500)
        await until(lambda: link.status.disk_full)
        assert link.pid is not None
        before = resident_mib(link.pid)
        await send(broker, [(TOPIC, bytes(1000))] * 60_000, qos=0)
        await send(broker, [(TOPIC, bytes(1000))] * 1000)
        await asyncio.sleep(0.3)
        assert link.status.paused
        assert link.status.received < 15_000
        assert resident_mib(link.pid) < before + 25
        assert resident_mib(link.pid) < 80


def resident_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/statm").read_text()
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


async def test_a_storage_error_ends_it_for_good(broker: Broker, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("in the way")
    link = IngestLink()
    await link.start(config(broker, tmp_path))
    assert await asyncio.wait_for(link.wait(), WAIT_S) == 74
    assert "exists" in (link.status.error or "")
    with pytest.raises(IngestDown):
        await link.append("$edge/correction", b"")
    assert await link.stop() == 74


async def test_an_append_that_gets_no_answer_says_so(broker: Broker, tmp_path: Path) -> None:
    async with running(config(broker, tmp_path)) as link:
        assert link.pid is not None
        os.kill(link.pid, signal.SIGSTOP)
        waiting = asyncio.create_task(link.append("$edge/correction", b""))
        await asyncio.sleep(0)
        os.kill(link.pid, signal.SIGKILL)
        with pytest.raises(IngestDown):
            await waiting


PARENT = """
import asyncio, sys
from pathlib import Path
from edge.ingest.config import IngestConfig
from edge.ingest.link import IngestLink
from edge.mqtt.options import MqttOptions

async def main():
    link = IngestLink()
    await link.start(IngestConfig(journal=sys.argv[1], mqtt=MqttOptions(url=sys.argv[2], client_id="edge-test")))
    print(link.pid, flush=True)
    await link.wait()

asyncio.run(main())
"""


async def test_it_dies_with_the_main_process(broker: Broker, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "journal"), broker.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:  # noqa: ASYNC220
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    await until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes())


async def test_a_broker_that_is_away_does_not_keep_it_from_stopping(tmp_path: Path, patient_stop: None) -> None:
    with Broker() as broker:
        settings = config(broker, tmp_path)
    async with running(settings) as link:
        assert not link.status.connected
        assert link.status.error
        assert await link.append("$edge/correction", b"still works") == 1
        assert await link.stop() == 0


async def test_the_other_protocol_works_the_same_way(broker: Broker, tmp_path: Path) -> None:
    async with running(config(broker, tmp_path, protocol="3.1.1")) as link:
        await send(broker, numbered(1, 500))
        await until(lambda: link.status.acknowledged == 500)
    assert numbers(tmp_path) == list(range(1, 501))
