"""Verdicts of serialised units: rulings 31 and 32."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist

from tests.oracle.machine import Machine
from tests.oracle.messages import Fact

Key = tuple[str, str, str]  # line, station, serial
Sums = dict[str, Counter[str]]


class Units:
    """All verdicts of all machines; aborts are none."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.verdicts: dict[Key, list[Fact]] = {}
        for fact in sorted((f for f in facts if f.kind == "unit"), key=lambda f: f.order):
            line, _, machine = fact.machine.rpartition("/")
            if fact.body["result"] != "abort":
                key = (line, fact.body.get("station") or machine, fact.body["serial"])
                self.verdicts.setdefault(key, []).append(fact)

    def counted(self, machine: Machine, start: int, end: int,
                product_at: Callable[[int], str | None]) -> tuple[Sums, Sums]:  # fmt: skip
        """Sums per station and per product over the units whose first verdict the machine gave in [start, end)."""
        stations: Sums = {}
        products: Sums = {}
        for (line, station, serial), verdicts in self.verdicts.items():
            first, last = verdicts[0], verdicts[-1]
            if first.machine != machine.path or not start <= first.ts < end:
                continue
            passed, good = first.body["result"] == "pass", last.body["result"] == "pass"
            defects = max(first.body.get("defects") or 0, 0 if passed else 1)
            opportunities = first.body.get("opportunities") or 0
            begins = bool(machine.route) and station == machine.route[0]
            one = Counter(
                units=1, first_pass=passed, final_pass=good, scrapped=not good, reworked=good and not passed,
                defects=defects, counted_defects=defects if opportunities else 0, opportunities=opportunities,
                started=begins, clean=begins and all(self._passed(line, s, serial) for s in machine.route),
            )  # fmt: skip
            stations.setdefault(station, Counter()).update(one)
            product = first.body.get("product") or product_at(first.ts)
            if product:
                products.setdefault(product, Counter()).update(one)
        return stations, products

    def _passed(self, line: str, station: str, serial: str) -> bool:
        verdicts = self.verdicts.get((line, station, serial))
        return verdicts is not None and verdicts[0].body["result"] == "pass"


def yields(stations: Sums, products: Sums, route: Sequence[str]) -> dict[str, object]:
    """Values of summed stations. The product over the route is not known where a station of it has seen no unit."""
    rty: float | None = None
    steps = route or list(stations)
    if steps and all(step in stations for step in steps):
        rty = 1.0
        for step in steps:
            rty *= stations[step]["first_pass"] / stations[step]["units"]
    total: Counter[str] = Counter()
    for sums in stations.values():
        total.update(sums)
    whole = group(total)
    return {
        **{name: total[name] for name in ("units", "first_pass", "final_pass")},
        **{name: whole[name] for name in ("first_time_through", "dpu", "dpmo", "sigma_level", "final_yield")},
        "first_pass_yield": whole["fpy"],
        "rty": rty,
        "normalised_yield": None if rty is None else rty ** (1 / len(steps)),
        "line_fpy": total["clean"] / total["started"] if total["started"] else None,
        "stations": {name: group(sums) for name, sums in stations.items()},
        "products": {name: group(sums) for name, sums in products.items()},
    }


def group(s: Mapping[str, int]) -> dict[str, float | None]:
    """The yields of one station, of one product, or of all."""
    units, share = s["units"], s["counted_defects"] / s["opportunities"] if s["opportunities"] else None
    return {
        "units": units,
        "first_pass": s["first_pass"],
        "fpy": s["first_pass"] / units if units else None,
        "final_yield": s["final_pass"] / units if units else None,
        "first_time_through": (units - s["scrapped"] - s["reworked"]) / units if units else None,
        "dpu": s["defects"] / units if units else None,
        "dpmo": None if share is None else share * 1e6,
        "sigma_level": None if share is None or not 0 < share < 1 else NormalDist().inv_cdf(1 - share) + 1.5,
    }
