"""Which connection speaks which version of MQTT."""

from __future__ import annotations

from edge.mqtt.options import MqttOptions
from edge.mqtt.source import Connection


def connection_type(options: MqttOptions) -> type[Connection]:
    """Imports only the client library that is needed: the other one costs memory."""
    if options.protocol == "5":
        from edge.mqtt.v5 import Mqtt5Connection

        return Mqtt5Connection
    from edge.mqtt.v311 import AiomqttConnection

    return AiomqttConnection
