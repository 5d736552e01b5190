"""The plant as the timeline reads it: settings of a path resolved to rules, calendars kept one per site."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

from edge.calendar import Calendar
from edge.clock import SECOND
from edge.settings.plant import PlantSettings, SignalSettings
from edge.slices import LineRole
from edge.timeline.alive import RESOLUTION
from edge.timeline.rules import Rules


def line_of(path: str) -> str:
    """The line that a machine path lies in: its first three levels."""
    return "/".join(path.split("/")[:3])


class Plant:
    """Rules and calendars by asset path; built from the plant file, and the same for every path of one site."""

    def __init__(self, settings: PlantSettings) -> None:
        self.settings = settings
        self._calendars: dict[str, Calendar] = {}
        self._rules: dict[str, Rules] = {}
        self._wanted = lru_cache(maxsize=20_000)(self._is_wanted)
        self._ideal_s = {name: product.ideal_s for name, product in settings.products.items()}

    def calendar(self, path: str) -> Calendar:
        """The calendar of the site that a path lies in."""
        site = path.partition("/")[0]
        name = site if site in self.settings.sites else ""  # sites that nobody configured share one
        known = self._calendars.get(name)
        if known is None:
            known = self._calendars[name] = Calendar(self.settings.site(path))
        return known

    def timezone(self, path: str) -> str:
        return self.calendar(path).timezone

    def rules(self, path: str) -> Rules:
        """What decides the numbers of the machine at `path`."""
        known = self._rules.get(path)
        if known is None:
            known = self._rules[path] = self._resolve(path)
        return known

    def _resolve(self, path: str) -> Rules:
        machine = self.settings.machine(path)
        return Rules(
            schedule=self.calendar(path),
            threshold_us=round(machine.microstop_threshold_s * SECOND),
            debounce_us=round(machine.debounce_s * SECOND),
            stale_us=round(machine.stale_after_s * SECOND),
            default_state=machine.default_state,
            no_order_is_loss=machine.no_order_is_loss,
            maintenance_is_planned=not machine.planned_maintenance_only,
            planned_stops_are_loss=machine.planned_stops_are_loss,
            counter_modulus=machine.counter_modulus,
            plausibility_factor=machine.counter_plausibility_factor,
            reject_signal=machine.reject_signal,
            parts_timeout_us=round(machine.parts_timeout_s * SECOND) if machine.state_from == "counts" else 0,
            product=machine.product,
            ideal_s=self._ideal_s,
            line=self._role(path),
            settings=machine.model_dump(mode="json", exclude={"signals", "title"}),
        )

    def _role(self, path: str) -> LineRole | None:
        line = self.settings.line(path)
        if line is None:
            return None
        name = path.rpartition("/")[2]
        return LineRole(
            line=line_of(path),
            is_constraint=name == line.constraint,
            is_last=name == line.last_station,
            ideal_s=self._ideal_s,
            is_first=name == next(iter(line.route), None),
            cycle_s=line.ideal_cycle_s,
            complete=line.constraint is not None and line.last_station is not None,
        )

    def wanted(self, path: str, signals: Iterable[str], wants: Collection[str]) -> dict[str, SignalSettings]:
        """Those of a machine's signals that KPIs ask for, with their settings. `wants` has names with `*`,
        `kind:<kind>`, `limits` for signals with a limit and `sigma` for those with one."""
        asked = frozenset(wants)
        found = {name: self._wanted(path, name, asked) for name in (signals if wants else ())}
        return {name: settings for name, settings in found.items() if settings is not None}

    def _is_wanted(self, path: str, name: str, wants: frozenset[str]) -> SignalSettings | None:
        settings = self.settings.signal(path, name)
        limited = settings.low is not None or settings.high is not None
        wanted = any(
            want == f"kind:{settings.kind}"
            or (want == "limits" and limited)
            or (want == "sigma" and settings.sigma is not None)
            or fnmatchcase(name, want)
            for want in wants
        )
        return settings if wanted else None

    def route(self, line: str) -> tuple[str, ...]:
        """Stations of a line in order; empty where the plant file has none."""
        settings = self.settings.line(line)
        return settings.route if settings else ()

    def watched(self, path: str) -> tuple[str, float] | None:
        """The signal of a machine that says whether it runs, and above which value it does; None where none does."""
        machine = self.settings.machine(path)
        if machine.state_from != "signal" or machine.running_signal is None:
            return None
        return machine.running_signal, machine.running_above

    def resolution(self, path: str) -> int:
        """How finely the times at which a machine was heard are kept: never coarser than its silence limit."""
        stale = self.rules(path).stale_us
        return min(RESOLUTION, stale) if stale else RESOLUTION

    def fingerprint(self, path: str) -> str:
        """Changes when anything changes that decides the machine's numbers."""
        return self.settings.fingerprint(path)
