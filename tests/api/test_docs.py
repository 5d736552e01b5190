"""The description of the API tells the truth, and its page needs nothing from the network."""

from __future__ import annotations

import re
from typing import Any

import httpx
import msgspec
import pytest

from edge.api.docs import VENDORED
from edge.api.openapi import SHAPES, TEXTS
from edge.api.problems import Problem
from tests.api.fakes import EXAMPLES

LOADED = re.compile(r"""(?:src|href|url)\s*[=(:]\s*["']?([^"'\s>)]+)""")
CASES = [(operation, name) for operation in SHAPES for name in EXAMPLES[operation]]


@pytest.fixture
async def description(client: httpx.AsyncClient) -> Any:
    return (await client.get("/openapi.json")).json()


@pytest.mark.parametrize(("operation", "name"), CASES)
def test_example_has_the_described_shape(operation: str, name: str) -> None:
    example = EXAMPLES[operation][name]
    assert any(fits(example, shape) for shape in SHAPES[operation])


def fits(example: Any, shape: type) -> bool:
    """Every described member is there with its type, and no other but those of an event's kind."""
    try:
        understood = msgspec.to_builtins(msgspec.convert(example, shape))
    except msgspec.ValidationError:
        return False
    return bool(understood == without_kind_members(example))


def without_kind_members(example: Any) -> Any:
    if not isinstance(example, dict) or "events" not in example:
        return example
    common = ("offset", "index", "kind", "asset", "ts", "received")
    return example | {"events": [{name: event[name] for name in common} for event in example["events"]]}


def test_problem_examples_have_the_shape_of_problems() -> None:
    for example in EXAMPLES["problem"].values():
        assert msgspec.to_builtins(msgspec.convert(example, Problem)) == example


async def test_every_route_is_described_with_an_example(description: Any) -> None:
    operations = {
        operation["operationId"]: operation for path in description["paths"].values() for operation in path.values()
    }
    assert set(operations) == {*SHAPES, *TEXTS}
    for name, operation in operations.items():
        content = operation["responses"]["200"]["content"]
        assert all("example" in part or part["examples"] for part in content.values()), name
        assert operation["description"], name
        assert "422" not in operation["responses"]


async def test_every_reference_leads_somewhere(description: Any) -> None:
    schemas = description["components"]["schemas"]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', msgspec.json.encode(description).decode()))
    assert references
    assert references <= set(schemas)


async def test_parameters_are_described_with_their_names(description: Any) -> None:
    parameters = description["paths"]["/api/v1/kpis/{name}"]["get"]["parameters"]
    assert {p["name"]: p["required"] for p in parameters} == {
        "name": True, "asset": True, "from": False, "to": False, "shift": False, "step": False, "as_of": False
    }  # fmt: skip
    assert all(parameter["description"] for parameter in parameters)


async def test_page_loads_only_from_the_service_itself(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    loaded = [address for address in LOADED.findall(page.text) if not address.startswith("data:")]
    assert loaded
    for address in loaded:
        assert address.startswith("/"), address
        assert not address.startswith("//"), address
        assert (await client.get(address)).status_code == 200, address
    assert "<script>" not in page.text
    assert "style=" not in page.text


async def test_own_script_asks_only_the_service(client: httpx.AsyncClient) -> None:
    script = (await client.get("/docs/docs.js")).text
    assert "validatorUrl: null" in script
    assert "//" not in re.sub(r"^//.*$", "", script, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["LICENSE", "..%2Fapp.py", "nothing.js", "%2Fetc%2Fpasswd"])
async def test_no_other_file_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/docs/{name}")).status_code == 404


def test_licence_lies_beside_the_vendored_files() -> None:
    assert {"LICENSE", "NOTICE"} <= {file.name for file in VENDORED.iterdir()}


async def test_everything_described_only_reads_but_corrections_and_plant_data(description: Any) -> None:
    writing = {path for path, methods in description["paths"].items() if set(methods) != {"get"}}
    assert writing == {
        "/api/v1/corrections", "/api/v1/corrections/{id}/revoke", "/api/v1/assessments/{asset}/acknowledge",
        "/api/v1/assessments/{asset}/work-done", "/api/v1/plant/changes/{id}/revoke",
        "/api/v1/plant/machines/{pattern}", "/api/v1/plant/products/{name}", "/api/v1/plant/reasons/{pattern}",
        "/api/v1/plant/sites/{site}/exceptions", "/api/v1/plant/sites/{site}/shifts",
    }  # fmt: skip
