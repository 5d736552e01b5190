"""`edge influx setup|verify|dead` against a real InfluxDB."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.ledger import Plant
from bench.load import encoded, publish
from tests.brokers import Broker
from tests.influx.test_live import count, wait_sent
from tests.influxdb import Influx
from tests.patience import WAIT_S
from tests.running import Service

HOUR_NS = 3600 * 10**9
PLANT = {"products": {"P1": {"ideal_cycle_s": 0.2}}, "machines": {"works/*": {"product": "P1"}}}


def command(config: Path, settings: list[str], *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`edge influx ...`, ended."""
    sets = [part for setting in settings for part in ("--set", setting)]
    line = [sys.executable, "-m", "edge", "influx", *arguments, "--config", str(config), *sets]
    return subprocess.run(line, capture_output=True, text=True, timeout=WAIT_S, env={**os.environ, **environment})


@pytest.fixture
def fed() -> Iterator[tuple[Influx, Service]]:
    """A service that has sent a mixed load."""
    with Influx() as influx, Broker() as broker, Service(broker.url, plant=PLANT, settings=influx.settings) as service:
        # A text where the service will write numbers: these points can never be taken.
        influx.write(f'reading,machine=other pressure="text" {time.time_ns()}')
        publish(broker.port, encoded(Plant(6, 1000, seed=5), "mixed", 1000))
        service.wait_processed(1000)
        wait_sent(service, 500)
        yield influx, service


def test_what_was_refused_is_shown_compared_and_sent_again(fed: tuple[Influx, Service]) -> None:
    influx, service = fed
    readings = int(service.metrics()['edge_events_total{kind="reading"}'])
    state = service.get("/health/ready")["components"]["influx"]
    assert (state["dead_letters"], state["ok"]) == (readings, False)
    shown = command(service.config, service.settings, "dead", "--limit", "1")
    assert "422" in shown.stdout
    assert "pressure" in shown.stdout
    assert f"{readings} points refused" in shown.stdout
    influx.query('drop measurement "reading"')
    again = command(service.config, service.settings, "dead", "--send-again")
    assert f"sent {readings}, refused again 0" in again.stdout
    assert count(influx, "reading", "pressure") == readings
    assert command(service.config, service.settings, "dead").stdout == "0 points refused\n"
    _damage_and_verify(influx, service)


def _damage_and_verify(influx: Influx, service: Service) -> None:
    assert command(service.config, service.settings, "verify", "--exact").returncode == 0
    points = influx.query('select * from "reading" where "machine" = \'m001\' limit 2')
    influx.query(f'delete from "reading" where "machine" = \'m001\' and time = {points[0]["time"]}')
    tags = ",".join(f"{tag}={points[1][tag]}" for tag in ("area", "line", "machine", "site"))
    influx.write(f"reading,{tags} pressure=-1.0 {points[1]['time']}")
    looked = command(service.config, service.settings, "verify", "--no-repair")
    assert looked.returncode == 1
    assert "missing 1, different 1, sent again 0" in looked.stdout
    mended = command(service.config, service.settings, "verify")
    assert "missing 1, different 1, sent again 2" in mended.stdout
    assert "different: reading works/hall/" in mended.stdout
    clean = command(service.config, service.settings, "verify", "--exact")
    assert (clean.returncode, "missing 0, different 0, sent again 0" in clean.stdout) == (0, True)
    influx.kill()
    assert command(service.config, service.settings, "verify").returncode == 69


def test_what_waits_for_the_service_is_said(fed: tuple[Influx, Service]) -> None:
    influx, service = fed
    assert "waiting" not in command(service.config, service.settings, "verify").stdout
    influx.kill()
    with Broker() as broker:
        settings = [f"mqtt.url={broker.url}" if one.startswith("mqtt.url=") else one for one in service.settings]
        service.stop()
        service.settings = settings
        service.start()
        publish(broker.port, encoded(Plant(6, 300, seed=6), "readings", 300))
        service.wait_processed(1300)
        service.stop()
    influx.start()
    told = command(service.config, service.settings, "verify", "--no-repair").stdout
    found = re.search(r"about (\d+) points were still waiting", told)
    assert found, told
    assert 300 <= int(found[1]) < 400


def test_setup_makes_all_of_it_and_a_token_that_may_do_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text("")
    (tmp_path / "plant.toml").write_text("")
    with Influx(begin=False) as influx:
        settings = [f"influx.url={influx.url}"]
        target = tmp_path / "secrets" / "influx_token"
        arguments = ("setup", "--token-file", str(target), "--keep-days", "90")
        first = command(tmp_path, settings, *arguments)
        assert first.returncode == 0, first.stderr
        assert target.stat().st_mode & 0o777 == 0o600
        token = target.read_text()
        assert token not in first.stdout
        influx.write(f"reading,machine=m1 v=1.5 {time.time_ns()}", token=token)
        for method, path, body in (
            ("POST", "/api/v2/buckets", {"orgID": "x", "name": "b"}),
            ("POST", "/api/v2/authorizations", {"orgID": "x", "permissions": []}),
        ):
            with pytest.raises(urllib.error.HTTPError):
                influx.request(method, path, body, token=token)
        assert "buckets" not in json.dumps(influx.request("GET", "/api/v2/authorizations", token=token))
        again = command(tmp_path, settings, *arguments)
        assert (again.returncode, "give the token of its admin" in again.stderr) == (69, True)


def test_setup_of_a_server_in_use_keeps_figures_of_hours(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text("")
    (tmp_path / "plant.toml").write_text("")
    with Influx() as influx:
        for days in ("0", "3"):  # shorter than what InfluxDB keeps together of a bucket that keeps for good
            arguments = ("setup", "--token-file", str(tmp_path / "token"), "--keep-days", days)
            done = command(tmp_path, [f"influx.url={influx.url}"], *arguments, INFLUX_TOKEN=influx.token)
            assert done.returncode == 0, done.stderr
        hour = (time.time_ns() // HOUR_NS - 2) * HOUR_NS
        influx.write("\n".join(f"reading,machine=m1 a={n}.5 {hour + n * 60 * 10**9}" for n in range(60)))
        (task,) = influx.request("GET", "/api/v2/tasks")["tasks"]
        influx.request("POST", f"/api/v2/tasks/{task['id']}/runs", {})
        influx.bucket += "_hours"
        deadline = time.monotonic() + WAIT_S
        while not influx.query("select * from reading_count"):  # the last of the four
            assert time.monotonic() < deadline, influx.request("GET", f"/api/v2/tasks/{task['id']}/logs")
            time.sleep(0.05)
        found = {name: influx.query(f"select * from reading_{name}") for name in ("mean", "min", "max", "count")}
        assert {name: [(row["time"], row["a"]) for row in rows] for name, rows in found.items()} == {
            "mean": [(hour, 30.0)], "min": [(hour, 0.5)], "max": [(hour, 59.5)], "count": [(hour, 60)],
        }  # fmt: skip


def test_setup_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text("")
    (tmp_path / "plant.toml").write_text("")
    assert "influx.token_file" in command(tmp_path, [], "setup").stderr
    away = command(tmp_path, ["influx.url=http://127.0.0.1:9"], "setup", "--token-file", str(tmp_path / "t"))
    assert (away.returncode, "does not answer" in away.stderr) == (69, True)
    assert not (tmp_path / "t").exists()
