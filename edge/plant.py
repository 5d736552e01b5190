"""The plant as the timeline reads it: settings of a path resolved to rules, calendars kept one per site.

Settings change in time: a plant is the plant file with the changes that were said of it. A plant never changes itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar

from edge.calendar import Calendar, ChangingCalendar
from edge.changes import PlantChange
from edge.clock import SECOND, from_text
from edge.settings.patterns import concerns
from edge.settings.plant import OF_A_SIGNAL, PlantSettings, SignalSettings, SiteSettings
from edge.settings.versions import ALWAYS, Version, versions
from edge.slices import LineRole
from edge.timeline.alive import RESOLUTION
from edge.timeline.rules import Rules

FAR = 1 << 62
SHOWN_ONLY = {"signals", "title", "stop_reasons", "monitor_interval_s", "monitors"}  # of a machine: not for KPIs


def read_only(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """A table whose tables cannot be changed either; without those that are empty."""
    return MappingProxyType(
        {key: read_only(value) if isinstance(value, dict) else value for key, value in table.items() if value != {}}
    )


def line_of(path: str) -> str:
    """The line that a machine path lies in: its first three levels."""
    return "/".join(path.split("/")[:3])


def is_about(change: PlantChange, path: str) -> bool:
    """Whether a change may decide something of the machine at `path`; products may be made anywhere."""
    if change.kind == "machine":
        return concerns(change.name, path)
    return change.kind == "product" or change.name == path.partition("/")[0]


class Plant:
    """Rules and calendars by asset path; `settings` are those of the plant file, `changes` those that hold over it, in
    the order in which they were said."""

    def __init__(self, settings: PlantSettings, changes: Sequence[PlantChange] = ()) -> None:
        self.settings = settings
        self.changes = tuple(changes)
        self.versions = versions(settings, self.changes) if changes else [Version(ALWAYS, settings)]
        self._calendars: dict[str, Calendar] = {}
        self._rules: dict[str, Rules] = {}
        self._wanted = lru_cache(maxsize=20_000)(self._is_wanted)
        self._ideal_s: list[Mapping[str, float]] = [
            MappingProxyType({name: p.ideal_s for name, p in one.settings.products.items()}) for one in self.versions
        ]

    def changed(self, changes: Sequence[PlantChange]) -> Plant:
        """The plant of the same file with other changes over it."""
        return Plant(self.settings, changes)

    def at(self, ts: int) -> PlantSettings:
        """The settings in force at an instant."""
        return self.versions[self.version(ts)].settings

    def version(self, ts: int) -> int:
        """The number of the version in force at an instant."""
        return bisect_right(self.versions, ts, key=_since) - 1

    def stretch(self, path: str, ts: int) -> tuple[int, int]:
        """[from, to) around an instant in which nothing that is set of the machine at `path` changes."""
        begins = [
            one.since for one in self.versions[1:] if any(c.kind == "machine" and is_about(c, path) for c in one.begin)
        ]
        after = bisect_right(begins, ts)
        return begins[after - 1] if after else ALWAYS, begins[after] if after < len(begins) else FAR

    def calendar(self, path: str) -> Calendar:
        """The calendar of the site that a path lies in."""
        site = path.partition("/")[0]
        name = site if site in self.settings.sites else ""  # sites that nobody configured share one
        known = self._calendars.get(name)
        if known is None:
            known = self._calendars[name] = self._calendar(path)
        return known

    def _calendar(self, path: str) -> Calendar:
        sites = self.sites(path)
        return Calendar(sites[0][1]) if len(sites) == 1 else ChangingCalendar(sites)

    def sites(self, path: str) -> list[tuple[int, SiteSettings]]:
        """(from, settings) of the site that a path lies in, where they change."""
        found: list[tuple[int, SiteSettings]] = []
        for since, settings, _ in self.versions:
            site = settings.site(path)
            if not found or (site is not found[-1][1] and site != found[-1][1]):
                found.append((since, site))
        return found

    def timezone(self, path: str) -> str:
        return self.calendar(path).timezone

    def rules(self, path: str) -> Rules:
        """What decides the numbers of the machine at `path`."""
        known = self._rules.get(path)
        if known is None:
            known = self._rules[path] = self._resolve(path)
        return known

    def _resolve(self, path: str) -> Rules:
        """What has always held, with what holds later where that is something else."""
        first = now = self._of_version(path, 0)
        later: list[tuple[int, Rules]] = []
        for number, version in enumerate(self.versions[1:], 1):
            before = now
            if any(one.kind == "machine" and concerns(one.name, path) for one in version.begin):
                now = self._of_version(path, number)
            elif any(one.kind == "product" for one in version.begin):
                now = replace(now, ideal_s=self._ideal_s[number], line=self._role(path, number))
            if now != before:
                later.append((version.since, now))
        return replace(first, later=later) if later else first

    def _of_version(self, path: str, number: int) -> Rules:
        settings = self.versions[number].settings
        machine = settings.machine(path)
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
            ideal_s=self._ideal_s[number],
            line=self._role(path, number),
            settings=read_only(machine.model_dump(mode="json", exclude=SHOWN_ONLY)),
            signals={name: one.model_dump(mode="json", include=OF_A_SIGNAL) for name, one in machine.signals.items()},
        )

    def _role(self, path: str, number: int) -> LineRole | None:
        line = self.settings.line(path)
        if line is None:
            return None
        name = path.rpartition("/")[2]
        return LineRole(
            line=line_of(path),
            is_constraint=name == line.constraint,
            is_last=name == line.last_station,
            ideal_s=self._ideal_s[number],
            is_first=name == next(iter(line.route), None),
            cycle_s=line.ideal_cycle_s,
            route=line.route,
            complete=line.constraint is not None and line.last_station is not None,
        )

    def changes_in(self, path: str, start: int, end: int) -> list[PlantChange]:
        """The changes that concern a path and begin in [start, end), and the exceptions that share time with it."""
        return [one for one in self.changes if one.since < end and one.until > start and is_about(one, path)]

    def differences(self, other: Plant, path: str) -> list[tuple[int, int]]:
        """Stretches of time in which another plant of the same file decides otherwise about the machine at `path`."""
        one, two = self.rules(path), other.rules(path)
        found = _where_different([(ALWAYS, one), *one.later], [(ALWAYS, two), *two.later])
        mine, others = self.sites(path), other.sites(path)
        if mine != others:
            found += _where_different(_rosters(mine), _rosters(others))
        found += [(_us(slot, "from"), _us(slot, "to")) for slot in self._slots(path) ^ other._slots(path)]
        return sorted(found)

    def _slots(self, path: str) -> set[tuple[tuple[str, str], ...]]:
        """The exceptions that changes brought to the site of a path."""
        site = path.partition("/")[0]
        return {tuple(sorted(c.value.items())) for c in self.changes if c.kind == "exception" and c.name == site}

    def wanted(self, path: str, signals: Iterable[str], wants: Collection[str], at: int) -> dict[str, SignalSettings]:
        """Those of a machine's signals that are asked for, with their settings at an instant. `wants` has names with
        `*`, `kind:<kind>`, `limits` for signals with a limit and `sigma` for those with one."""
        asked, number = frozenset(wants), self.version(at)
        found = {name: self._wanted(path, name, asked, number) for name in (signals if wants else ())}
        return {name: settings for name, settings in found.items() if settings is not None}

    def _is_wanted(self, path: str, name: str, wants: frozenset[str], number: int) -> SignalSettings | None:
        settings = self.versions[number].settings.signal(path, name)
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


def _since(version: Version) -> int:
    return version.since


Kept = TypeVar("Kept")
Held = Sequence[tuple[int, Kept]]


def _where_different(one: Held[Kept], two: Held[Kept]) -> list[tuple[int, int]]:
    """Stretches in which two sequences of (from, what holds) say different things."""
    found = []
    at = [0, 0]
    bounds = sorted({since for since, _ in (*one, *two)})
    for a, b in pairwise([*bounds, FAR]):
        for which, held in enumerate((one, two)):
            at[which] += at[which] + 1 < len(held) and held[at[which] + 1][0] <= a
        if one[at[0]][1] != two[at[1]][1]:
            found.append((a, b))
    return found


def _rosters(sites: Held[SiteSettings]) -> list[tuple[int, tuple[object, object]]]:
    return [(since, (site.shifts, site.breaks)) for since, site in sites]


def _us(slot: Iterable[tuple[str, str]], name: str) -> int:
    return from_text(dict(slot)[name])
