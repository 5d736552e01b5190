"""A plugin-based edge service for shop-floor data; this module is what a plugin imports."""

from edge.hookspecs import hookimpl
from edge.kpi import Facts, Kpi
from edge.slices import Count, LineRole, OrderAction, OrderSpan, SignalSummary, Slice, Span, Stop, Unit

__all__ = [
    "Count", "Facts", "Kpi", "LineRole", "OrderAction", "OrderSpan", "SignalSummary", "Slice", "Span", "Stop", "Unit",
    "hookimpl",
]  # fmt: skip
__version__ = "0.1.0"
