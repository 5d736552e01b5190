"""What plugins say of their KPIs, for whoever shows them."""

from __future__ import annotations

from typing import Any

from edge.host import PluginHost


def catalogue(host: PluginHost) -> dict[str, Any]:
    """The KPIs that plugins brought, and plugins that could not be loaded."""
    shown = []
    for name, loaded in host.kpis.items():
        kpi = loaded.kpi
        shown.append(
            {
                "name": name,
                "title": kpi.title or name,
                "unit": kpi.unit,
                "headline": kpi.headline or name,
                "details": list(kpi.details),
                "of_line": list(kpi.of_line),
                "units": dict(kpi.units),
                "titles": dict(kpi.titles),
                "quotients": {value: list(facts) for value, facts in kpi.quotients.items()},
                "better": kpi.better,
                "rank": kpi.rank,
                "plugin": loaded.plugin,
                "version": loaded.version,
                "failures": loaded.failures,
                "last_error": loaded.last_error,
            }
        )
    return {"kpis": shown, "broken": dict(host.broken)}
