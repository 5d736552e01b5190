"""Publishes messages to the broker of the settings with a bounded number under way; for tools, not for the service.

The service itself never publishes. paho-mqtt stays inside this file.
"""

from __future__ import annotations

import os
import ssl
import threading
import unicodedata
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.settings.service import MqttSettings

WINDOW = 500
CONNECT_S = 20.0
PATIENCE_S = 60.0  # without room for the next message: longer than a broker takes to restart
FRUITLESS_MAX = 5  # connections in a row that ended without one acknowledgement: something in the window is refused
PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
TOPIC_BYTES = 65_535


class PublishError(Exception):
    """The broker cannot be reached, refuses the connection, or refuses what is published."""


def topic_fault(topic: str) -> str | None:
    """Why nobody can publish under `topic`; None where it is right. Brokers end a connection for such a topic."""
    if not topic or "+" in topic or "#" in topic:
        return "the topic must not be empty, nor hold + or #"
    if any(unicodedata.category(char) in ("Cc", "Cs", "Cn") for char in topic):
        return "the topic holds characters that MQTT does not allow"
    return None if len(topic.encode()) <= TOPIC_BYTES else "the topic is too long"


class Publisher:
    """`with Publisher(settings.mqtt, "tool") as publisher: publisher.publish(topic, payload)`.

    Messages of QoS 1 and 2 that the broker had not confirmed when a connection broke go out again on the next one.
    """

    def __init__(self, mqtt: MqttSettings, name: str) -> None:
        self._mqtt = mqtt
        self._window = WINDOW
        self._under_way = 0
        self._fruitless = 0
        self._refusal: str | None = None
        self._connected = False
        self._change = threading.Condition()
        self._client = self._make_client(name)

    def _make_client(self, name: str) -> paho.Client:
        mqtt = self._mqtt
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{mqtt.client_id}-{name}-{os.getpid()}",
            protocol=PROTOCOLS[mqtt.protocol],
        )
        client.max_inflight_messages_set(0)  # the window here is what bounds
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.reconnect_delay_set(1, 10)
        if mqtt.username is not None:
            password = mqtt.password.get_secret_value() if mqtt.password is not None else None
            client.username_pw_set(mqtt.username, password)
        if mqtt.tls:
            context = ssl.create_default_context(cafile=mqtt.ca_file)
            if mqtt.cert_file is not None:
                context.load_cert_chain(mqtt.cert_file, mqtt.key_file)
            client.tls_set_context(context)
        return client

    def __enter__(self) -> Self:
        """Connect; PublishError where the broker does not answer in time or says no."""
        mqtt = self._mqtt
        try:
            self._client.connect(mqtt.host, mqtt.port, keepalive=mqtt.keep_alive_s)
        except OSError as error:
            self._close()
            raise PublishError(f"no broker at {mqtt.url}: {error}") from error
        self._client.loop_start()
        with self._change:
            self._change.wait_for(lambda: self._connected or self._refusal is not None, CONNECT_S)
            if self._connected:
                return self
        self._close()
        raise PublishError(self._refusal or f"the broker at {mqtt.url} does not answer")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what is under way (not after an error), say good-bye."""
        try:
            if kind is None:
                self.drain()
        finally:
            self._close()

    def _close(self) -> None:
        client = self._client
        client.disconnect()
        client.loop_stop()
        client.on_connect = client.on_disconnect = client.on_publish = None  # no cycle: its sockets close with it

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand one message over, waiting while too many are under way; PublishError where none gets through."""
        self._wait_until_fewer_than(self._window)
        with self._change:
            self._under_way += 1
        self._client.publish(topic, payload, qos, retain)

    def drain(self) -> None:
        """Wait until nothing is under way; PublishError where the broker does not confirm it."""
        self._wait_until_fewer_than(1)

    def _wait_until_fewer_than(self, limit: int) -> None:
        with self._change:
            done = self._change.wait_for(lambda: self._under_way < limit or self._refusal is not None, PATIENCE_S)
            if self._refusal is not None:
                raise PublishError(self._refusal)
            if not done:
                raise PublishError(f"the broker at {self._mqtt.url} has not confirmed {self._under_way} messages")

    def _on_connect(
        self, client: paho.Client, userdata: Any, flags: paho.ConnectFlags, reason: ReasonCode, more: Properties | None
    ) -> None:
        with self._change:
            if reason.is_failure:
                self._refusal = f"the broker at {self._mqtt.url} refuses the connection: {reason}"
            else:
                self._connected = True
                self._window = min(WINDOW, getattr(more, "ReceiveMaximum", WINDOW))
            self._change.notify_all()

    def _on_disconnect(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        more: Properties | None,
    ) -> None:
        with self._change:
            self._fruitless += 1
            if self._fruitless >= FRUITLESS_MAX:
                self._refusal = f"the broker at {self._mqtt.url} ends every connection: {reason}"
            self._change.notify_all()

    def _on_publish(self, client: paho.Client, userdata: Any, mid: int, reason: ReasonCode, more: Properties) -> None:
        with self._change:
            self._fruitless = 0
            self._under_way -= 1
            self._change.notify()
