"""Which lines and machines are simulated, and what they make: those of the plant file, or a made-up plant."""

from __future__ import annotations

from dataclasses import dataclass

from edge.calendar import Calendar
from edge.settings.plant import PlantSettings
from edge.settings.site import SiteSettings

MACHINES_PER_LINE = 4
LINES = 3
WEARING = "m007"


@dataclass(frozen=True)
class Article:
    """A product and its ideal seconds per part."""

    name: str
    ideal_s: float


MADE_UP_ARTICLES = (Article("P1", 4.0), Article("P2", 6.0))


@dataclass(frozen=True)
class LineLayout:
    """`machines` are asset paths in the order of the flow; `articles` begins with what the line usually makes."""

    path: str
    machines: tuple[str, ...]
    articles: tuple[Article, ...]
    constraint: int
    wearing: int | None
    calendar: Calendar


def lay_out(plant: PlantSettings, machines: int = 0) -> tuple[LineLayout, ...]:
    """The lines of the plant file, cut or lengthened by made-up lines to `machines` machines (0: as they are)."""
    paths = list(plant.machine_paths()) or _made_up(next(iter(plant.sites), "demo"), 0, LINES * MACHINES_PER_LINE)
    if machines > len(paths):
        paths += _made_up(paths[0].partition("/")[0], len(paths), machines)
    paths = paths[: machines or None]
    wearing = next((path for path in paths if path.endswith(f"/{WEARING}")), paths[len(paths) // 2])
    lines = dict.fromkeys(path.rpartition("/")[0] for path in paths)
    return tuple(_line(plant, line, [path for path in paths if path.startswith(line + "/")], wearing) for line in lines)


def _made_up(site: str, start: int, end: int) -> list[str]:
    return [f"{site}/packing/l{n // MACHINES_PER_LINE + 1}/m{n + 1:03d}" for n in range(start, end)]


def _line(plant: PlantSettings, path: str, machines: list[str], wearing: str) -> LineLayout:
    settings = plant.line(path)
    route = [f"{path}/{station}" for station in settings.route] if settings else []
    order = [machine for machine in route if machine in machines] + [m for m in machines if m not in route]
    constraint = f"{path}/{settings.constraint}" if settings and settings.constraint else order[len(order) // 2]
    return LineLayout(
        path=path,
        machines=tuple(order),
        articles=_articles(plant, order[0]),
        constraint=order.index(constraint) if constraint in order else 0,
        wearing=order.index(wearing) if wearing in order else None,
        calendar=Calendar(plant.sites.get(path.partition("/")[0]) or SiteSettings()),
    )


def _articles(plant: PlantSettings, machine: str) -> tuple[Article, ...]:
    usual = plant.machine(machine).product
    names = sorted(plant.products, key=lambda name: (name != usual, name))
    return tuple(Article(name, plant.products[name].ideal_s) for name in names) or MADE_UP_ARTICLES
