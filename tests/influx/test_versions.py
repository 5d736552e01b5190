"""InfluxDB 1.8 and 3, which were not run: a server that answers `/query` and `/api/v2/write` as their documents say."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from edge.clock import HOUR
from edge.influx.delivery import Delivery
from edge.influx.history import History
from edge.influx.keeping import kept_s
from edge.influx.managing import Management
from edge.influx.points import kpi_point
from edge.influx.querying import InfluxRefused, InfluxUnavailable, Querying
from edge.influx.restating import Over, sweep
from edge.influx.writing import InfluxWriting
from tests.httpserver import HttpServer

PATH = "works/hall/l1/m1"


@dataclass
class Old(HttpServer):
    """Answers with `status` and `said`, whatever is asked; keeps what that was."""

    status: int = 200
    said: Any = field(default_factory=lambda: {"results": [{"statement_id": 0}]})
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)  # path, parameters, Authorization
    routes: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        path, _, query = request.path.partition("?")
        form = body.decode() if request.headers.get("Content-Type") == "application/x-www-form-urlencoded" else ""
        parameters = dict(urllib.parse.parse_qsl(query or form))
        self.asked.append((path, parameters, request.headers.get("Authorization", "")))
        status, said = self.routes.get(path, (self.status, self.said))
        text = b"" if said is None else json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def querying(self, bucket: str = "plant/autogen", token: str = "edge:secret") -> Querying:
        return Querying(self.url, bucket, lambda: token)


def series(*rows: list[Any], columns: tuple[str, ...] = ("time", "v"), **more: Any) -> dict[str, Any]:
    return {"results": [{"statement_id": 0, "series": [
        {"name": "reading", "columns": list(columns), "values": list(rows), **more},
    ]}]}  # fmt: skip


@pytest.fixture
def server() -> Iterator[Old]:
    with Old() as running:
        yield running


@pytest.mark.parametrize(("bucket", "sent"), [
    ("plant/autogen", {"db": "plant", "rp": "autogen"}),  # InfluxDB 1.8
    ("plant", {"db": "plant"}),  # InfluxDB 3
])  # fmt: skip
def test_bucket_is_asked_as_database_and_policy_with_the_token(server: Old, bucket: str, sent: dict[str, str]) -> None:
    server.querying(bucket).series("show measurements")
    ((path, parameters, authorization),) = server.asked
    assert (path, authorization) == ("/query", "Token edge:secret")
    assert {name: parameters[name] for name in ("db", "rp") if name in parameters} == sent
    assert parameters["epoch"] == "ns"


def test_values_that_are_null_are_missing_and_a_measurement_that_is_not_there_has_none(server: Old) -> None:
    history = History(server.querying())
    assert history.points(PATH, "flow", 0, HOUR) == []
    server.said = series([1000, 1.5], [2000, None], [3000, 2])
    assert history.points(PATH, "flow", 0, HOUR) == [(1, 1.5), (3, 2.0)]
    server.said = series([0, 0, None, None, None], columns=("time", "n", "low", "high", "total"))
    assert history.figures(PATH, "flow", 0, HOUR, HOUR) == []


@pytest.mark.parametrize(("status", "said"), [
    (200, {"results": [{"statement_id": 0, "error": "database not found: plant"}]}),
    (200, {"error": "timeout"}),
    (200, series([1000, 1.5], partial=True)),  # InfluxDB 1 with max-row-limit
    (400, {"error": "error parsing query: found FOO, expected SELECT"}),
    (500, {"error": "This feature is not implemented: DELETE"}),
    (405, {"error": "unsupported statement"}),
])  # fmt: skip
def test_what_will_never_be_answered_is_refused(server: Old, status: int, said: Any) -> None:
    server.status, server.said = status, said
    with pytest.raises(InfluxRefused):
        server.querying().series("select v from reading")


@pytest.mark.parametrize(("status", "said"), [
    (401, {"error": "authorization failed"}),
    (403, {"error": "access denied"}),
    (503, {"error": "the server is starting"}),
    (200, None),
])  # fmt: skip
def test_what_may_be_answered_later_is_unavailable(server: Old, status: int, said: Any) -> None:
    server.status, server.said = status, said
    with pytest.raises(InfluxUnavailable):
        server.querying().series("select v from reading")


def test_a_server_that_deletes_nothing_is_left_with_what_it_has(server: Old) -> None:
    point = kpi_point(PATH, "oee", 0, HOUR, {"total": 1}, {"oee": 0.5}, {})
    columns = ["time", *point.fields, "availability"]
    server.said = {"results": [{"statement_id": 0, "series": [
        {"name": "kpi_oee", "columns": columns, "values": [[0, *point.fields.values(), 0.9]]},
    ]}]}  # fmt: skip
    again = sweep(server.querying(), [Over(PATH, 0, [point])])
    assert again == [point]
    assert [parameters["q"].split()[0] for _, parameters, _ in server.asked] == ["select", "delete"]
    server.status, server.said = 500, {"error": "not yet supported"}
    assert sweep(server.querying(), [Over(PATH, 0, [point])]) == []


def test_lines_go_to_the_bucket_with_the_token_and_refused_ones_are_found(server: Old) -> None:
    writing = InfluxWriting(server.url, "", "plant/autogen", lambda: "edge:secret")
    server.status, server.said = 204, None
    delivery = Delivery(writing, lambda _: True)
    assert delivery.deliver(["a v=1 1", "a v=2 2"]) == []
    path, parameters, authorization = server.asked[-1]
    assert (path, authorization) == ("/api/v2/write", "Token edge:secret")
    assert (parameters["bucket"], parameters["precision"]) == ("plant/autogen", "ns")
    server.status = 400
    server.said = {"error": "partial write of line protocol occurred", "data": [{"line_number": 1}]}  # InfluxDB 3
    refused = delivery.deliver(["a v=1 1", "a v=2 2"])
    assert refused is not None
    assert [line for _, _, line in refused] == ["a v=1 1", "a v=2 2"]
    writing.close()


@pytest.mark.parametrize(("policies", "kept"), [
    ([["autogen", "0s", "168h0m0s", 1, True]], None),
    ([["short", "1h30m0s", "1h0m0s", 1, True], ["autogen", "720h0m0s", "168h0m0s", 1, False]], 720 * 3600),
])  # fmt: skip
def test_retention_is_that_of_the_policy(server: Old, policies: list[list[Any]], kept: int | None) -> None:
    server.routes["/api/v2/buckets"] = (404, None)
    columns = ["name", "duration", "shardGroupDuration", "replicaN", "default"]
    server.said = {"results": [{"statement_id": 0, "series": [{"columns": columns, "values": policies}]}]}
    assert kept_s(Management(server.url, "edge:secret"), server.querying()) == kept
    server.status, server.said = 400, {"error": "SHOW RETENTION POLICIES is not supported"}  # InfluxDB 3
    assert kept_s(Management(server.url, "edge:secret"), server.querying()) is None
