"""Passwords and certificates, against a broker that insists on them."""

from __future__ import annotations

import asyncio
import gc
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from edge.mqtt.options import MqttOptions
from tests.brokers import Broker, free_port
from tests.mqtt.taker import Taker
from tests.servers import find

Protocol = Literal["5", "3.1.1"]
LISTENER = """
listener {port} 127.0.0.1
cafile ca.crt
certfile server.crt
keyfile server.key
require_certificate true
"""


@pytest.fixture(params=["5", "3.1.1"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return "5" if request.param == "5" else "3.1.1"


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def certificate(folder: Path, name: str, subject: str) -> None:
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-subj", f"/CN={subject}",
            "-addext", "subjectAltName=IP:127.0.0.1", "-out", f"{name}.csr")  # fmt: skip
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-copy_extensions", "copy", "-days", "2", "-out", f"{name}.crt")  # fmt: skip


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A little authority of our own: ca.crt, server.crt/.key for 127.0.0.1, client.crt/.key."""
    folder = tmp_path_factory.mktemp("certificates")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-subj", "/CN=test authority",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign",
            "-days", "2", "-out", "ca.crt")  # fmt: skip
    certificate(folder, "server", "broker")
    certificate(folder, "client", "edge")
    return folder


@pytest.fixture
def secure(certificates: Path) -> Iterator[str]:
    """The URL of a broker that wants a client certificate."""
    port = free_port()
    broker = Broker(("persistence false", *LISTENER.format(port=port).strip().splitlines()))
    for path in certificates.iterdir():
        (broker.folder / path.name).write_bytes(path.read_bytes())
    with broker:
        yield f"mqtts://127.0.0.1:{port}"


def options(url: str, protocol: Protocol, **more: Any) -> MqttOptions:
    return MqttOptions(url=url, client_id="edge-test", protocol=protocol, **more)


async def test_a_client_certificate_opens_the_door(secure: str, certificates: Path, protocol: Protocol) -> None:
    files = {
        "ca_file": str(certificates / "ca.crt"),
        "cert_file": str(certificates / "client.crt"),
        "key_file": str(certificates / "client.key"),
    }
    async with Taker(options(secure, protocol, **files)) as taker:
        await taker.subscribed()


# paho leaves the socket of a handshake that failed to the garbage collector, which complains
@pytest.mark.filterwarnings("ignore:unclosed", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_of_an_unknown_authority_is_not_trusted(secure: str, protocol: Protocol) -> None:
    async with Taker(options(secure, protocol)) as taker:
        await taker.until(lambda: taker.source.status.error)
        assert "certificate verify failed" in (taker.source.status.error or "").lower()
        assert not taker.source.status.connected
    gc.collect()


async def test_without_our_certificate_the_broker_refuses(secure: str, certificates: Path, protocol: Protocol) -> None:
    async with Taker(options(secure, protocol, ca_file=str(certificates / "ca.crt"))) as taker:
        await taker.until(lambda: taker.source.status.error)
        assert not taker.source.status.subscribed


async def test_a_missing_file_is_named_and_waited_for(secure: str, certificates: Path, protocol: Protocol) -> None:
    async with Taker(options(secure, protocol, ca_file=str(certificates / "absent.crt"))) as taker:
        await taker.until(lambda: taker.source.status.error)
        assert "No such file" in (taker.source.status.error or "")


async def test_a_password_file_is_read_again_at_each_attempt(tmp_path: Path, protocol: Protocol) -> None:
    broker = Broker(("persistence false", "password_file passwords"), anonymous=False)
    (broker.folder / "passwords").touch()
    await asyncio.to_thread(
        subprocess.run,
        [find("mosquitto", "mosquitto_passwd"), "-b", "passwords", "edge", "right"],
        cwd=broker.folder,
        check=True,
    )
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    with broker:
        wanted = options(broker.url, protocol, username="edge", password_file=str(secret))
        async with Taker(wanted) as taker:
            await taker.until(lambda: taker.source.status.error)
            assert "refuses" in (taker.source.status.error or "")
            secret.write_text("right\n")
        async with Taker(wanted) as taker:
            await taker.subscribed()
