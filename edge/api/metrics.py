"""The figures of the service as Prometheus reads them, taken when asked and counted nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

from edge.api.answers import Figures
from edge.api.hub import Hub

__all__ = ["CONTENT_TYPE", "exposition"]
F = TypeVar("F", CounterMetricFamily, GaugeMetricFamily)
LABELS = 100  # values of a label that are told apart; the rest is summed up under `other`

COUNTERS = {
    "received": ("edge_messages_received", "Messages that processing took from the journal"),
    "accepted": ("edge_messages_accepted", "Messages that became events"),
    "duplicate": ("edge_messages_duplicate", "Messages that had come before"),
    "committed": ("edge_messages_committed", "Messages committed to the journal"),
    "acknowledged": ("edge_messages_acknowledged", "Messages acknowledged to the broker, after the commit"),
    "processed": ("edge_messages_processed", "Messages dealt with up to the store"),
    "outbox_sent": ("edge_outbox_sent_points", "Points that InfluxDB has taken"),
    "outbox_requests": ("edge_outbox_requests", "Write requests to InfluxDB"),
    "outbox_expired": ("edge_outbox_expired_points", "Points older than what the bucket keeps"),
    "sessions_lost": ("edge_mqtt_sessions_lost", "Times that the broker had forgotten the session"),
    "late_readings": ("edge_late_readings", "Readings that came too late for the monitors"),
    "takeovers": ("edge_mqtt_takeovers", "Times that another client took this client's id"),
}
LABELLED = {
    "rejected": ("edge_messages_rejected", "Messages that could not become events", "reason"),
    "events": ("edge_events", "Decoded events", "kind"),
    "plugin_failures": ("edge_plugin_failures", "Calls of a plugin that failed", "plugin"),
    "assessments": ("edge_assessments", "Assessments kept in the history", "state"),
    "monitor_failures": ("edge_monitor_failures", "Calls of a monitor that failed", "monitor"),
    "monitor_deaths": ("edge_monitor_process_deaths", "Times that a monitor's own process ended", "monitor"),
    "monitor_seconds": ("edge_monitor_seconds", "Time spent in a monitor", "monitor"),
}
GAUGES = {
    "lag_messages": ("edge_processing_lag_messages", "Messages in the journal and not yet in the store"),
    "outbox_points": ("edge_outbox_points", "Points that still have to reach InfluxDB"),
    "outbox_lag_s": ("edge_outbox_lag_seconds", "Since when points have been waiting for InfluxDB"),
    "outbox_dead": ("edge_outbox_dead_letters", "Points that InfluxDB refused for good, kept with the reason"),
    "outbox_connected": ("edge_outbox_connected", "1 while InfluxDB takes points"),
    "outbox_let_go_s": (
        "edge_outbox_let_go_seconds",
        "Length of the time of which the store let readings go before InfluxDB had them",
    ),
    "outbox_series": ("edge_outbox_series", "Series in InfluxDB, about"),
    "connected": ("edge_mqtt_connected", "1 while subscribed at the broker"),
    "paused": ("edge_ingest_paused", "1 while reading from the broker is paused"),
    "disk_full": ("edge_journal_disk_full", "1 while the disk has no room for messages"),
    "journal_bytes": ("edge_journal_bytes", "Size of the journal"),
    "journal_last_offset": ("edge_journal_last_offset", "Offset of the newest message"),
    "store_bytes": ("edge_store_bytes", "Size of the store"),
    "machines": ("edge_machines", "Machines heard of"),
    "hours_waiting": ("edge_hours_waiting", "Hours of machines whose numbers are to be worked out again"),
    "resident_bytes": ("edge_resident_memory_bytes", "Resident memory of all processes of the service"),
}


class _Snapshot(Collector):
    def __init__(self, figures: Figures, hub: Hub) -> None:
        self._figures = figures
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        for member, (name, text) in COUNTERS.items():
            yield CounterMetricFamily(name, text, value=getattr(self._figures, member))
        for member, (name, text) in GAUGES.items():
            yield GaugeMetricFamily(name, text, value=float(getattr(self._figures, member)))
        for member, (name, text, label) in LABELLED.items():
            yield _labelled(CounterMetricFamily(name, text, labels=[label]), getattr(self._figures, member))
        paused = GaugeMetricFamily("edge_monitors_paused", "Machines that a monitor pauses for", labels=["monitor"])
        yield _labelled(paused, self._figures.monitors_paused)
        off = GaugeMetricFamily("edge_monitor_off", "1 while a monitor is switched off", labels=["monitor"])
        yield _labelled(off, self._figures.monitors_off)
        yield GaugeMetricFamily("edge_stream_clients", "Open live streams", value=self._hub.clients)
        yield CounterMetricFamily("edge_stream_skipped_items", "Stream items left out", value=self._hub.skipped)
        yield CounterMetricFamily("edge_stream_dropped_clients", "Clients cut off as too slow", value=self._hub.dropped)


def exposition(figures: Figures, hub: Hub) -> bytes:
    """The text that Prometheus scrapes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(figures, hub))
    ProcessCollector(registry=registry)  # the main process: CPU, memory, descriptors, start
    return generate_latest(registry)


def _labelled(family: F, values: Mapping[str, float]) -> F:
    ranked = sorted(values.items(), key=lambda pair: -pair[1])
    for value, count in sorted(ranked[:LABELS]):
        family.add_metric([value[:64]], count)
    if len(ranked) > LABELS:
        family.add_metric(["other"], sum(count for _, count in ranked[LABELS:]))
    return family
