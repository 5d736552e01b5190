"""Plant data changed over HTTP: from its instant on numbers are others, over a restart and a rebuild too."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest

from tests.brokers import Broker, publish
from tests.running import Service, is_refused

ASSET = "demo/hall/line/m1"
SHIFT = {"name": "day", "start": "06:00", "end": "14:00"}
PLANT = {
    "products": {"P": {"ideal_cycle_s": 20}},
    "sites": {"demo": {"shifts": [SHIFT]}},
    "machines": {"demo/*": {"product": "P", "stale_after_s": 0}},
}
DAY = {"from": "2025-03-03T06:00:00Z", "to": "2025-03-03T14:00:00Z"}
PEOPLE = {"by": "eva", "why": "new nozzles"}
CYCLE = {"ideal_cycle_s": 10, "valid_from": "2025-03-03T10:15:00Z", **PEOPLE}


def record() -> list[tuple[str, bytes]]:
    """A day of running, a part each minute."""
    told: list[tuple[str, dict[str, Any]]] = [("state", {"ts": "2025-03-03T06:00:00Z", "state": "running"})]
    told += [
        ("count", {"ts": f"2025-03-03T{6 + n // 60:02}:{n % 60:02}:30Z", "total": 1, "bad": 0}) for n in range(480)
    ]
    return [(f"shopfloor/v1/{ASSET}/{kind}", json.dumps(body).encode()) for kind, body in told]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with Broker() as broker, Service(broker.url, plant=PLANT) as service:
        publish(broker.port, record())
        service.wait_processed(481)
        yield service


def oee(service: Service, **parameters: str) -> Any:
    return service.get("/api/v1/kpis/oee", asset=ASSET, **{**DAY, **parameters})


def test_a_change_holds_from_its_instant_on_and_over_restart_and_rebuild(service: Service) -> None:
    before = oee(service)
    assert before["facts"]["ideal_total_s"] == 480 * 20
    made = service.put("/api/v1/plant/products/P", CYCLE)
    after = oee(service)
    assert after["facts"]["ideal_total_s"] == 255 * 20 + 225 * 10
    assert [one["ideal_s"]["P"] for one in after["settings"]["versions"]] == [20, 10]
    assert oee(service, to=CYCLE["valid_from"])["facts"]["ideal_total_s"] == 255 * 20
    assert oee(service, as_of=before["as_of"])["facts"] == before["facts"]
    (listed,) = service.get("/api/v1/plant/changes")["changes"]
    assert (listed["id"], listed["by"], listed["why"]) == (made["id"], "eva", "new nozzles")
    assert service.get(f"/api/v1/messages/{made['offset']}")["topic"] == "$edge/plant"
    service.stop()
    service.start()
    assert oee(service)["facts"] == after["facts"]
    service.stop()
    sets = [part for setting in service.settings for part in ("--set", setting)]
    subprocess.run([sys.executable, "-m", "edge", "rebuild", "--config", str(service.config), *sets], check=True)
    service.start()
    assert oee(service)["facts"] == after["facts"]
    assert service.post(f"/api/v1/plant/changes/{made['id']}/revoke", PEOPLE)["id"] != made["id"]
    assert oee(service)["facts"] == before["facts"]


@pytest.mark.parametrize(
    ("path", "body", "parameter", "expected"),
    [
        ("/products/P", {"ideal_cycle_s": 0}, "ideal_cycle_s", "greater than 0"),
        ("/products/P", {"ideal_cycle_s": "10"}, "ideal_cycle_s", "10"),
        ("/products/P", {"ideal_cycle": 10}, "ideal_cycle", "ideal_cycle_s"),
        ("/products/P", {}, "body", "what holds from then on"),
        ("/machines/demo/*", {"product": "PP"}, "product", "P"),
        ("/machines/demo/*", {"microstop_threshold_s": -1}, "microstop_threshold_s", "0 or more"),
        ("/machines/demo/*", {"monitor_interval_s": 5}, "monitor_interval_s", "the plant file alone"),
        ("/machines/demo/*", {"signals": {"v": {"low": 9, "high": 1}}}, "signals.v.high", "greater than low"),
        ("/machines/demo/hall", {"product": "P"}, "name", "demo/hall/*"),
        ("/machines/elsewhere/*", {"product": "P"}, "name", "no table"),
        ("/machines/demo/*", {"stale_after_s": 2}, "stale_after_s", "5 or more"),
        (
            "/sites/demo/shifts",
            {"shifts": [SHIFT | {"start": "25:00"}]},
            "shifts[0].start",
            "from",
        ),
        ("/sites/else/shifts", {"shifts": []}, "site", "demo"),
        ("/reasons/demo/*", {"stop_reasons": [str(n) for n in range(21)]}, "stop_reasons", "20"),
        ("/reasons/demo/*", {"stop_reasons": ["jam", "jam"]}, "stop_reasons[1]", "twice"),
    ],
)
def test_a_change_that_could_not_hold_is_refused_as_the_plant_file_would_be(
    service: Service, path: str, body: dict[str, Any], parameter: str, expected: str
) -> None:
    known = len(service.get("/api/v1/plant/changes")["changes"])
    with pytest.raises(urllib.error.HTTPError) as refused:
        service.put(f"/api/v1/plant{path}", {"valid_from": "2025-03-03T10:00:00Z", **PEOPLE, **body})
    with refused.value as answer:
        problem = is_refused(answer)
    assert problem["parameter"] == parameter, problem
    assert expected in problem["expected"], problem
    assert len(service.get("/api/v1/plant/changes")["changes"]) == known


def test_what_a_later_change_needs_cannot_be_revoked(service: Service) -> None:
    product = service.put("/api/v1/plant/products/N", {**CYCLE, "ideal_cycle_s": 5})
    needing = {"product": "N", "valid_from": "2025-03-04T00:00:00Z", **PEOPLE}
    machines = service.put("/api/v1/plant/machines/demo/*", needing)
    with pytest.raises(urllib.error.HTTPError) as refused:
        service.post(f"/api/v1/plant/changes/{product['id']}/revoke", PEOPLE)
    with refused.value as answer:
        assert answer.code == 409
    for made in (machines, product):
        service.post(f"/api/v1/plant/changes/{made['id']}/revoke", PEOPLE)
    assert service.get("/api/v1/plant", at="2025-03-05T00:00:00Z")["products"].keys() == {"P"}


def test_a_setting_that_no_monitor_has_is_taken_with_a_warning(service: Service) -> None:
    body = {"monitors": {"maintenance": {"grace": 5}}, "valid_from": "2025-03-04T00:00:00Z", **PEOPLE}
    made = service.put("/api/v1/plant/machines/demo/*", body)
    (warning,) = made["warnings"]
    assert "maintenance has no setting grace; it has" in warning
    service.post(f"/api/v1/plant/changes/{made['id']}/revoke", PEOPLE)
    assert service.get("/api/v1/plant", at="2025-03-05T00:00:00Z")["machines"]["demo/*"].get("monitors") is None
