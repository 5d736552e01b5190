"""The files that put the service into production: broker settings and rights, compose file, image, passwords."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.settings.service import ServiceSettings
from tests.brokers import Broker
from tests.patience import WAIT_S
from tests.running import Service

ROOT = Path(__file__).resolve().parent.parent
M001 = "demo/packing/l1/m001"
NOT_AUTHORISED = 135


def passwords(folder: Path, *arguments: str) -> str:
    """What `tools/passwords.py` prints."""
    command = [sys.executable, str(ROOT / "tools/passwords.py"), "--folder", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    passwords(folder, "init")
    return folder


@pytest.fixture
def broker(secrets: Path) -> Iterator[Broker]:
    """The shipped settings, with the container's paths replaced and the port chosen freely."""
    for asset in (M001, "demo/packing/l2"):
        (secrets / asset.replace("/", "-")).write_text(passwords(secrets, "add", asset))
    lines = (ROOT / "config/mosquitto.conf").read_text().splitlines()
    moved = {
        "/mosquitto/users": f"{secrets}/mosquitto_users",
        "/mosquitto/acl": f"{ROOT}/config/mosquitto.acl",
    }
    own = ("listener ", "persistence_location ", "allow_anonymous ")
    kept = [line for line in lines if line and line[0] != "#" and not line.startswith(own)]
    settings = [" ".join(moved.get(word, word) for word in line.split(" ")) for line in kept]
    listener = [line for line in settings if line.startswith("use_username")]  # must stand below the listener
    with Broker([*listener, *(line for line in settings if line not in listener)], anonymous=False) as running:
        yield running


class Client:
    """One MQTT 5 connection that keeps its session; `got` holds what was delivered."""

    def __init__(self, broker: Broker, user: str, password: str, client_id: str = "") -> None:
        self.got: list[tuple[str, bytes]] = []
        self.answers: list[int] = []
        self.changed = threading.Condition()
        self.paho = mqtt.Client(CallbackAPIVersion.VERSION2, client_id or user, protocol=mqtt.MQTTv5)
        self.paho.username_pw_set(user, password)
        self.paho.on_message = lambda _c, _u, message: self._note(self.got, (message.topic, message.payload))
        self.paho.on_connect = lambda _c, _u, _f, code, _p: self._note(self.answers, code.value)
        self.paho.on_publish = lambda _c, _u, _mid, code, _p: self._note(self.answers, code.value)
        self.paho.on_subscribe = lambda _c, _u, _mid, codes, _p: self._note(self.answers, codes[0].value)
        keep = Properties(PacketTypes.CONNECT)
        keep.SessionExpiryInterval = 3600
        self.paho.connect("127.0.0.1", broker.port, clean_start=False, properties=keep)
        self.paho.loop_start()
        self.connected = self._answer(1)

    def _note(self, place: list[Any], item: Any) -> None:
        with self.changed:
            place.append(item)
            self.changed.notify_all()

    def _answer(self, n: int) -> int:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.answers) >= n, WAIT_S), "the broker gave no answer"
            return self.answers[n - 1]

    def publish(self, topic: str, payload: str = "{}") -> int:
        """The broker's reason code; 0 or 16 (nobody listens) means taken."""
        n = len(self.answers) + 1
        self.paho.publish(topic, payload, qos=1)
        return self._answer(n)

    def subscribe(self, topic: str) -> int:
        n = len(self.answers) + 1
        self.paho.subscribe(topic, qos=1)
        return self._answer(n)

    def wait_for(self, n: int) -> list[str]:
        """Topics delivered so far, once there are `n`."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.got) >= n, WAIT_S)
            return [topic for topic, _ in self.got]

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


@pytest.fixture
def connect(broker: Broker, secrets: Path) -> Iterator[Any]:
    clients: list[Client] = []

    def make(user: str, client_id: str = "", password: str | None = None) -> Client:
        name = {"@edge": "mqtt_password", "@health": "mqtt_health_password"}.get(user, user.replace("/", "-"))
        clients.append(Client(broker, user, password or (secrets / name).read_text(), client_id))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


# --- the broker's settings, in a real broker -----------------------------------------------------


def test_machine_writes_only_below_its_own_path(connect: Any) -> None:
    service, machine = connect("@edge"), connect(M001)
    service.subscribe("shopfloor/v1/#")
    assert machine.publish(f"shopfloor/v1/{M001}/state") == 0
    for foreign in ("demo/packing/l1/m002/state", "demo/packing/l1/m0011/state", "other/packing/l1/m001/state"):
        assert machine.publish(f"shopfloor/v1/{foreign}") == NOT_AUTHORISED
    assert machine.publish("anything/else") == NOT_AUTHORISED
    assert service.wait_for(1) == [f"shopfloor/v1/{M001}/state"]


def test_gateway_of_a_line_writes_for_its_machines_only(connect: Any) -> None:
    gateway = connect("demo/packing/l2")
    assert gateway.publish("shopfloor/v1/demo/packing/l2/m004/count") in (0, 16)
    assert gateway.publish("shopfloor/v1/demo/packing/l1/m001/count") == NOT_AUTHORISED


def test_service_reads_and_never_writes(connect: Any) -> None:
    service = connect("@edge")
    for topic in (f"shopfloor/v1/{M001}/state", "shopfloor/v1/@edge/a/b/c/state", "$edge/gap"):
        assert service.publish(topic) == NOT_AUTHORISED


def test_machine_reads_nothing(connect: Any) -> None:
    machine, service = connect(M001), connect("@edge")
    machine.subscribe("#")
    service.subscribe("shopfloor/v1/#")
    machine.publish(f"shopfloor/v1/{M001}/count")
    assert service.wait_for(1) == [f"shopfloor/v1/{M001}/count"]  # delivered to the one, so it was there for the other
    assert machine.got == []


def test_wrong_password_is_refused(connect: Any) -> None:
    assert connect(M001, password="guessed").connected == NOT_AUTHORISED


def test_nobody_takes_over_the_session_of_the_service(connect: Any) -> None:
    service = connect("@edge", client_id="shopfloor-edge")
    service.subscribe("shopfloor/v1/#")
    thief = connect(M001, client_id="shopfloor-edge")
    assert thief.publish(f"shopfloor/v1/{M001}/state") == 0
    assert service.wait_for(1) == [f"shopfloor/v1/{M001}/state"]


def test_health_check_reads_the_uptime(connect: Any) -> None:
    health = connect("@health")
    health.subscribe("$SYS/broker/uptime")
    assert health.wait_for(1) == ["$SYS/broker/uptime"]


def test_queue_beyond_the_default_length_survives_a_kill(broker: Broker, connect: Any) -> None:
    service = connect("@edge")
    service.subscribe("shopfloor/v1/#")
    service.close()
    machine = connect(M001)
    for n in range(1500):
        machine.paho.publish(f"shopfloor/v1/{M001}/count", str(n), qos=1)
    machine._answer(1501)
    machine.close()
    saved = broker.folder / "mosquitto.db"
    size = -1
    deadline = time.monotonic() + WAIT_S
    while not (saved.exists() and saved.stat().st_size == size > 1500 * 40) and time.monotonic() < deadline:
        size = saved.stat().st_size if saved.exists() else -1
        time.sleep(1.1)  # longer than autosave_interval, so an unchanged size means that all is written
    broker.kill()
    assert broker.start()
    back = connect("@edge")
    back.wait_for(1500)
    assert [int(payload) for _, payload in back.got] == list(range(1500))


def test_service_gets_what_was_published_while_it_was_away(broker: Broker, connect: Any, secrets: Path) -> None:
    settings = ["mqtt.username=@edge", f"mqtt.password_file={secrets / 'mqtt_password'}"]
    machine = connect(M001)
    with Service(broker.url, settings=settings) as service:
        service.stop()
        for n in range(3):
            payload = f'{{"ts": {time.time_ns() // 10**6}, "total": 1, "id": {n}}}'
            assert machine.publish(f"shopfloor/v1/{M001}/count", payload) == 0
        service.start()
        service.wait_processed(3, WAIT_S)
        assert len(service.get("/api/v1/events", asset=M001)["events"]) == 3


# --- passwords -----------------------------------------------------------------------------------


def test_passwords_are_made_once_and_no_two_alike(secrets: Path) -> None:
    names = ("mqtt_password", "mqtt_health_password", "influx_password", "influx_admin_token")
    first = [(secrets / name).read_text() for name in names]
    passwords(secrets, "init")
    assert [(secrets / name).read_text() for name in names] == first
    assert len(set(first)) == len(first)
    assert secrets.stat().st_mode & 0o777 == 0o700


def test_user_is_added_and_removed(secrets: Path) -> None:
    assert passwords(secrets, "add", M001) != passwords(secrets, "add", M001)
    assert passwords(secrets, "list").split() == ["@edge", "@health", M001]
    passwords(secrets, "remove", M001)
    assert passwords(secrets, "list").split() == ["@edge", "@health"]


@pytest.mark.parametrize("name", ["#", "+/packing", "a//b", "@edge", "a/b/c/d/e", "a:b", ""])
def test_user_that_is_no_asset_path_is_refused(secrets: Path, name: str) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        passwords(secrets, "add", name)


# --- compose file and image ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_every_container_is_watched_and_comes_back(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if service["restart"] == "on-failure":  # what is done once
            assert service["healthcheck"]["disable"], name
        else:
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name
        assert re.fullmatch(r"[a-z/-]+:[0-9.]+", service["image"]), (
            f"{name}: an image without a version moves by itself"
        )
        assert service["mem_limit"], name


def test_ports_are_open_to_this_machine_alone(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(re.match(r"\$\{EDGE_\w+_BIND:-127\.0\.0\.1\}:", port) for port in ports)


def test_no_secret_stands_in_the_compose_file(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for key in service.get("environment", {}):
            assert not re.search(r"PASSWORD$|TOKEN$|SECRET$", key), f"{key}: use {key}_FILE"


def test_every_secret_is_made_by_the_documented_command(compose: dict[str, Any], secrets: Path) -> None:
    for secret in compose["secrets"].values():
        assert (secrets / Path(secret["file"]).name).is_file(), secret["file"]
    used = {name for service in compose["services"].values() for name in service.get("secrets", ())}
    assert used == set(compose["secrets"])


def test_services_wait_for_what_there_is_and_the_edge_for_nothing_of_influxdb(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        waits = service.get("depends_on", [])
        for other in waits:
            condition = waits[other]["condition"] if isinstance(waits, dict) else "service_started"
            needed = {"service_healthy": "healthcheck", "service_completed_successfully": "restart"}.get(condition)
            assert needed is None or needed in services[other], (name, other)
            assert condition != "service_completed_successfully" or services[other]["restart"] == "on-failure"
    assert services["edge"]["depends_on"] == ["mosquitto"]
    knows = {name for name, service in services.items() if "influx_admin_token" in service.get("secrets", ())}
    assert knows == {"influxdb", "influx-setup"}


def test_every_mounted_file_and_volume_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            if source == "./plugins.d":
                continue  # docker makes it where it is missing, and it may be empty
            assert (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"], mount


def test_environment_of_the_container_is_known_to_the_settings(compose: dict[str, Any]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    keys = [*compose["services"]["edge"]["environment"], *re.findall(r"\b(EDGE__\w+)=", dockerfile)]
    unit = re.findall(r"^Environment=(EDGE__\w+)=", (ROOT / "deploy/edge.service").read_text(), flags=re.MULTILINE)
    for key in [*keys, *unit]:
        section, name = key.removeprefix("EDGE__").lower().split("__")
        field = ServiceSettings.model_fields[section]
        assert field.annotation is not None
        assert name in field.annotation.model_fields, key


def test_image_copies_what_exists_and_runs_without_root() -> None:
    text = (ROOT / "Dockerfile").read_text()
    final = text[text.rindex("\nFROM") :]
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, flags=re.MULTILINE):
        assert all((ROOT / source).exists() for source in sources.split())
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", final, flags=re.MULTILINE)
    assert "HEALTHCHECK" in final


def test_lock_has_the_sections_that_the_image_cuts_it_by() -> None:
    text = (ROOT / "requirements.lock").read_text()
    titles = re.findall(r"^# --- (\w+)$", text, flags=re.MULTILINE)
    runtime = text[: text.index("# --- build")]
    assert titles == ["runtime", "build", "development"]
    assert "\nfastapi==" in runtime
    assert "\nhatchling==" not in runtime
    assert "\npytest==" not in text[: text.index("# --- development")]
    assert "://" not in text
