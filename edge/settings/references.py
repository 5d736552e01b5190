"""What one part of the plant file says of another: products, sites, machines of a line."""

from collections.abc import Iterator, Mapping
from typing import Any

from edge.settings.machine import MANY_REASONS
from edge.settings.nearest import nearest
from edge.settings.patterns import is_pattern
from edge.settings.plant import PlantSettings
from edge.settings.problems import Finding, key_text

LIKELY_SLIP = 0.75  # how like a known machine a station must be to count as a slip of the pen


def reference_findings(raw: Mapping[str, Any]) -> list[Finding]:
    """Names that lead nowhere. Works on the raw file, so that one run reports them beside malformed values."""
    return [*_products(raw), *_sites(raw), *_stations(raw)]


def limit_findings(plant: PlantSettings) -> list[Finding]:
    """Limits of signals that contradict each other once the patterns are merged."""
    found = []
    for pattern, settings in plant.machines.items():
        for name in settings.signals:
            merged = plant.signal(pattern.replace("*", "x"), name.replace("*", "x"))
            if merged.low is not None and merged.high is not None and merged.low >= merged.high:
                message = f"with other patterns that match, low is {merged.low:g} and high is {merged.high:g}"
                found.append(Finding(("machines", pattern, "signals", name), None, message))
    return found


def advice(plant: PlantSettings) -> list[str]:
    """What is allowed in the plant file and still a burden."""
    return [
        f"{key_text(('machines', pattern, 'stop_reasons'))}: {many_reasons(len(settings.stop_reasons))}"
        for pattern, settings in plant.machines.items()
        if len(settings.stop_reasons) > MANY_REASONS
    ]


def many_reasons(number: int) -> str:
    """Why so many reasons for stops are too many."""
    return f"{number} reasons: with more than {MANY_REASONS} most stops end as the first or as other"


def _table(raw: Any, key: str) -> Mapping[str, Any]:
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _products(raw: Mapping[str, Any]) -> Iterator[Finding]:
    products = _table(raw, "products")
    for pattern, machine in _table(raw, "machines").items():
        name = machine.get("product") if isinstance(machine, Mapping) else None
        if isinstance(name, str) and name not in products:
            message = f"is no product of this file ({', '.join(products) or 'it has none'})"
            yield Finding(("machines", pattern, "product"), name, message, nearest(name, products))


def _sites(raw: Mapping[str, Any]) -> Iterator[Finding]:
    sites = _table(raw, "sites")
    if not sites:
        return  # without any site the whole plant is on UTC around the clock, which needs no table
    for section in ("lines", "machines"):
        for path in _table(raw, section):
            site, _, rest = path.partition("/")
            if site not in sites and not is_pattern(site):
                near = nearest(site, sites)
                yield Finding(
                    (section, path), None, f"lies in site {site}, which has no table [sites.{site}]",
                    f"{near}/{rest}" if near else None,
                )  # fmt: skip


def _stations(raw: Mapping[str, Any]) -> Iterator[Finding]:
    machines: dict[str, list[str]] = {}
    for path in _table(raw, "machines"):
        if not is_pattern(path):
            machines.setdefault(path.rpartition("/")[0], []).append(path.rpartition("/")[2])
    for path, line in _table(raw, "lines").items():
        if not isinstance(line, Mapping):
            continue
        own = machines.get(path, [])
        given = line.get("route")
        route = [station for station in given if isinstance(station, str)] if isinstance(given, list) else []
        yield from _ends(path, line, own, route)
        yield from _slips(path, own, route)


def _ends(path: str, line: Mapping[str, Any], own: list[str], route: list[str]) -> Iterator[Finding]:
    """The constraint and the last station must be stations that the file knows, where it knows any."""
    known = list(dict.fromkeys([*route, *own]))
    for key in ("constraint", "last"):
        name = line.get(key)
        if isinstance(name, str) and known and name not in known:
            message = f"is no station of this line ({', '.join(known)})"
            yield Finding(("lines", path, key), name, message, nearest(name, known))


def _slips(path: str, own: list[str], route: list[str]) -> Iterator[Finding]:
    """A station need not be a machine; one that nearly has the name of a machine missing from the route is a slip."""
    missing = [machine for machine in own if machine not in route]
    for i, station in enumerate(route):
        near = nearest(station, missing, cutoff=LIKELY_SLIP)
        if station not in own and near:
            message = f"is no machine of this line ({', '.join(own)})"
            yield Finding(("lines", path, "route", i), station, message, near)
