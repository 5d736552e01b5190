"""What the documentation shows is true: code runs, messages decode, settings load, links, commands and paths exist."""

from __future__ import annotations

import json
import re
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

from edge import cli, host
from edge.api import assessments, assets, corrections, exports, health, kpis, messages, plantdata, stream
from edge.decode import DecodeSettings, decode
from edge.decode.payload import PAYLOADS
from edge.journal.record import Record
from edge.settings.load import load
from edge.settings.service import ServiceSettings
from tests.brokers import Broker, publish
from tests.patience import WAIT_S
from tests.running import Service

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what stands behind it (`title="..."`), its text and where it begins."""

    page: Path
    line: int
    language: str
    attributes: dict[str, str]
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(language: str = "", pages: list[Path] = PAGES) -> Iterator[Block]:
    for page in pages:
        text = page.read_text()
        for match in BLOCK.finditer(text):
            if language in ("", match[1]):
                line = text.count("\n", 0, match.start()) + 1
                yield Block(page, line, match[1], dict(ATTRIBUTE.findall(match[2])), match[3])


def named(found: Iterator[Block]) -> list[Any]:
    return [pytest.param(block, id=block.name) for block in found]


# --- code ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in PAGES if any(blocks("python", [page]))], ids=lambda page: page.name)
def test_python_of_a_page_runs_from_top_to_bottom(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("page_of_the_documentation")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # where dataclasses and the like look for their module
    for block in blocks("python", [page]):
        source = "\n" * block.line + block.text  # so that a traceback names the line of the page
        exec(compile(source, str(page), "exec"), module.__dict__)


@pytest.mark.parametrize("block", named(block for block in blocks("python") if "title" in block.attributes))
def test_plugin_file_of_a_page_is_loaded_by_the_service(block: Block, tmp_path: Path) -> None:
    file = tmp_path / Path(block.attributes["title"]).name
    file.write_text(block.text)
    loaded = host.load(tmp_path)
    assert loaded.broken == {}
    assert file.stem in {one.plugin for one in (*loaded.kpis.values(), *loaded.monitors.values())}


def test_plugin_files_of_the_pages_answer_in_the_running_service() -> None:
    path = "demo/packing/l1/m001"
    now = time.time_ns() // 10**6
    messages = {
        "state": {"ts": now - 65_000, "state": "running"},
        "count": {"ts": now - 4000, "total": 8, "bad": 2},
        "unit": {"ts": now - 3000, "serial": "SN-1", "result": "fail", "defects": 3},
    }
    readings = [{"ts": now + 1000 * n, "signals": {"vibration": 6.0, "temperature": 50.0}} for n in range(-60, 0)]
    sent = [(f"shopfloor/v1/{path}/{kind}", json.dumps(payload).encode()) for kind, payload in messages.items()]
    with Broker() as broker, Service(broker.url) as service:
        service.stop()
        for block in blocks("python"):
            if "title" in block.attributes:
                (service.folder / "plugins.d" / Path(block.attributes["title"]).name).write_text(block.text)
        service.start()
        publish(broker.port, sent)
        publish(broker.port, [(f"shopfloor/v1/{path}/reading", json.dumps(readings).encode())])
        service.wait_processed(len(sent) + 1)
        said = wait_for_assessments(service, ("loud", "warm"))
        answers = {name: service.get(f"/api/v1/kpis/{name}", asset=path) for name in ("scrap_rate", "defects")}
        on_the_page = service.get(f"/api/v1/assets/{path}/status")["kpis"]
    assert answers["scrap_rate"]["values"]["scrap_rate"] == 0.25
    assert answers["defects"]["values"] == {"defects": 3.0}
    assert {"scrap_rate", "defects"} <= on_the_page.keys()
    assert {name: one["state"] for name, one in said.items()} == {"loud": "plan", "warm": "learning"}


def wait_for_assessments(service: Service, monitors: tuple[str, ...]) -> dict[str, Any]:
    """What these monitors say, once each has said something of the last reading."""
    deadline = time.monotonic() + WAIT_S
    while True:
        said = {one["monitor"]: one for one in service.get("/api/v1/assessments")["assessments"]}
        if set(monitors) <= set(said) and said["loud"]["state"] == "plan":
            return {name: said[name] for name in monitors}
        assert time.monotonic() < deadline, said
        time.sleep(0.1)


# --- messages, settings, answers -----------------------------------------------------------------


def is_message(block: Block) -> bool:
    return block.attributes.get("title", "").startswith("shopfloor/v1/")


@pytest.mark.parametrize("block", named(block for block in blocks("json") if is_message(block)))
def test_message_of_a_page_is_understood_as_it_says(block: Block) -> None:
    record = Record(1, block.attributes["title"], block.text.encode(), time.time_ns() // 1000, 1, 1)
    decoded = decode(record, DecodeSettings())
    reasons = [rejection.reason for rejection in decoded.rejections]
    assert reasons == ([block.attributes["rejected"]] if "rejected" in block.attributes else [])
    assert bool(decoded.events) != bool(reasons)


@pytest.mark.parametrize("block", named(blocks("json")))
def test_json_of_a_page_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", named(blocks("toml")))
def test_settings_of_a_page_are_accepted(block: Block, tmp_path: Path) -> None:
    if "title" not in block.attributes:
        tomllib.loads(block.text)
        return
    certificate = tmp_path / "ca.pem"
    certificate.write_text("a certificate\n")
    text = re.sub(r'"[^"]*\.pem"', f'"{certificate}"', block.text)
    for name in ("edge.toml", "plant.toml"):
        (tmp_path / name).write_text(text if name == block.attributes["title"] else "")
    load(tmp_path, ())


def test_every_kind_of_message_has_an_example() -> None:
    shown = {block.attributes["title"].rsplit("/", 1)[1] for block in blocks("json") if is_message(block)}
    assert set(PAYLOADS) <= shown


# --- names ---------------------------------------------------------------------------------------


def test_every_link_leads_somewhere() -> None:
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named_targets = {name for page in PAGES for name in re.findall(r"\bmake ([a-z]+)\b", code_of(page))}
    assert named_targets
    assert named_targets <= targets


def test_every_command_and_option_exists() -> None:
    commands = typer.main.get_command(cli.app).commands
    for page in PAGES:
        for name, rest in re.findall(r"(?<![\w/-])edge ([a-z]+)([^\n|]*)", code_of(page)):
            assert name in commands, f"{page.name}: edge {name}"
            command = commands[name]
            if (below := getattr(command, "commands", None)) is not None and rest.strip():  # a group, such as `influx`
                word = rest.split()[0].split("|")[0]
                assert word in below, f"{page.name}: edge {name} {word}"
                command = below[word]
            options = {
                option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
            }
            assert set(re.findall(r"--[a-z-]+", rest)) <= options, f"{page.name}: edge {name}{rest}"


def code_of(page: Path) -> str:
    """Inline code, indented code and console blocks: where commands stand."""
    text = page.read_text()
    parts = [block.text for block in blocks("console", [page])]
    parts += re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))
    parts += re.findall(r"^    (.+)$", BLOCK.sub("", text), flags=re.MULTILINE)
    return "\n".join(parts)


def test_every_setting_exists() -> None:
    sections = ServiceSettings.model_fields
    for page in PAGES:
        for section, key in re.findall(r"`([a-z]+)\.([a-z_]+)(?:`| = )", page.read_text()):
            if section in sections and key not in ("py", "toml", "service"):
                fields = sections[section].annotation.model_fields
                assert key in fields, f"{page.name}: {section}.{key}"


def test_every_path_of_the_api_exists() -> None:
    parts = (assessments, assets, corrections, exports, kpis, messages, plantdata, stream)
    routes = [f"/api/v1{route.path}" for part in parts for route in part.router.routes]
    routes += [f"/api/v1{route.path}" for route in assessments.writing.routes]
    routes += [route.path for route in health.router.routes]
    patterns = [re.compile(re.sub(r"\\\{\w+(:path)?\\\}", ".+", re.escape(path)) + "$") for path in routes]
    for page in PAGES:
        for path in re.findall(r"(?<![\w.])(/(?:api/v1|health)/[^\s?'`\")]*)", page.read_text()):
            assert any(pattern.match(path) for pattern in patterns), f"{page.name}: {path}"
