"""The hooks of a plugin, all on this page. Hooks register; the core calls what they return."""

from __future__ import annotations

import pluggy

from edge.kpi import Kpi
from edge.monitor import Monitor

GROUP = "edge"
"""Entry point group of plugin packages, and the project name of pluggy's markers."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def register_kpis() -> list[type[Kpi]]:  # type: ignore[empty-body]  # a specification has no body
    """Return the KPI classes of this plugin. Called once at start, before any data."""


@hookspec
def register_monitors() -> list[type[Monitor]]:  # type: ignore[empty-body]  # a specification has no body
    """Return the monitor classes of this plugin. Called once at start, before any data."""
