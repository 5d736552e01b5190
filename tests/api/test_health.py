"""Alive, ready and the figures for Prometheus."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from edge.api.answers import Figures
from edge.api.hub import Hub
from edge.api.metrics import exposition
from tests.api.fakes import EXAMPLES, FakeService

REQUIRED = {
    "edge_messages_received_total", "edge_messages_committed_total", "edge_messages_acknowledged_total",
    "edge_messages_duplicate_total", "edge_messages_rejected_total", "edge_messages_processed_total",
    "edge_events_total", "edge_processing_lag_messages", "edge_outbox_points", "edge_plugin_failures_total",
}  # fmt: skip


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_live_is_always_200(client: httpx.AsyncClient, service: FakeService) -> None:
    service.ready = False
    answer = await client.get("/health/live")
    assert (answer.status_code, answer.json()["status"]) == (200, "live")


async def test_ready_says_how_each_component_is(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, EXAMPLES["ready"]["ready"])


async def test_not_ready_is_503(client: httpx.AsyncClient, service: FakeService) -> None:
    service.ready = False
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")


async def test_metrics_have_every_agreed_name(client: httpx.AsyncClient, service: FakeService) -> None:
    service.figures_now = Figures(
        received=10, accepted=6, duplicate=1, committed=12, acknowledged=11, processed=10,
        rejected={"not_json": 2, "bad_topic": 1}, events={"state": 4}, plugin_failures={"oee": 0}, lag_messages=2,
    )  # fmt: skip
    answer = await client.get("/metrics")
    found = samples(answer.text)
    assert answer.headers["content-type"].startswith("text/plain")
    assert {name for name, _ in found} >= REQUIRED
    assert found["edge_messages_rejected_total", (("reason", "not_json"),)] == 2
    assert found["edge_plugin_failures_total", (("plugin", "oee"),)] == 0
    assert found["edge_processing_lag_messages", ()] == 2
    assert found["process_resident_memory_bytes", ()] > 0


async def test_scrape_shows_the_present(client: httpx.AsyncClient, service: FakeService) -> None:
    for count in (1, 2):
        service.figures_now = Figures(received=count)
        assert samples((await client.get("/metrics")).text)["edge_messages_received_total", ()] == count


def test_labels_are_bounded_and_nothing_is_lost() -> None:
    reasons = {f"reason_{n}": n for n in range(1000)}
    found = samples(exposition(Figures(rejected=reasons), Hub()).decode())
    rejected = [value for (name, _), value in found.items() if name == "edge_messages_rejected_total"]
    assert len(rejected) == 101
    assert sum(rejected) == sum(reasons.values())


def test_label_of_a_plugin_is_escaped() -> None:
    found = samples(exposition(Figures(plugin_failures={'a"b\n\\': 1}), Hub()).decode())
    assert found["edge_plugin_failures_total", (("plugin", 'a"b\n\\'),)] == 1
