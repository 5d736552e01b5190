"""The plant file (config/plant.toml): products, sites, lines, machines, and how a path finds its settings."""

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from edge.settings.machine import MachineSettings, SignalSettings
from edge.settings.merge import MachineRules
from edge.settings.patterns import LINE_LEVELS, checked_line_path, checked_machine_pattern, is_pattern
from edge.settings.site import Break, Shift, SiteBreak, SiteSettings, Slot
from edge.settings.values import Level, Name, Positive, Strict, refusal

__all__ = [
    "Break", "LineSettings", "MachineSettings", "PlantSettings", "Product", "Shift", "SignalSettings", "SiteBreak",
    "SiteSettings", "Slot",
]  # fmt: skip

CACHED_PATHS = 16_384  # bounded, because anybody may publish under any path
NOT_DECISIVE = {"title", "target_oee", "stop_reasons", "signals", "monitor_interval_s", "monitors"}
"""Of a machine: shown or watched, no number depends on them."""
OF_A_SIGNAL = {"kind", "unit", "low", "high", "target", "sigma", "rules"}  # what KPIs of readings depend on


class Product(Strict):
    title: Name | None = None
    ideal_cycle_s: Positive
    parts_per_cycle: int = Field(default=1, ge=1)

    @property
    def ideal_s(self) -> float:
        """Ideal seconds per part (ruling 37)."""
        return self.ideal_cycle_s / self.parts_per_cycle


class LineSettings(Strict):
    """A line: `constraint` is the machine that its OEE is judged at, `route` its stations in order, as verdicts on
    units name them."""

    title: Name | None = None
    constraint: Level | None = None
    route: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    last: Level | None = None
    ideal_cycle_s: Positive | None = None

    @property
    def last_station(self) -> str | None:
        """Where good parts leave the line: `last`, else the end of the route."""
        return self.last or (self.route[-1] if self.route else None)

    @model_validator(mode="after")
    def _stations_are_known_once(self) -> "LineSettings":
        for i, station in enumerate(self.route):
            if station in self.route[:i]:
                raise refusal("stands in the route twice", at=("route", i))
        return self


class PlantSettings(Strict):
    """The plant as a whole. `PlantSettings.model_validate(dict)` takes what the file holds, already read."""

    products: dict[Name, Product] = Field(default_factory=dict)
    sites: dict[Level, SiteSettings] = Field(default_factory=dict)
    lines: dict[Annotated[str, AfterValidator(checked_line_path)], LineSettings] = Field(default_factory=dict)
    machines: dict[Annotated[str, AfterValidator(checked_machine_pattern)], MachineSettings] = Field(
        default_factory=dict
    )
    _rules: MachineRules = PrivateAttr()
    _fingerprint: Callable[[str], str] = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        self._rules = MachineRules(self.machines, cached=CACHED_PATHS)
        self._fingerprint = lru_cache(maxsize=CACHED_PATHS)(self._hash)

    def machine(self, path: str) -> MachineSettings:
        """Settings of the machine at `path`: of all patterns that match, the most exact wins, key by key."""
        return self._rules.machine(path)

    def signal(self, path: str, name: str) -> SignalSettings:
        """Settings of one signal of a machine; machine patterns decide before signal patterns."""
        return self._rules.signal(path, name)

    def configured(self, path: str) -> bool:
        """Whether the plant file speaks of this machine; the pattern `*` alone speaks of none."""
        return self._rules.configured(path)

    def site(self, path: str) -> SiteSettings:
        """The site that a path lies in; UTC around the clock where the file has none."""
        return self.sites.get(path.partition("/")[0]) or _NO_SITE

    def line(self, path: str) -> LineSettings | None:
        """The line of a machine or line path; None where the file has none."""
        return self.lines.get("/".join(path.split("/")[:LINE_LEVELS]))

    def product(self, name: str) -> Product | None:
        return self.products.get(name)

    def machine_paths(self) -> tuple[str, ...]:
        """Machines that the file names one by one, in its order."""
        return tuple(path for path in self.machines if not is_pattern(path))

    def fingerprint(self, path: str) -> str:
        """Hash (hex) of all settings that decide the machine's numbers: its own, its site's, its line's, products."""
        return self._fingerprint(path)

    def _hash(self, path: str) -> str:
        line = self.line(path)
        decisive = {
            "machine": self.machine(path).model_dump(mode="json", exclude=NOT_DECISIVE),
            "signals": {
                name: signal.model_dump(mode="json", include=OF_A_SIGNAL)
                for name, signal in self.machine(path).signals.items()
            },
            "site": self.site(path).model_dump(mode="json", exclude={"title"}),
            "line": line and line.model_dump(mode="json", exclude={"title"}),
            "products": {name: (p.ideal_cycle_s, p.parts_per_cycle) for name, p in self.products.items()},
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


_NO_SITE = SiteSettings()
