"""What the compose file does with InfluxDB, done without containers: its commands and settings with other paths."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.ledger import Plant
from bench.load import encoded, publish
from tests.brokers import Broker
from tests.influx.test_live import count, wait_sent
from tests.influxdb import Influx
from tests.patience import WAIT_S
from tests.running import Service

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


class Box:
    """A folder in place of the containers' volumes and secrets, and a server set up as InfluxDB's image does it."""

    def __init__(self, folder: Path, influx: Influx) -> None:
        self.folder, self.influx = folder, influx
        (folder / "tokens").mkdir()  # as the image has it
        made = [sys.executable, str(ROOT / "tools/passwords.py"), "--folder", str(folder / "secrets"), "init"]
        subprocess.run(made, check=True, capture_output=True)
        said = SERVICES["influxdb"]["environment"]
        prefix = "DOCKER_INFLUXDB_INIT_"
        first = {name: self.outside(said[f"{prefix}{name}"]) for name in ("USERNAME", "ORG", "BUCKET")}
        password, influx.token = (
            Path(self.outside(said[f"{prefix}{name}_FILE"])).read_text() for name in ("PASSWORD", "ADMIN_TOKEN")
        )
        influx.request("POST", "/api/v2/setup", {
            "username": first["USERNAME"], "password": password, "org": first["ORG"], "bucket": first["BUCKET"],
            "token": influx.token,
        })  # fmt: skip

    def outside(self, text: str) -> str:
        """A word of the compose file as it means here."""
        text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text)
        for inside, here in {
            "/run/secrets": self.folder / "secrets",
            "/var/lib/edge-influx": self.folder / "tokens",
            "/etc/edge": ROOT / "config",
            "http://influxdb:8086": self.influx.url,
        }.items():
            text = text.replace(inside, str(here))
        return text

    def environment(self, service: str) -> dict[str, str]:
        return {name: self.outside(text) for name, text in SERVICES[service]["environment"].items()}

    def up(self) -> None:
        """What `influx-setup` does at every `docker compose up`."""
        line = [sys.executable, "-m", "edge", *map(self.outside, SERVICES["influx-setup"]["command"])]
        environment = {**os.environ, **self.environment("influx-setup")}
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, env=environment)
        assert done.returncode == 0, done.stderr

    def token(self, name: str) -> str:
        return (self.folder / "tokens" / name).read_text()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Influx(begin=False) as influx:
        yield Box(tmp_path, influx)


def test_tokens_are_made_once_and_may_do_what_they_are_for(box: Box) -> None:
    influx = box.influx
    box.up()
    service, reader = box.token("service"), box.token("reader")
    modes = {name: (box.folder / "tokens" / name).stat().st_mode & 0o777 for name in ("service", "reader")}
    assert modes == {"service": 0o600, "reader": 0o640}
    box.up()
    assert (box.token("service"), box.token("reader")) == (service, reader)
    assert len(influx.request("GET", "/api/v2/authorizations")["authorizations"]) == 3  # with the admin's
    influx.write(f"reading,machine=m1 v=1.5 {time.time_ns()}", token=service)
    with pytest.raises(urllib.error.HTTPError):
        influx.write(f"reading,machine=m1 v=1.5 {time.time_ns()}", token=reader)
    organisation = influx.request("GET", "/api/v2/orgs")["orgs"][0]["id"]
    for token in (service, reader):
        with pytest.raises(urllib.error.HTTPError):
            influx.request("POST", "/api/v2/buckets", {"orgID": organisation, "name": "b"}, token=token)
    influx.token = reader
    assert len(influx.query("select v from reading")) == 1


def test_a_token_that_is_not_known_any_more_is_made_anew(box: Box) -> None:
    box.up()
    before = box.token("service"), box.token("reader")
    for one in box.influx.request("GET", "/api/v2/authorizations")["authorizations"]:
        if one["token"] in before:
            box.influx.request("DELETE", f"/api/v2/authorizations/{one['id']}")
    box.up()
    after = box.token("service"), box.token("reader")
    assert not {*before} & {*after}
    box.influx.write(f"reading,machine=m1 v=1.5 {time.time_ns()}", token=after[0])


def test_the_service_begins_before_its_token_is_there_and_takes_it_up(box: Box) -> None:
    told = {name: text for name, text in box.environment("edge").items() if name.startswith("EDGE__INFLUX__")}
    settings = [f"influx.{name.removeprefix('EDGE__INFLUX__').lower()}={text}" for name, text in told.items()]
    with Broker() as broker, Service(broker.url, settings=settings) as service:
        publish(broker.port, encoded(Plant(2, 100, seed=1), "readings", 100))
        service.wait_processed(100)
        deadline = time.monotonic() + WAIT_S
        while service.get("/health/ready")["components"]["influx"]["ok"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        box.up()
        wait_sent(service, 100)
        box.influx.token = box.token("reader")
        assert count(box.influx, "reading", "temperature") == 100
