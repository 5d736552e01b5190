"""The shipped Grafana dashboards: every query of theirs is run against a real InfluxDB that has each kind of point."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml

from edge.clock import MINUTE, SECOND
from edge.events import STATES
from edge.influx.points import assessment_point
from edge.monitor import Assessment, Health, RemainingLife
from tests.influx.sending import send_all
from tests.influxdb import Influx
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

ROOT = Path(__file__).resolve().parent.parent.parent
GRAFANA = ROOT / "deploy/grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
PATH = "works/hall/l1/m1"
PLANT = {"products": {"P1": {"ideal_cycle_s": 30.0}}, "machines": {"works/*": {"product": "P1"}}}
SAID: tuple[tuple[str, dict[str, Any]], ...] = (
    ("state", {"state": "running"}),
    ("count", {"total": 2, "bad": 1}),
    ("unit", {"serial": "S", "result": "pass"}),
    ("reading", {"signals": {"vibration": {"value": 1.5, "quality": "bad"}, "temperature": 20.5}}),
    ("alarm", {"code": "E7", "severity": "high", "text": "too hot"}),
    ("state", {"state": "fault", "reason": "jam"}),
    ("maintenance", {"component": "spindle", "action": "greased", "by": "Ann"}),
    ("count", {"total": "x"}),
)


def messages(now: int) -> list[Message]:
    made = []
    for n in range(90):
        kind, members = SAID[n % len(SAID)]
        at = now - 3 * 60 * MINUTE + n * 2 * MINUTE
        said = {"ts": at // 1000, **members, **({"serial": f"S{n}"} if kind == "unit" else {})}
        made.append(Message(f"shopfloor/v1/{PATH}/{kind}", msgspec.json.encode(said), at + SECOND))
    return made


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    folder = tmp_path_factory.mktemp("grafana")
    now = time.time_ns() // 1000
    with Influx() as running, Inside(folder, PLANT, messages(now)) as inside:
        inside.take(1 << 30)
        inside.clock = now
        inside.pipeline.catch_up()
        send_all(inside, running, folder / "outbox.db")
        life = RemainingLife(3600.0, 1800.0, 7200.0)
        said = Assessment(now - MINUTE, "watch", 0.5, 1.2, life)
        running.write(assessment_point(PATH, "vibration", said).line())
        yield running


def targets() -> Iterator[tuple[str, str]]:
    """Every query of every panel and variable, with where it stands."""
    for file in DASHBOARDS:
        board = json.loads(file.read_text(encoding="utf-8"))
        for variable in board["templating"]["list"]:
            yield f"{file.stem}: ${variable['name']}", variable["query"]
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{file.stem}: {panel['title']} {target['refId']}", target["query"]


def as_grafana_sends_it(query: str) -> str:
    for macro, text in {
        "$timeFilter": "time >= now() - 24h and time <= now()", "$__interval": "1m",
        "$line": "(l1|l2)", "$machine": "m1", "$signal": "(.*)",
    }.items():  # fmt: skip
        query = query.replace(macro, text)
    return query


@pytest.mark.parametrize(("where", "query"), [pytest.param(*target, id=target[0]) for target in targets()])
def test_query_answers_with_something(where: str, query: str, influx: Influx) -> None:
    asked = as_grafana_sends_it(query)
    assert "$" not in re.sub(r"\$/", "/", asked), "a macro that this test does not know"
    rows = influx.query(asked)
    assert rows, where
    assert any(value is not None for row in rows for key, value in row.items() if key not in ("time", "_"))


def test_oee_of_the_dashboard_is_that_of_the_points(influx: Influx) -> None:
    query = next(query for where, query in targets() if where == "line-overview: OEE A")
    (row,) = influx.query(as_grafana_sends_it(query))
    points = influx.query('select "fact_ideal_good_s", "fact_planned_busy_s" from "kpi_oee"')
    good, busy = (sum(point[f"fact_{name}"] for point in points) for name in ("ideal_good_s", "planned_busy_s"))
    (value,) = (value for key, value in row.items() if key not in ("time", "_", "machine"))
    assert value == pytest.approx(good / busy)
    assert 0 < value < 1


def test_dashboards_use_the_provisioned_source_and_stand_where_the_provider_looks() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/influxdb.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/shopfloor.yaml").read_text())["providers"]
    grafana = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    mounts = dict(mount.split(":")[:2] for mount in grafana["volumes"] if mount.startswith("./"))
    assert mounts["./deploy/grafana/dashboards"] == provider["options"]["path"]
    assert mounts["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    (place,) = re.findall(r"\$__file\{(.+)/\w+\}", source["secureJsonData"]["httpHeaderValue1"])
    assert f"influx-tokens:{place}:ro" in grafana["volumes"]
    uids = set()
    for file in DASHBOARDS:
        board = json.loads(file.read_text(encoding="utf-8"))
        uids.add(board["uid"])
        used = {panel["datasource"]["uid"] for panel in board["panels"]}
        used |= {target["datasource"]["uid"] for panel in board["panels"] for target in panel["targets"]}
        assert used == {source["uid"]}
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert len(uids) == len(DASHBOARDS) == 2


def test_panels_lie_beside_each_other_and_every_word_has_its_colour() -> None:
    mapped: list[set[str]] = []
    for file in DASHBOARDS:
        panels = json.loads(file.read_text(encoding="utf-8"))["panels"]
        places = [panel["gridPos"] for panel in panels]
        cells = [(at["x"] + x, at["y"] + y) for at in places for x, y in product(range(at["w"]), range(at["h"]))]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24
        mapped += [set(found) for found in _mappings(panels)]
    assert mapped == [set(get_args(Health)), STATES, set(get_args(Health))]


def _mappings(found: Any) -> Iterator[Any]:
    """What texts are mapped, wherever in panels that is."""
    if isinstance(found, dict):
        if found.get("type") == "value" and "options" in found:
            yield found["options"]
        found = list(found.values())
    if isinstance(found, list):
        for one in found:
            yield from _mappings(one)
