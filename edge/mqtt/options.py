"""How to reach the broker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    import ssl

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class MqttOptions(msgspec.Struct, frozen=True):
    """`url` is mqtt://host[:port] or mqtts://host[:port]; `filters` are subscribed at QoS 1 at each connection. What is
    `former` is given up then: the session has it from an earlier run.

    `received_property` takes the received time from the user property `edge-received` (microseconds) of a message that
    has one: for services that forward to each other. MQTT 5 only, as are `receive_maximum` and `session_expiry_s`."""

    url: str
    client_id: str
    filters: tuple[str, ...] = ("shopfloor/v1/#",)
    former: tuple[str, ...] = ()
    protocol: Literal["5", "3.1.1"] = "5"
    username: str | None = None
    secret: str | None = None  # the password itself, where it comes from the environment
    password_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    receive_maximum: int = 1000
    keep_alive_s: int = 15
    session_expiry_s: int = 7 * 86_400
    max_packet_bytes: int = 1 << 20
    received_property: bool = False

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or _PORTS.get(parts.scheme, 1883)

    @property
    def broker(self) -> str:
        """host:port, for people."""
        return f"{self.host}:{self.port}"

    def password(self) -> bytes | None:
        """A file is read at each connection, so that a changed one needs no restart; OSError where it is missing."""
        if self.secret is not None:
            return self.secret.encode()
        return Path(self.password_file).read_bytes().strip(b"\r\n") if self.password_file else None

    @property
    def encrypted(self) -> bool:
        return urlsplit(self.url).scheme == "mqtts"

    def tls(self) -> ssl.SSLContext | None:
        """None for mqtt://; OSError (ssl.SSLError is one) where a file is missing or no certificate."""
        if not self.encrypted:
            return None
        import ssl  # only now: a process without it is 5 MB smaller

        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert_file:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context
