"""A subscriber that keeps every message a test's broker delivers."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.patience import WAIT_S


class Collector:
    """`with Collector(broker.port) as collector: ... collector.wait_for(3)` gives paho's messages in order."""

    def __init__(self, port: int, topic: str = "#", qos: int = 1) -> None:
        self._port, self._topic, self._qos = port, topic, qos
        self._messages: list[paho.MQTTMessage] = []
        self._subscribed = False
        self._change = threading.Condition()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.on_connect = lambda *_: self._client.subscribe(self._topic, self._qos)
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        with self._change:
            assert self._change.wait_for(lambda: self._subscribed, WAIT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None

    def wait_for(self, count: int, timeout_s: float = WAIT_S) -> list[paho.MQTTMessage]:
        """The messages so far, once there are `count`."""
        with self._change:
            assert self._change.wait_for(lambda: len(self._messages) >= count, timeout_s), len(self._messages)
            return list(self._messages)

    def _on_subscribe(self, *_: Any) -> None:
        with self._change:
            self._subscribed = True
            self._change.notify_all()

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        with self._change:
            self._messages.append(message)
            self._change.notify_all()
