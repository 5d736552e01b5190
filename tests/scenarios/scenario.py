"""A scenario file as plant settings and messages. Each variant of its settings gets a site of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.clock import SECOND, from_text, to_text
from edge.corrections import TOPIC

LINE = "area/line"
KINDS = {"counter": "count"}


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes
    received: int


@dataclass(frozen=True)
class Expectation:
    """One window of a scenario: whom to ask, what for, and the numbers."""

    scenario: str
    window: Mapping[str, Any]
    site: str
    machines: tuple[str, ...]
    all_machines: bool

    @property
    def name(self) -> str:
        return f"{self.scenario} / {self.window.get('id', self.window.get('from'))}"

    @property
    def paths(self) -> list[str]:
        return [f"{self.site}/{LINE}/{machine}" for machine in self.machines]


@dataclass
class Prepared:
    """All scenarios of a run together: one plant, all messages in order of arrival, all windows."""

    plant: dict[str, Any] = field(default_factory=lambda: {"products": {}, "sites": {}, "machines": {}, "lines": {}})
    messages: list[Message] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)


def files(paths: list[Path]) -> list[Path]:
    """Scenario files of the given files and folders."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.json")) if path.is_dir() else [path]
    return found


def prepare(paths: list[Path], root: str = "shopfloor/v1") -> Prepared:
    """Read scenarios and lay them out on one plant."""
    out = Prepared()
    for number, path in enumerate(files(paths)):
        scenario = json.loads(path.read_text(encoding="utf-8"))
        variants: dict[str, str] = {}
        for window in scenario["windows"]:
            variant = json.dumps([window.get("config", {}), window.get("line")], sort_keys=True)
            if variant not in variants:
                variants[variant] = f"s{number}-{len(variants)}"
                _lay_out(out, scenario, window, variants[variant], root)
            out.expectations.append(_expectation(scenario, window, variants[variant]))
    out.messages.sort(key=lambda message: message.received)
    return out


def _machines(scenario: Mapping[str, Any]) -> list[str]:
    return sorted({event.get("machine", "M1") for event in scenario["events"]})


def _expectation(scenario: Mapping[str, Any], window: Mapping[str, Any], site: str) -> Expectation:
    every = _machines(scenario)
    if "machine" in window:
        wanted = [window["machine"]]
    else:
        wanted = window.get("machines") or (every if "line" in window else every[:1] if len(every) == 1 else every)
    return Expectation(scenario["id"], window, site, tuple(wanted), sorted(wanted) == every)


def _lay_out(out: Prepared, scenario: Mapping[str, Any], window: Mapping[str, Any], site: str, root: str) -> None:
    config = {**scenario.get("config", {}), **window.get("config", {})}
    for name, product in scenario.get("products", {}).items():
        out.plant["products"][f"{site}.{name}"] = dict(product)
    out.plant["sites"][site] = _site(scenario.get("calendar", {}))
    settings: dict[str, Any] = {"stale_after_s": config.get("stale_after_s") or 0}
    for key in ("microstop_threshold_s", "debounce_s", "no_order_is_loss", "default_state"):
        if key in config:
            settings[key] = config[key]
    counter = config.get("counter", {})
    for key, setting in (("modulus", "counter_modulus"), ("plausibility_factor", "counter_plausibility_factor")):
        if counter.get(key) is not None:
            settings[setting] = counter[key]
    first = next(iter(scenario.get("products", {})), None)
    if first is not None:
        settings["product"] = f"{site}.{first}"
    out.plant["machines"][f"{site}/*"] = settings
    line = {}
    if scenario.get("route"):
        line["route"] = list(scenario["route"])
    if "line" in window:
        line["constraint"] = window["line"]["bottleneck"]
        line["last"] = window["line"]["last"]
        line["ideal_cycle_s"] = window["line"]["ideal_cycle_s"]
    if line:
        out.plant["lines"][f"{site}/{LINE}"] = line
    out.messages += _messages(scenario, site, root)


def _site(calendar: Mapping[str, Any]) -> dict[str, Any]:
    site: dict[str, Any] = {"timezone": calendar.get("timezone", "UTC")}
    for key in ("shifts", "breaks", "planned", "unscheduled"):
        if calendar.get(key):
            site[key] = [dict(item) for item in calendar[key]]
    return site


def _messages(scenario: Mapping[str, Any], site: str, root: str) -> Iterator[Message]:
    for event in scenario["events"]:
        for one in _expanded(event):
            received = from_text(one.get("received") or one.get("ts") or one["to"])
            kind = KINDS.get(one["type"], one["type"])
            path = f"{site}/{LINE}/{one.get('machine', 'M1')}"
            if kind == "interval":
                yield Message(TOPIC, _manual_record(one, path), received)
            else:
                yield Message(f"{root}/{path}/{kind}", json.dumps(_payload(one, site)).encode(), received)


def _expanded(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if event["type"] != "heartbeat_series":
        yield event
        return
    at, end = from_text(event["from"]), from_text(event["to"])
    while at <= end:
        yield {**event, "type": "heartbeat", "ts": to_text(at)}
        at += round(event["every_s"] * SECOND)


def _manual_record(event: Mapping[str, Any], path: str) -> bytes:
    """A manual record of a scenario: an operator's correction of the state."""
    said = {
        "id": f"{path} {event['from']} {event['to']} {event['value']}",
        "kind": "state",
        "asset": path,
        "from": event["from"],
        "to": event["to"],
        "state": event["value"],
        "reason": event.get("reason"),
        "by": "scenario",
        "why": "a manual record",
    }
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()


def _payload(event: Mapping[str, Any], site: str) -> dict[str, Any]:
    known = ("ts", "id", "reason", "total", "bad", "value", "serial", "station", "result", "qty", "produced_ts",
             "defects", "opportunities")  # fmt: skip
    out = {name: event[name] for name in known if name in event}
    if event["type"] == "state":
        out["state"] = out.pop("value")
    elif event["type"] == "counter":
        out["counter"] = event["name"]
    elif event["type"] == "product":
        out["product"] = f"{site}.{out.pop('value')}"
    if event["type"] != "product" and "product" in event:
        out["product"] = f"{site}.{event['product']}"
    return out
