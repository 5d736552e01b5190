"""Shapes of answers about plant data."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from edge.api.shapes import FROM, Numbers, Time


class PlantData(Struct, rename=FROM):
    """What holds at an instant, as tables of the plant file; exactly this holds `from` and `to` (null: unbounded)."""

    at: Time
    from_: Time | None
    to: Time | None
    products: dict[str, dict[str, Any]]
    sites: dict[str, dict[str, Any]]
    lines: dict[str, dict[str, Any]]
    machines: dict[str, dict[str, Any]]


class PlantSettings(Struct, rename=FROM):
    """The settings of one machine at an instant, and the reasons for stops that operators choose from."""

    asset: str
    at: Time
    from_: Time | None
    to: Time | None
    configured: bool
    settings: Numbers
    stop_reasons: list[str]


class PlantChanges(Struct):
    """Changes of plant data in the order in which they were said; `revoked` says by whom and why one does not hold."""

    changes: list[Numbers]


class PlantChanged(Struct):
    """A change is durable: its id, its offset in the journal, and what somebody should know of it."""

    id: str
    offset: int
    warnings: list[str] | UnsetType = UNSET
