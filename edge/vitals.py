"""How the service is doing: health for those who route traffic, figures for those who watch it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.api.answers import Figures, Readiness
from edge.host import PluginHost
from edge.influx.outbox import Outbox, Outgoing
from edge.ingest.link import IngestLink
from edge.processing.pipeline import Pipeline

STUCK_S = 15.0
LONG_CALL_S = 2.0  # of a plugin: then it is named
LAG_WARNING = 50_000
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Vitals:
    """Reads the state in memory of the other parts; never waits."""

    link: IngestLink
    pipeline: Pipeline
    host: PluginHost
    store: Path
    working: Callable[[], bool]
    outbox: Outbox | None = None
    _moved: tuple[int, float] = (-1, 0.0)  # where processing stood, and since when

    def readiness(self) -> Readiness:
        """Ready means: subscribed at the broker, journal writable, processing runs."""
        components = {
            "mqtt": self._mqtt(),
            "journal": self._journal(),
            "processing": self._processing(),
            "store": {"ok": self.working(), "detail": str(self.store.name)},
            "plugins": self._plugins(),
        }
        if self.outbox is not None:
            components["influx"] = _influx(self.outbox.status())
        needed = ("mqtt", "journal", "processing", "store")
        return Readiness(all(components[name]["ok"] for name in needed), components)

    def _mqtt(self) -> dict[str, Any]:
        status = self.link.status
        if status.subscribed:
            detail = f"subscribed at {status.broker}"
        else:
            detail = status.error or (f"connecting to {status.broker}" if status.broker else "starting")
        return {
            "ok": status.subscribed,
            "detail": detail,
            "session_lost": status.session_lost,
            "takeovers": status.takeovers,
        }

    def _journal(self) -> dict[str, Any]:
        status = self.link.status
        detail = "no room on the disk: nothing is acknowledged until there is" if status.disk_full else "writing"
        return {"ok": not status.disk_full, "detail": detail, "last_offset": status.last_offset}

    def _processing(self) -> dict[str, Any]:
        working, lag, stands_s = self.working(), self.lag, self._stands_s()
        detail = "following the journal" if working else "not running"
        if working and lag > LAG_WARNING:
            detail = f"{lag} messages behind"
        if stuck := working and lag > 0 and stands_s > STUCK_S:
            detail = f"stuck: {lag} messages wait, and none has been taken for {stands_s:.0f} s"
        if waits := self.host.at_work(LONG_CALL_S):
            detail += "; " + "; ".join(waits)
        return {"ok": working and not stuck, "detail": detail, "lag": lag}

    def _stands_s(self) -> float:
        """For how long processing has taken nothing, as far as somebody has asked."""
        cursor, now = self.pipeline.counts.cursor, time.monotonic()
        if cursor != self._moved[0] or not self.lag:
            self._moved = cursor, now
        return now - self._moved[1]

    def _plugins(self) -> dict[str, Any]:
        failures = {name: count for name, count in self.host.failures().items() if count}
        ok = not failures and not self.host.broken
        named = dict.fromkeys([*self.host.broken, *failures])
        detail = "all well" if ok else "; ".join(named) + ": see failures, errors and broken"
        return {
            "ok": ok, "detail": detail, "failures": failures, "errors": self.host.errors(),
            "broken": dict(self.host.broken),
        }  # fmt: skip

    @property
    def lag(self) -> int:
        """Messages that are in the journal and not in the store yet."""
        return max(0, self.link.status.last_offset - self.pipeline.counts.cursor)

    def _pids(self) -> list[int]:
        """Of all processes of the service."""
        return [os.getpid(), *([self.link.pid] if self.link.pid else []), *self.pipeline.monitors.pids]

    def figures(self) -> Figures:
        """Counts since the journal and store began, so that they hold over a restart."""
        status, tally = self.link.status, self.pipeline.counts
        out = None if self.outbox is None else self.outbox.status()
        monitors = list(self.host.monitors.items())
        return Figures(
            received=max(status.last_offset - tally.notices, tally.processed),
            accepted=tally.accepted,
            duplicate=tally.duplicate,
            rejected=dict(tally.rejected),
            committed=max(status.last_offset - tally.notices, tally.processed),
            acknowledged=status.acknowledged,
            processed=tally.processed,
            events=dict(tally.events),
            plugin_failures=self.host.failures(),
            assessments=dict(self.pipeline.watched.assessments),
            late_readings=self.pipeline.watched.late,
            monitor_failures={name: loaded.failures for name, loaded in monitors},
            monitor_seconds={name: loaded.seconds for name, loaded in monitors},
            monitor_deaths={name: loaded.deaths for name, loaded in monitors},
            monitors_off={name: int(loaded.off is not None) for name, loaded in monitors},
            monitors_paused={name: loaded.paused for name, loaded in monitors},
            lag_messages=self.lag,
            outbox_points=0 if out is None else out.waiting,
            outbox_lag_s=0.0 if out is None else out.lag_s,
            outbox_sent=0 if out is None else out.sent,
            outbox_requests=0 if out is None else out.requests,
            outbox_dead=0 if out is None else out.dead,
            outbox_expired=0 if out is None else out.expired,
            outbox_connected=out is not None and out.state == "connected",
            outbox_series=0 if out is None else out.series,
            outbox_let_go_s=0.0 if out is None else out.let_go_s,
            connected=status.subscribed,
            sessions_lost=status.session_lost,
            takeovers=status.takeovers,
            paused=status.paused,
            disk_full=status.disk_full,
            journal_bytes=status.journal_bytes,
            journal_last_offset=status.last_offset,
            store_bytes=_size(self.store),
            machines=self.pipeline.machine_count,
            hours_waiting=self.pipeline.hours_waiting,
            resident_bytes=sum(_resident(pid) for pid in self._pids()),
        )


def _influx(out: Outgoing) -> dict[str, Any]:
    """Not needed to be ready: whatever InfluxDB does, messages come in and are dealt with."""
    detail = out.detail or {"connected": "everything is sent", "starting": "not connected yet"}.get(out.state, "")
    if out.waiting:
        detail = f"{out.waiting} points wait" + (f": {out.detail}" if out.detail else "")
    if out.dead:
        detail += f"; {out.dead} points refused: edge influx dead"
    if out.let_go_s:
        detail += (
            f"; readings of {out.let_go_s / 3600:.0f} h never reach it: store.readings_days is shorter than the outage"
        )
    return {"ok": out.ok, "detail": detail, "state": out.state, "waiting": out.waiting, "lag_s": round(out.lag_s, 1),
            "sent": out.sent, "dead_letters": out.dead, "expired": out.expired}  # fmt: skip


def _size(path: Path) -> int:
    total = 0
    for file in (path, Path(f"{path}-wal")):
        try:
            total += file.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES
    except (FileNotFoundError, ProcessLookupError):
        return 0
