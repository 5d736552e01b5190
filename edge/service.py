"""The service: ingest child, processing thread, HTTP server, in one lifetime that ends in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edge import logs
from edge.api.app import create_app
from edge.api.hub import Hub
from edge.api.server import ListenError, serve
from edge.api.unreadable import answer_unreadable
from edge.clock import DAY, SECOND, from_datetime
from edge.decode import DecodeSettings
from edge.decode.dialect import Dialect
from edge.fence import Report
from edge.host import PluginHost, load
from edge.influx.history import ANSWER_S, History
from edge.influx.outbox import Outbox
from edge.influx.querying import Querying
from edge.influx.writing import InfluxWriting
from edge.ingest.control import IngestStatus
from edge.ingest.link import IngestDown, IngestLink
from edge.ingest_settings import ingest_config
from edge.journal.reader import JournalReader
from edge.linklog import LinkLog
from edge.live import Live, render
from edge.monitoring.monitors import CLOCK_TOPIC
from edge.monitoring.watch import WatchRules
from edge.plant import Plant
from edge.processing.pipeline import DAMAGED, Hooks, Pipeline
from edge.processing.retention import Retention
from edge.query.query import Query
from edge.query.reading import Connections
from edge.settings.load import Settings
from edge.settings.references import advice
from edge.settings.service import MonitorSettings, ServiceSettings, StoreSettings
from edge.store.schema import StoreTooNew
from edge.vitals import Vitals
from edge.web.pages import add_pages

TELL_TIME_S = 1.0
EX_UNAVAILABLE = 69
EX_SOFTWARE = 70
EX_IOERR = 74
"""Exit statuses as in sysexits.h."""


def decode_settings(settings: ServiceSettings) -> DecodeSettings:
    """The limits of decoding, from the service file."""
    oldest = settings.events.oldest
    return DecodeSettings(
        root=settings.mqtt.root,
        clock_ahead_tolerance_us=round(settings.events.clock_ahead_tolerance_s * SECOND),
        far_future_us=round(settings.events.far_future_s * SECOND),
        oldest_us=from_datetime(datetime(oldest.year, oldest.month, oldest.day, tzinfo=UTC)),
        max_payload_bytes=settings.events.max_payload_bytes,
        others=Dialect(tuple(mapping.plain() for mapping in settings.mappings)) if settings.mappings else None,
    )


def retention(store: StoreSettings) -> Retention:
    """How long the store keeps what, from the service file."""
    days = (store.readings_days, store.minute_days, store.hour_days, store.events_days, store.assessments_days)
    return Retention(*(round(one * DAY) for one in days))


def plugin_host(settings: ServiceSettings, report: Report | None = None) -> PluginHost:
    """The plugins that the service file leaves in."""
    plugins = settings.plugins
    return load(
        plugins.directory, disabled=plugins.disabled, report=report, in_process=plugins.in_process,
        memory_mb=plugins.memory_mb,
    )  # fmt: skip


def watch_rules(settings: MonitorSettings) -> WatchRules:
    """How machines are watched, from the service file."""
    lengths_s = (settings.reorder_s, settings.bundle_s, settings.tick_s, settings.history_s)
    return WatchRules(*(round(one * SECOND) for one in lengths_s))


def run(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit status."""
    log = logs.configure(settings.service.service.log_format, settings.service.service.log_level)
    directory = settings.service.service.data_dir
    with hold_directory(directory) as held:
        if not held:
            log.error("another service uses this data directory", data_dir=str(directory))
            return EX_UNAVAILABLE
        try:
            return asyncio.run(_served(settings, log))
        except (ListenError, StoreTooNew) as error:
            log.error(str(error))
            return EX_UNAVAILABLE


async def _served(settings: Settings, log: logs.Log) -> int:
    return await Service(settings, log).run()


@contextmanager
def hold_directory(directory: Path) -> Iterator[bool]:
    """Whether the data directory could be locked for this process, for as long as the block lasts."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        lock.write(str(os.getpid()))
        lock.flush()
        yield True


@dataclass
class Service:
    """Everything of one running service; two of them may run in one process."""

    settings: Settings
    log: logs.Log

    def __post_init__(self) -> None:
        service = self.settings.service
        self.directory = service.service.data_dir
        self.plant = Plant(self.settings.plant)
        for text in advice(self.settings.plant):
            self.log.warning(text)
        self.host = self._plugins(service)
        self.decoding = decode_settings(service)
        self.connections = Connections(self.directory / "store.db")
        self.stopping = asyncio.Event()
        self.outbox = self._outbox(service)
        self.status = 0
        self.wake: Callable[[], None] = lambda: None

    def _plugins(self, service: ServiceSettings) -> PluginHost:
        def report(plugin: str, doing: str, trace: str) -> None:
            self.log.error("plugin failed", plugin=plugin, doing=doing, trace=trace)

        host = plugin_host(service, report)
        self.log.info("plugins", kpis=list(host.kpis), monitors=list(host.monitors), broken=host.broken)
        return host

    def _outbox(self, service: ServiceSettings) -> Outbox | None:
        influx = service.influx
        if not influx.url:
            return None
        return Outbox(
            self.directory / "store.db", self.directory / "outbox.db",
            InfluxWriting(influx.url, influx.org, influx.bucket, influx.current_token),
            Querying(influx.url, influx.bucket, influx.current_token),
            self.plant, self.host, lambda text: self.log.warning(text), windows_every_s=influx.windows_every_s,
        )  # fmt: skip

    def _history(self) -> History | None:
        influx = self.settings.service.influx
        if self.settings.service.store.history != "influx":
            return None
        return History(Querying(influx.url, influx.bucket, influx.current_token, ANSWER_S))

    def _evaluated(self, live: Live, paths: set[str]) -> None:
        live.evaluated(paths)
        if self.outbox is not None:
            self.outbox.changed(paths)

    def _committed(self, loop: asyncio.AbstractEventLoop, link: IngestLink, offset: int) -> None:
        _soon(loop, link, offset)
        if self.outbox is not None:
            self.outbox.committed(offset)

    def _asked(self) -> None:
        if self.outbox is not None:
            self.outbox.give_way()

    def _renew(self, query: Query) -> None:
        query.renew()
        if self.outbox is not None:
            self.outbox.renew()

    async def run(self) -> int:
        """Start everything, wait for the end, stop everything; returns the exit status."""
        with self.host.minded():
            return await self._run()

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        began = time.monotonic()
        async with self._ingest() as link, self._processing(link) as (pipeline, query, live):
            vitals = Vitals(link, pipeline, self.host, self.directory / "store.db", self.working, self.outbox)
            app = create_app(
                query, self.hub, vitals, vitals, pages=add_pages, journal=link, plant=query.plant_data,
                asked=self._asked,
            )  # fmt: skip
            answer_unreadable(app, DAMAGED, pipeline.suspect)
            api = self.settings.service.api
            async with serve(app, api.host, api.port) as listening:
                self.log.info("listening", url=listening.url, after_s=round(time.monotonic() - began, 2))
                _settle_garbage()
                beside = [
                    asyncio.create_task(live.publish_statuses(), name="statuses"),
                    asyncio.create_task(self._tell_time(link, pipeline), name="time"),
                ]
                await self._until_the_end(link, listening.done)
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
            self.log.info("stopping")
        self.connections.close()
        self.log.info("stopped", processed=pipeline.counts.processed, status=self.status)
        return self.status

    async def _until_the_end(self, link: IngestLink, http: asyncio.Task[None]) -> None:
        """Wait for a signal, or for a part that ends on its own."""
        watched = {
            asyncio.create_task(self.stopping.wait(), name="signal"): 0,
            asyncio.create_task(link.wait(), name="ingest"): None,
            http: EX_SOFTWARE,
        }
        done, rest = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.get_name() == "ingest":
                self.status = task.result() or 0
                self.log.error("ingest ended", status=self.status, why=link.status.error)
            elif task is http:
                self.status = EX_SOFTWARE
        for task in rest - {http}:
            task.cancel()
        await asyncio.gather(*(rest - {http}), return_exceptions=True)

    async def _tell_time(self, link: IngestLink, pipeline: Pipeline) -> None:
        """Note in the journal that time has passed, where a monitor waits for it and no message says so.

        It is the only place where a clock has to do with monitors: what they do follows from the note."""
        while True:
            seen = link.status.last_offset
            await asyncio.sleep(TELL_TIME_S)
            quiet = link.status.last_offset == seen and pipeline.cursor >= seen
            if quiet and pipeline.waits_for(time.time_ns() // 1000):
                with contextlib.suppress(IngestDown):  # it is told again when ingest is back
                    await link.append(CLOCK_TOPIC, b"{}")

    @asynccontextmanager
    async def _ingest(self) -> AsyncIterator[IngestLink]:
        said = LinkLog(self.log)

        def changed(status: IngestStatus) -> None:
            if not self.stopping.is_set():  # what ends then is meant to
                said.take(msgspec.structs.replace(status))
            self.wake()

        link = IngestLink(changed)
        await link.start(ingest_config(self.settings.service, self.directory / "journal"))
        try:
            yield link
        finally:
            await link.stop()

    @asynccontextmanager
    async def _processing(self, link: IngestLink) -> AsyncIterator[tuple[Pipeline, Query, Live]]:
        loop = asyncio.get_running_loop()
        journal = self.directory / "journal"
        self.hub = Hub(render=render)
        pipeline = Pipeline(
            self.directory / "store.db", JournalReader(journal), self.plant, self.decoding, self.host,
            retention=retention(self.settings.service.store), watching=watch_rules(self.settings.service.monitors),
        )  # fmt: skip
        lateness_us = round(self.settings.service.events.lateness_limit_s * SECOND)
        query = Query(
            self.connections, self.plant, self.host, JournalReader(journal), self.decoding,
            settle=pipeline.settled, lateness_us=lateness_us, history=self._history(),
        )  # fmt: skip
        live = Live(self.hub, query)
        pipeline.hooks = Hooks(
            taken=live.taken,
            evaluated=lambda paths: self._evaluated(live, paths),
            assessed=live.assessed,
            committed=lambda offset: self._committed(loop, link, offset),
            warn=lambda text: self.log.warning(text),
            replaced=lambda: self._renew(query),
        )
        await asyncio.to_thread(pipeline.open)
        self.wake = pipeline.wake
        self._thread = threading.Thread(target=self._process, args=(pipeline, loop), name="processing")
        if self.outbox is not None:
            await asyncio.to_thread(self.outbox.start)
        self._thread.start()
        try:
            yield pipeline, query, live
        finally:
            if self.outbox is not None:
                await asyncio.to_thread(self.outbox.stop)
            pipeline.stop()
            await asyncio.to_thread(self._thread.join)

    def _process(self, pipeline: Pipeline, loop: asyncio.AbstractEventLoop) -> None:
        try:
            pipeline.run()
        except BaseException:
            self.log.exception("processing ended")
            self.status = EX_SOFTWARE
            loop.call_soon_threadsafe(self.stopping.set)
            raise

    def working(self) -> bool:
        """Whether the processing thread runs."""
        return self._thread.is_alive()


def _settle_garbage() -> None:
    """Let the garbage collector pass over what stays for good, and look at the rest less often: messages on their way
    are many and young, and looking through the whole service for every few hundred of them took a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _soon(loop: asyncio.AbstractEventLoop, link: IngestLink, offset: int) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(link.set_cursor, offset)


def data_files(directory: Path) -> list[Path]:
    """The store and its side files."""
    return [Path(f"{directory / 'store.db'}{suffix}") for suffix in ("", "-wal", "-shm")]
