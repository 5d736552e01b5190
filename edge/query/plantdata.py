"""Plant data as a page shows it, and whether a change of it could hold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.changes import PlantChange
from edge.clock import SECOND, to_text
from edge.errors import QueryError
from edge.plant import Plant
from edge.plants import Plants
from edge.query.reading import Connections
from edge.settings.machine import MANY_REASONS
from edge.settings.plant import PlantSettings, SiteSettings
from edge.settings.problems import Finding, key_text
from edge.settings.references import many_reasons
from edge.settings.site import DAYS
from edge.settings.versions import ALWAYS, FILE_ONLY, check, check_without, versions
from edge.store import changes as change_store
from edge.timeline.alive import RESOLUTION

SETTLE_S = 0.5
CHECK_S = 10.0  # a change is judged by those said before it, and worth a wait for them
SECTIONS = {"product": "products", "machine": "machines"}  # others are about sites


@dataclass(frozen=True)
class PlantAnswers:
    """`at` is the instant at which something holds (None: now), `as_of` the one at which it was known. `unknown` says
    which settings are of no plugin that is there."""

    connections: Connections
    plants: Plants
    settle: Callable[[float], object]
    now: Callable[[], int]
    unknown: Callable[[PlantSettings], Iterable[str]] = lambda _: ()

    def data(self, at: int | None, as_of: int | None) -> dict[str, Any]:
        """All that holds at an instant, and from when to when exactly that holds (null: always)."""
        plant, at = self._known(as_of), self.now() if at is None else at
        settings = plant.at(at)
        return {
            "at": to_text(at),
            **_stretch(plant, at),
            "products": _tables(settings.products),
            "sites": {name: _site(site) for name, site in settings.sites.items()},
            "lines": _tables(settings.lines),
            "machines": {
                pattern: machine.model_dump(mode="json", exclude_unset=True)
                for pattern, machine in settings.machines.items()
            },
        }

    def settings(self, path: str, at: int | None, as_of: int | None) -> dict[str, Any]:
        """The settings of one machine at an instant."""
        if path.count("/") != 3:
            raise QueryError("asset", path, "settings are one machine's", expected="site/area/line/machine")
        plant, at = self._known(as_of), self.now() if at is None else at
        settings = plant.at(at)
        machine = settings.machine(path)
        return {
            "asset": path,
            "at": to_text(at),
            **_stretch(plant, at),
            "configured": settings.configured(path),
            "settings": machine.model_dump(mode="json", exclude={"stop_reasons"}, exclude_none=True),
            "stop_reasons": list(machine.stop_reasons),
        }

    def changes(self, kind: str | None, name: str | None, as_of: int | None) -> dict[str, Any]:
        """Changes that were said, the last ones last."""
        self.settle(SETTLE_S)
        found = change_store.listed(self.connections.get(), as_of)
        return {"changes": [one for one in found if kind in (None, one["kind"]) and name in (None, one["name"])]}

    def check(self, change: PlantChange) -> dict[str, Any]:
        """QueryError with what is wrong with a change or revocation; else what somebody should know of it."""
        self.settle(CHECK_S)
        file, holding = self.plants.file.settings, change_store.holding(self.connections.get())
        found = _check(file, holding, change)
        if change.kind == "machine" and not found:
            known = set(self.unknown(file))
            after = versions(file, [*holding.values(), change])[-1].settings
            strange = [text for text in self.unknown(after) if text not in known]
            return {"warnings": strange} if strange else {}
        return found

    def _known(self, as_of: int | None) -> Plant:
        self.settle(SETTLE_S)
        return self.plants.known(self.connections.get(), as_of)[0]


def _stretch(plant: Plant, at: int) -> dict[str, str | None]:
    begins = [version.since for version in plant.versions]
    number = bisect_right(begins, at)
    since, until = begins[number - 1], begins[number] if number < len(begins) else None
    return {
        "from": None if since == ALWAYS else to_text(since),
        "to": None if until is None else to_text(until),
    }


def _tables(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: table.model_dump(mode="json", exclude_none=True) for name, table in tables.items()}


def _site(site: SiteSettings) -> dict[str, Any]:
    out = site.model_dump(mode="json", by_alias=True, exclude_none=True)
    for shift in out["shifts"]:
        shift["days"] = [DAYS[day] for day in shift["days"]]
    return out


def _check(file: PlantSettings, holding: Mapping[int, PlantChange], change: PlantChange) -> dict[str, Any]:
    if change.kind == "revoke":
        return _check_revocation(file, holding, change)
    _check_place(file, change)
    if not change.value:
        raise QueryError("body", None, "nothing is changed", expected="what holds from then on")
    found = check(file, list(holding.values()), change)
    if found:
        raise _refusal(change, min(found, key=lambda one: one.nearest is None))  # a slip explains what is missing
    many = len(change.value.get("stop_reasons") or ())
    if many > MANY_REASONS:
        return {"warnings": [many_reasons(many)]}
    return {}


def _check_place(file: PlantSettings, change: PlantChange) -> None:
    if change.kind in ("shifts", "exception") and change.name not in file.sites:
        known = ", ".join(file.sites) or "it has none"
        raise QueryError("site", change.name, "is no site of the plant file", 404, expected=known)
    if change.kind != "machine":
        return
    for name, value in change.value.items():
        if name in FILE_ONLY:
            told = f"{name} says how messages are read as they come, and is the same at all times"
            raise QueryError(name, value, told, expected="the plant file alone")
    stale = change.value.get("stale_after_s")
    if isinstance(stale, int | float) and 0 < stale * SECOND < RESOLUTION:
        told = "so short a silence has not been kept"
        raise QueryError("stale_after_s", stale, told, expected=f"0, or {RESOLUTION // SECOND} or more")


def _check_revocation(file: PlantSettings, holding: Mapping[int, PlantChange], change: PlantChange) -> dict[str, Any]:
    left = [one for one in holding.values() if one.id != change.revokes]
    if len(left) == len(holding):
        told = "there is no change of this id that holds"
        raise QueryError("id", change.revokes, told, 404, expected="one that /api/v1/plant/changes lists")
    found = check_without(file, left)
    if found:
        told = f"without it {key_text(found[0].path)} would be wrong: it {found[0].message}"
        raise QueryError("id", change.revokes, told, 409, expected="first revoke or change what needs it")
    return {}


def _refusal(change: PlantChange, found: Finding) -> QueryError:
    """The finding by the member of the request that is to blame."""
    place = (SECTIONS.get(change.kind, "sites"), change.name)
    inside = found.path[:2] == place
    path = found.path[2:] if inside else found.path
    if inside and change.kind == "exception":
        path = found.path[4:] or found.path[2:]  # behind the array and the number that it would have
    name = key_text(path) if path else "name"
    message = found.message if inside else f"{name} would be wrong with this change: it {found.message}"
    return QueryError(name, found.value, message, expected=found.nearest or found.message)
