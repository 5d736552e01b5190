"""Energy per part, from a meter (a signal of kind `energy`) or from power held until the next reading (`power`).

Formula: ISO 22400-2, energy of the production / parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from edge import Facts, Kpi, SignalSummary, Slice, hookimpl
from edge_energy.formulas import energy_per_part, kwh, kwh_of_power

__version__ = "0.1.0"


class Energy(Kpi):
    name = "energy"
    title = "Energy per part"
    unit = "kWh"
    units: ClassVar[Mapping[str, str]] = {"power_coverage": "1"}
    titles: ClassVar[Mapping[str, str]] = {
        "energy_kwh": "Energy",
        "energy_per_part_kwh": "Energy per part",
        "energy_per_good_part_kwh": "Per good part",
        "power_coverage": "Time with a known power",
    }
    headline = "energy_per_part_kwh"
    details = ("energy_kwh", "energy_per_good_part_kwh")
    better = "down"
    rank = 150
    board = False
    signals = ("kind:energy", "kind:power")

    def facts(self, slice: Slice) -> Facts:
        meters = [one for one in slice.readings.values() if one.kind == "energy"]
        powers = [] if meters else [one for one in slice.readings.values() if one.kind == "power"]
        found = [kwh(one.rise, one.unit or "kWh") for one in meters]
        found += [kwh_of_power(one.integral, one.unit or "kW") for one in powers]
        measured = bool(meters or powers)
        return {
            "energy_kwh": sum(amount for amount in found if amount is not None),
            "known": sum(
                one.n if meters else one.held_s
                for one, amount in zip(meters or powers, found, strict=True)
                if amount is not None
            ),
            "parts": sum(count.total for count in slice.counts) if measured else 0,
            "good_parts": sum(count.total - count.bad for count in slice.counts) if measured else 0,
            "power_s": slice.seconds * len(powers),
            "power_held_s": sum(one.held_s for one in powers),
            "flags": marks(meters, found),
        }

    def values(self, facts: Facts) -> Mapping[str, Any]:
        energy = facts["energy_kwh"] if facts["known"] else None
        return {
            "energy_kwh": energy,
            "energy_per_part_kwh": None if energy is None else energy_per_part(energy, facts["parts"]),
            "energy_per_good_part_kwh": None if energy is None else energy_per_part(energy, facts["good_parts"]),
            "power_coverage": facts["power_held_s"] / facts["power_s"] if facts["power_s"] else None,
        }


def marks(meters: list[SignalSummary], found: list[float | None]) -> dict[str, int]:
    """What a reader should know: a meter that fell (what it counted in that step is not known), a unit nobody knows."""
    counted = {"meter_fell": sum(one.falls for one in meters), "unknown_unit": sum(amount is None for amount in found)}
    return {name: n for name, n in counted.items() if n}


@hookimpl
def register_kpis() -> list[type[Kpi]]:
    return [Energy]
