"""Verdicts of serialised units: rulings 31 and 32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.oracle.machine import Machine
from tests.oracle.messages import Fact

Key = tuple[str, str, str]  # line, station, serial


class Units:
    """All verdicts of all machines; aborts are none."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.verdicts: dict[Key, list[Fact]] = {}
        for fact in sorted((f for f in facts if f.kind == "unit"), key=lambda f: f.order):
            line, _, machine = fact.machine.rpartition("/")
            if fact.body["result"] != "abort":
                key = (line, fact.body.get("station") or machine, fact.body["serial"])
                self.verdicts.setdefault(key, []).append(fact)

    def stations(self, machine: Machine, start: int, end: int) -> dict[str, dict[str, int]]:
        """Sums per station over the units whose first verdict the machine gave in [start, end)."""
        out: dict[str, dict[str, int]] = {}
        for (line, station, serial), verdicts in self.verdicts.items():
            first, last = verdicts[0], verdicts[-1]
            if first.machine != machine.path or not start <= first.ts < end:
                continue
            names = ("units", "first_pass", "final_pass", "route_units", "started", "clean")
            sums = out.setdefault(station, dict.fromkeys(names, 0))
            sums["units"] += 1
            sums["first_pass"] += first.body["result"] == "pass"
            sums["final_pass"] += last.body["result"] == "pass"
            sums["route_units"] += not machine.route or station in machine.route
            if machine.route and station == machine.route[0]:
                sums["started"] += 1
                sums["clean"] += all(self._passed(line, s, serial) for s in machine.route)
        return out

    def _passed(self, line: str, station: str, serial: str) -> bool:
        verdicts = self.verdicts.get((line, station, serial))
        return verdicts is not None and verdicts[0].body["result"] == "pass"


def yields(stations: Mapping[str, Mapping[str, int]]) -> dict[str, object]:
    """Values of summed stations."""
    rty: float | None = None
    for sums in stations.values():
        if sums["route_units"]:
            rty = (1.0 if rty is None else rty) * sums["first_pass"] / sums["units"]
    total = {name: sum(s[name] for s in stations.values()) for name in ("units", "first_pass", "final_pass")}
    started = sum(s["started"] for s in stations.values())
    return {
        **total,
        "first_pass_yield": total["first_pass"] / total["units"] if total["units"] else None,
        "final_yield": total["final_pass"] / total["units"] if total["units"] else None,
        "rty": rty,
        "line_fpy": sum(s["clean"] for s in stations.values()) / started if started else None,
        "stations": {
            name: {
                "units": s["units"],
                "first_pass": s["first_pass"],
                "fpy": s["first_pass"] / s["units"],
                "final_yield": s["final_pass"] / s["units"],
            }
            for name, s in stations.items()
        },
    }
