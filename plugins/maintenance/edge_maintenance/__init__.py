"""Maintenance prediction: which machine will need attention, why, and by when."""

from __future__ import annotations

from edge import Monitor, hookimpl
from edge_maintenance.monitor import Maintenance

__version__ = "0.1.0"


@hookimpl
def register_monitors() -> list[type[Monitor]]:
    return [Maintenance]
