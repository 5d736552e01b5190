"""A scenario file as plant settings, messages and windows. Each variant of its settings gets a site of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edge.settings.plant import PlantSettings
from tests.scenarios.layout import LINE, as_level, machine_settings, merged, products, site_settings
from tests.scenarios.said import Message, instant, messages, refusal

__all__ = ["LINE", "Expectation", "Message", "Prepared", "files", "prepare"]

TOLERANCE = 1e-9
M1 = "M1"  # the machine meant where nothing names one


@dataclass(frozen=True)
class Expectation:
    """One window of a scenario: which of all its machines to ask together, and the numbers."""

    scenario: str
    window: Mapping[str, Any]
    site: str
    machines: tuple[str, ...]
    every: tuple[str, ...]
    tolerance: float | Mapping[str, float]
    """Relative; of all numbers, or by their names."""

    @property
    def name(self) -> str:
        return f"{self.scenario} / {self.window.get('id', self.window.get('from'))}"

    @property
    def paths(self) -> list[str]:
        """What to ask: the line where that is all its machines, else each machine."""
        if sorted(self.machines) == sorted(self.every):
            return [f"{self.site}/{LINE}"]
        return self.machine_paths

    @property
    def machine_paths(self) -> list[str]:
        return [f"{self.site}/{LINE}/{machine}" for machine in self.machines]

    @property
    def of_line(self) -> tuple[str, ...]:
        """Expected numbers that all machines together have: units where the window names no machine, and line OEE."""
        if self.machines == self.every:
            return ()
        named = bool(self.window.get("machine") or self.window.get("machines"))
        asked = {"units": not named, "line_oee": not named or bool(self.window.get("line"))}
        return tuple(name for name, of_all in asked.items() if of_all and name in self.window.get("expected", {}))

    @property
    def of_all(self) -> Expectation:
        """The same window of all machines."""
        return replace(self, machines=self.every)

    @property
    def as_of(self) -> int | None:
        text = self.window.get("as_of")
        return None if text is None else instant(text)


@dataclass
class Prepared:
    """All scenarios of a run together: one plant, all messages in order of arrival, all windows, and why scenarios
    could not be laid out."""

    plant: dict[str, Any] = field(default_factory=lambda: {"products": {}, "sites": {}, "machines": {}, "lines": {}})
    messages: list[Message] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    not_taken: list[str] = field(default_factory=list)
    """Events that the service has a reason not to take."""

    def add(self, other: Prepared) -> None:
        for name, table in other.plant.items():
            self.plant[name] |= table
        self.messages += other.messages
        self.expectations += other.expectations
        self.not_taken += other.not_taken


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
        name = path.stem
        try:
            scenario = json.loads(path.read_text(encoding="utf-8"))
            name = scenario.get("id", name)
            one = _prepared(scenario, name, f"s{number}", root)
            PlantSettings.model_validate(one.plant)
        except (ValueError, LookupError) as error:  # no JSON, a member missing, a calendar that cannot be
            out.refused[name] = f"{type(error).__name__}: {error}"
            continue
        out.add(one)
    out.messages.sort(key=lambda message: message.received)
    return out


def _prepared(scenario: Mapping[str, Any], name: str, number: str, root: str) -> Prepared:
    out = Prepared()
    sites: dict[str, str] = {}
    for window in scenario["windows"]:
        variant = json.dumps([window.get("config"), window.get("line")], sort_keys=True)
        if variant not in sites:
            sites[variant] = f"{number}-{len(sites)}"
            _lay_out(out, scenario, window, sites[variant], root)
        out.expectations.append(_expectation(scenario, window, name, sites[variant]))
    first = next(iter(sites.values()), "")
    refusals = (refusal(message, root) for message in messages(scenario, first, root))
    out.not_taken += [f"{name}: not taken: {why}" for why in refusals if why]
    return out


def _machines(scenario: Mapping[str, Any]) -> tuple[str, ...]:
    """Every machine that the scenario speaks of."""
    found = {event.get("machine") or M1 for event in scenario.get("events", ())}
    for window in scenario["windows"]:
        line = window.get("line") or {}
        found |= {window.get("machine"), *window.get("machines", ()), line.get("bottleneck"), line.get("last")}
    return tuple(sorted(as_level(name) for name in found if name)) or (M1,)


def _expectation(scenario: Mapping[str, Any], window: Mapping[str, Any], name: str, site: str) -> Expectation:
    every = _machines(scenario)
    if window.get("machine"):
        wanted: tuple[str, ...] = (as_level(window["machine"]),)
    elif window.get("machines"):
        wanted = tuple(as_level(machine) for machine in window["machines"])
    else:
        wanted = (M1,) if M1 in every else every
    places = (window.get("expected", {}), window, scenario)
    tolerance = next((one["tol"] for one in places if one.get("tol") is not None), TOLERANCE)
    return Expectation(name, window, site, wanted, every, tolerance)


def _lay_out(out: Prepared, scenario: Mapping[str, Any], window: Mapping[str, Any], site: str, root: str) -> None:
    made = scenario.get("products") or {}
    out.plant["products"] |= products(made, site)
    out.plant["sites"][site] = site_settings(scenario.get("calendar") or {})
    settings = machine_settings(merged(scenario.get("config"), window.get("config")))
    if made:
        settings["product"] = f"{site}.{next(iter(made))}"
    out.plant["machines"][f"{site}/*"] = settings
    for machine in _machines(scenario):
        out.plant["machines"][f"{site}/{LINE}/{machine}"] = {}
    line: dict[str, Any] = {"route": list(scenario["route"])} if scenario.get("route") else {}
    role = window.get("line") or {}
    for key, setting in (("bottleneck", "constraint"), ("last", "last")):
        if role.get(key):
            line[setting] = as_level(role[key])
    if role.get("ideal_cycle_s"):
        line["ideal_cycle_s"] = role["ideal_cycle_s"]
    if line:
        out.plant["lines"][f"{site}/{LINE}"] = line
    out.messages += messages(scenario, site, root)
