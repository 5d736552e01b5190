"""What is particular to the MQTT 3.1.1 source: it reaches into aiomqtt, and must hear of it when that changes."""

from __future__ import annotations

import inspect

import aiomqtt
import paho.mqtt.client as paho


async def test_the_private_parts_that_the_source_uses_are_where_they_were() -> None:
    client = aiomqtt.Client("127.0.0.1")
    assert isinstance(client._client, paho.Client)
    assert client._disconnected.done() is False
    for name in ("on_connect", "on_disconnect", "on_message", "on_socket_open"):
        assert hasattr(client._client, name)
    connect = inspect.signature(client._on_connect)
    assert list(connect.parameters)[:4] == ["client", "userdata", "flags", "reason_code"]
    assert len(inspect.signature(client._on_disconnect).parameters) == 5


def test_paho_acknowledges_by_hand() -> None:
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
    client.manual_ack_set(True)
    assert client._manual_ack is True
    assert list(inspect.signature(client.ack).parameters) == ["mid", "qos"]
    assert "session_present" in paho.ConnectFlags._fields
    assert {"loop_read", "socket", "connect_timeout", "disconnect", "_sock_close", "_send_pingreq"} <= set(
        dir(paho.Client)
    )
