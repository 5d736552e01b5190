"""A plugin-based edge service for shop-floor data; this module is what a plugin imports."""

from edge.hookspecs import hookimpl
from edge.kpi import Facts, Kpi
from edge.monitor import Assessment, Finding, Monitor, Observation, Reason, RemainingLife, Watched
from edge.slices import Count, LineRole, OrderAction, OrderSpan, SignalSummary, Slice, Span, Stop, Unit

__all__ = [
    "Assessment", "Count", "Facts", "Finding", "Kpi", "LineRole", "Monitor", "Observation", "OrderAction", "OrderSpan",
    "Reason", "RemainingLife", "SignalSummary", "Slice", "Span", "Stop", "Unit", "Watched", "hookimpl",
]  # fmt: skip
__version__ = "0.1.0"
