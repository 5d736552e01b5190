"""KPIs from files in the plugins directory: the documentation's own, one that raises, one that cannot be loaded."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Broker, publish
from tests.patience import WAIT_S
from tests.running import Service

PAGE = Path(__file__).resolve().parents[2] / "docs" / "add-a-kpi.md"
ASSET = "works/hall/line01/m001"
START_MS = 1_780_000_000_000  # in the past, at the start of no hour
MINUTE_MS = 60_000
RAISES = """
from edge import Facts, Kpi, Slice, hookimpl


class Raises(Kpi):
    name = "raises"

    def facts(self, slice: Slice) -> Facts:
        raise ZeroDivisionError("a plugin's mistake")

    def values(self, facts: Facts) -> dict[str, float | None]:
        return {"raises": 1.0}


@hookimpl
def register_kpis() -> list[type[Kpi]]:
    return [Raises]
"""


def tutorial() -> tuple[str, str]:
    """File name and text of the plugin that the documentation shows."""
    found = re.search(r'```python title="plugins\.d/(\w+\.py)"\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1], found[2]


def messages() -> Iterator[tuple[str, bytes]]:
    """Ten minutes of a machine: it runs, makes 40 parts of which 3 are bad, and tests 2 units of which one fails."""
    topic = f"shopfloor/v1/{ASSET}"
    yield f"{topic}/state", json.dumps({"ts": START_MS, "state": "running"}).encode()
    for minute in range(10):
        body = {"ts": START_MS + minute * MINUTE_MS + 1000, "total": 4, "bad": int(minute < 3)}
        yield f"{topic}/count", json.dumps(body).encode()
    for serial, result in (("A", "pass"), ("B", "fail")):
        body = {"ts": START_MS + MINUTE_MS, "serial": serial, "result": result}
        yield f"{topic}/unit", json.dumps(body).encode()
    yield f"{topic}/state", json.dumps({"ts": START_MS + 10 * MINUTE_MS, "state": "stopped"}).encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    plugins = folder / "plugins.d"
    plugins.mkdir()
    name, text = tutorial()
    (plugins / name).write_text(text, encoding="utf-8")
    (plugins / "raises.py").write_text(RAISES, encoding="utf-8")
    (plugins / "unreadable.py").write_text("def register_kpis(:\n", encoding="utf-8")
    plant = {"products": {"P1": {"ideal_cycle_s": 10.0}}, "machines": {ASSET: {"product": "P1"}}}
    with Broker() as broker, Service(broker.url, plant=plant, folder=folder) as started:
        sent = publish(broker.port, messages())
        started.wait_processed(sent)
        yield started


def asked(service: Service, kpi: str) -> Any:
    window = {"from": "2026-05-28T20:26:40Z", "to": "2026-05-28T20:36:40Z"}
    return service.get(f"/api/v1/kpis/{kpi}", asset=ASSET, **window)


def test_the_kpi_of_the_documentation_is_listed(service: Service) -> None:
    known = {kpi["name"]: kpi for kpi in service.get("/api/v1/kpis")["kpis"]}
    assert known["scrap_rate"]["title"] == "Scrap rate"
    assert known["scrap_rate"]["plugin"] == "scrap_rate"
    assert known["scrap_rate"]["failures"] == 0
    assert {"oee", "first_pass_yield"} <= set(known)


def test_its_answer_is_right(service: Service) -> None:
    answer = asked(service, "scrap_rate")
    assert answer["facts"] == {"total": 40, "bad": 3, "run_s": 600.0}
    assert answer["values"] == {"scrap_rate": 3 / 40, "bad_per_hour": 18.0}


def test_it_is_in_what_the_page_shows(service: Service) -> None:
    for path in (ASSET, ASSET.rpartition("/")[0]):
        status = service.get(f"/api/v1/assets/{path}/status")
        assert status["kpis"]["scrap_rate"]["title"] == "Scrap rate"


def test_a_plugin_that_raises_changes_nothing_for_the_others(service: Service) -> None:
    oee, yields = asked(service, "oee")["facts"], asked(service, "first_pass_yield")["facts"]
    assert (oee["total_count"], oee["run_time_s"]) == (40, 600.0)
    assert (yields["units"], yields["first_pass"]) == (2, 1)
    assert asked(service, "raises")["values"].get("raises") is None


def test_its_failures_are_counted_and_shown(service: Service) -> None:
    assert asked(service, "raises")["values"].get("raises") is None
    assert service.metrics()['edge_plugin_failures_total{plugin="raises"}'] > 0
    ready = service.get("/health/ready")
    assert ready["status"] == "ready"
    plugins = ready["components"]["plugins"]
    assert not plugins["ok"]
    assert plugins["failures"]["raises"] > 0
    listed = {kpi["name"]: kpi for kpi in service.get("/api/v1/kpis")["kpis"]}
    assert "ZeroDivisionError" in listed["raises"]["last_error"]
    assert service.log.count("a plugin's mistake") <= 2, "logged once per kind, not at each call"


def test_a_file_that_cannot_be_loaded_is_named(service: Service) -> None:
    assert "SyntaxError" in service.get("/api/v1/kpis")["broken"]["unreadable"]
    assert "unreadable" in service.get("/health/ready")["components"]["plugins"]["broken"]


def test_a_service_ends_though_a_plugin_hangs_at_that_moment(tmp_path: Path) -> None:
    (tmp_path / "plugins.d").mkdir()
    hangs = RAISES.replace(
        'raise ZeroDivisionError("a plugin\'s mistake")', "print('hangs', flush=True)\n        while True: slice.end"
    )
    (tmp_path / "plugins.d" / "hangs.py").write_text(hangs, encoding="utf-8")
    with Broker() as broker, Service(broker.url, folder=tmp_path) as service:
        publish(broker.port, messages())
        deadline = time.monotonic() + WAIT_S
        while "hangs\n" not in service.log:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert service.stop() == 0
