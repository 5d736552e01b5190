"""Scenarios through a broker, the running service and its HTTP API.

The service takes the time of receipt from the messages (`mqtt.received_property`), because a scenario lies in the past.
For one that lies in the future its clock goes ahead. Nothing is too old to be kept.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.clock import to_text
from edge.corrections import TOPIC
from edge.host import PluginHost, load
from edge.plant import Plant
from edge.settings.plant import PlantSettings
from tests.brokers import Broker
from tests.patience import WAIT_S
from tests.running import Service
from tests.scenarios.compare import Found, found, instants, latest
from tests.scenarios.offline import pooled
from tests.scenarios.said import refusal
from tests.scenarios.scenario import Expectation, Message, Prepared


def run(prepared: Prepared) -> Iterator[tuple[Expectation, Found]]:
    """Every expectation with what is found of it."""
    plant = Plant(PlantSettings.model_validate(prepared.plant))
    host = load()
    settings = ["mqtt.received_property=true", "store.events_days=40000"]
    ahead_us = max(0, latest(prepared, plant) - time.time_ns() // 1000)
    with Broker() as broker, Service(
        broker.url, plant=prepared.plant, settings=settings, ahead_us=ahead_us
    ) as service:  # fmt: skip
        reported = [message for message in prepared.messages if message.topic != TOPIC]
        asyncio.run(publish(broker.port, reported))
        service.wait_processed(len(reported))
        for message in prepared.messages:
            if message.topic == TOPIC and refusal(message, "") is None:
                said = json.loads(message.payload)
                service.post("/api/v1/corrections", {name: value for name, value in said.items() if name != "id"})
        manual = {_site_of(message) for message in prepared.messages if message.topic == TOPIC}
        for expectation in prepared.expectations:
            if expectation.as_of is not None and expectation.site in manual:
                continue  # a correction by API is received when it is made: no past of the scenario knows it
            yield expectation, found(expectation, partial(ask, service, plant, host))


def _site_of(correction: Message) -> str:
    return str(json.loads(correction.payload)["asset"]).partition("/")[0]


async def publish(port: int, messages: Sequence[Message]) -> None:
    """Publish in order, each with the time at which it is to count as received."""
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        for message in messages:
            properties = Properties(PacketTypes.PUBLISH)
            properties.UserProperty = ("edge-received", str(message.received))
            await client.publish(message.topic, message.payload, qos=1, properties=properties, timeout=WAIT_S)


def ask(service: Service, plant: Plant, host: PluginHost, expectation: Expectation) -> dict[str, dict[str, Any]]:
    """Answers of all KPIs over HTTP."""
    start, end = instants(expectation, plant.calendar(expectation.site))
    as_of = None if expectation.as_of is None else to_text(expectation.as_of)
    window = {"from": to_text(start), "to": to_text(end), "as_of": as_of}
    out = {}
    for kpi in service.get("/api/v1/kpis")["kpis"]:
        parts = [service.get(f"/api/v1/kpis/{kpi['name']}", asset=path, **window) for path in expectation.paths]
        out[kpi["name"]] = parts[0] if len(parts) == 1 else pooled(host, kpi["name"], parts)
    return out
