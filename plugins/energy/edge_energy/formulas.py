"""Energy per part, and units of energy and power as kilowatt-hours and kilowatts."""

from __future__ import annotations

KWH = {
    "kwh": 1.0, "wh": 1e-3, "mwh": 1e3, "gwh": 1e6, "j": 1 / 3.6e6, "kj": 1 / 3.6e3, "mj": 1 / 3.6, "gj": 1e3 / 3.6,
    "ws": 1 / 3.6e6,
}  # fmt: skip
"""Kilowatt-hours in a unit of energy, by its name in lower case: MWh and MJ are mega, nobody meters in millijoule."""
KW = {"w": 1e-3, "kw": 1.0, "mw": 1e3, "gw": 1e6}
"""Kilowatts in a unit of power."""


def kwh(amount: float, unit: str) -> float | None:
    """An amount of energy in kWh; None where the unit is not known."""
    factor = KWH.get(unit.strip().lower())
    return None if factor is None else amount * factor


def kwh_of_power(amount_s: float, unit: str) -> float | None:
    """The integral of power over seconds, in kWh; None where the unit is not known."""
    factor = KW.get(unit.strip().lower())
    return None if factor is None else amount_s * factor / 3600


def energy_per_part(energy: float, produced: float) -> float | None:
    """Energy of the production / parts (ISO 22400-2); None without parts."""
    return energy / produced if produced else None
