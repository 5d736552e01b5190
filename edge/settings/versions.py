"""The plant file with changes laid over it: one set of settings for each stretch of time in which nothing changes."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from pydantic import ValidationError

from edge.changes import SHIFT_TABLES, PlantChange
from edge.settings.findings import findings
from edge.settings.machine import MachineSettings
from edge.settings.plant import PlantSettings, Product
from edge.settings.problems import Finding
from edge.settings.references import limit_findings, reference_findings
from edge.settings.site import SiteSettings
from edge.settings.values import Strict

ALWAYS = -(1 << 62)
FILE_ONLY = ("title", "default_state", "state_from", "running_signal", "running_above", "monitor_interval_s")
"""Of a machine: how its messages are read as they come. Only the plant file says it."""
TABLES_DEEP = 2  # of a machine's tables, such as `signals.vibration`, each key is said for itself

Raw = dict[str, Any]


class Version(NamedTuple):
    """Settings that hold from an instant (microseconds) on, to the next version."""

    since: int
    settings: PlantSettings
    begin: tuple[PlantChange, ...] = ()  # the changes that begin with it


def versions(file: PlantSettings, changes: Sequence[PlantChange]) -> list[Version]:
    """What holds when; the first version is the plant file with all exceptions, and has always held.

    `changes` are those that hold, in the order in which they were said: of those that begin together the last one
    wins. One that does not fit the plant file (any more) is left out, as if it had not been said."""
    laid = _Laid(file)
    for one in changes:
        if one.kind == "exception":
            laid.lay_site(one, with_slot)
    out = [Version(ALWAYS, laid.settings())]
    beginning = sorted((one for one in changes if one.kind != "exception"), key=_since)
    for since, together in groupby(beginning, _since):
        begin = tuple(together)
        for one in begin:
            laid.lay(one)
        out.append(Version(since, laid.settings(), begin))
    return out


def _since(change: PlantChange) -> int:
    return change.since


class _Laid:
    """The plant file with one change after the other laid over it."""

    def __init__(self, file: PlantSettings) -> None:
        self.file = file
        self.products, self.sites = dict(file.products), dict(file.sites)
        self.machines = dict(file.machines)

    def lay(self, change: PlantChange) -> None:
        match change.kind:
            case "product":
                product = _read(Product, change.value)
                self.products |= {} if product is None else {change.name: product}
            case "shifts":
                self.lay_site(change, with_shifts)
            case "machine":
                known, own = _table(self.machines, change.name), _table(self.file.machines, change.name)
                machine = _read(MachineSettings, with_settings(known, own, change))
                self.machines |= {} if machine is None else {change.name: machine}
            case _:
                pass

    def lay_site(self, change: PlantChange, lay: Callable[[Raw, PlantChange], Raw]) -> None:
        known = self.sites.get(change.name)
        site = None if known is None else _read(SiteSettings, lay(written(known), change))
        self.sites |= {} if site is None else {change.name: site}

    def settings(self) -> PlantSettings:
        """The plant as it is now; every part has been read already."""
        return PlantSettings.model_construct(
            products=dict(self.products), sites=dict(self.sites), lines=self.file.lines, machines=dict(self.machines)
        )


def with_slot(site: Raw, change: PlantChange) -> Raw:
    """A site's table with one slot more."""
    slot = {name: value for name, value in change.value.items() if name != "kind"}
    kind = str(change.value.get("kind"))
    return {**site, kind: [*site.get(kind, ()), slot]}


def with_shifts(site: Raw, change: PlantChange) -> Raw:
    """A site's table with other shifts and breaks."""
    return {**{name: value for name, value in site.items() if name not in SHIFT_TABLES}, **change.value}


def with_settings(machine: Raw, file: Raw, change: PlantChange) -> Raw:
    """A machine's table with other settings; null gives one back to the plant file."""
    return _over(machine, file, change.value, TABLES_DEEP)


def _over(known: Raw, file: Raw, said: Raw, depth: int) -> Raw:
    out = {name: value for name, value in known.items() if name not in said}
    for name, value in said.items():
        if depth and isinstance(value, dict):
            out[name] = _over(_inside(known, name), _inside(file, name), value, depth - 1)
        elif value is not None:
            out[name] = value
        elif name in file:
            out[name] = file[name]
    return out


def _inside(table: Raw, name: str) -> Raw:
    inside = table.get(name)
    return inside if isinstance(inside, dict) else {}


def _table(machines: Mapping[str, MachineSettings], pattern: str) -> Raw:
    known = machines.get(pattern)
    return {} if known is None else written(known)


def _read(model: type[Any], raw: Raw) -> Any:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def written(settings: Strict) -> Raw:
    """Settings as a file has them: what was given, without defaults."""
    return settings.model_dump(by_alias=True, exclude_unset=True)


def check(file: PlantSettings, holding: Sequence[PlantChange], change: PlantChange) -> list[Finding]:
    """What is wrong with a change beside those that hold; paths are those of the plant file that it would make."""
    since = ALWAYS if change.kind == "exception" else change.since
    before = [one for one in versions(file, holding) if one.since <= since][-1].settings
    found = _findings(_with(written(before), file, change))
    for version in versions(file, [*holding, change]):
        if not found and version.since > since:
            found = _findings(written(version.settings))
    return found


def check_without(file: PlantSettings, holding: Sequence[PlantChange]) -> list[Finding]:
    """What would be wrong if only these changes held."""
    return [found for version in versions(file, holding) for found in _findings(written(version.settings))]


def _with(raw: Raw, file: PlantSettings, change: PlantChange) -> Raw:
    """The plant with a change that nobody has looked at yet."""
    match change.kind:
        case "product":
            return _laid_in(raw, "products", change.name, change.value)
        case "machine":
            known = raw["machines"].get(change.name, {})
            machine = with_settings(known, _table(file.machines, change.name), change)
            return _laid_in(raw, "machines", change.name, machine)
        case _:
            lay = with_slot if change.kind == "exception" else with_shifts
            return _laid_in(raw, "sites", change.name, lay(raw["sites"].get(change.name, {}), change))


def _laid_in(raw: Raw, section: str, name: str, table: Mapping[str, Any]) -> Raw:
    return {**raw, section: {**raw[section], name: table}}


def _findings(raw: Raw) -> list[Finding]:
    """The very checks that the plant file goes through."""
    found = reference_findings(raw)
    try:
        plant = PlantSettings.model_validate(raw)
    except ValidationError as error:
        return [*findings(PlantSettings, raw, error), *found]
    return [*found, *limit_findings(plant)]
