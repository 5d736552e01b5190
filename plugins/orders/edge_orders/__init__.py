"""Orders: fulfilment cycle time, on-time delivery, work in process, inventory turns.

Formulas: order fulfilment cycle time as SCOR has it, the mean over delivered orders of receipt to acceptance, gross and
net of the dwell that the customer asked for; inventory turns = throughput / average inventory, here work in process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from edge import Facts, Kpi, OrderAction, Slice, hookimpl
from edge_orders.formulas import DAYS_A_YEAR, inventory_days, on_time_delivery, ratio, turns

__version__ = "0.1.0"
SECOND = 1_000_000
YEAR_S = DAYS_A_YEAR * 86_400


class Orders(Kpi):
    name = "orders"
    title = "Orders"
    units: ClassVar[Mapping[str, str]] = {
        "delivered": "", "wip_orders": "", "wip_quantity": "", "inventory_turns": "1/a", "inventory_days": "d",
    }  # fmt: skip
    titles: ClassVar[Mapping[str, str]] = {
        "on_time_delivery": "On-time delivery",
        "delivered": "Orders delivered",
        "cycle_time_s": "Time per order",
        "net_cycle_time_s": "Time per order, less waiting for customers",
        "wip_orders": "Orders in work",
        "wip_quantity": "Parts in work",
        "inventory_days": "Days of inventory",
    }
    headline = "on_time_delivery"
    details = ("delivered", "cycle_time_s", "wip_orders")
    rank = 160
    board = False
    orders = True

    def facts(self, slice: Slice) -> Facts:
        delivered = [a for a in slice.orders if a.action == "deliver" and a.closes]
        finished = [a for a in slice.orders if a.action == "finish" and a.closes]
        timed = [(a, (a.ts - a.created) / SECOND) for a in delivered if a.created is not None]
        known = [span for span in slice.in_process if span.quantity is not None]
        return {
            "delivered": len(delivered),
            "timed": len(timed),
            "cycle_s": sum(gross for _, gross in timed),
            "net_cycle_s": sum(gross - a.dwell_s for a, gross in timed),
            "with_due": sum(a.due is not None for a in delivered),
            "on_time": sum(a.due is not None and a.ts <= a.due for a in delivered),
            "finished": len(finished),
            "finished_quantity": sum(quantity(a) for a in finished),
            "wip_order_s": sum(span.seconds for span in slice.in_process),
            "wip_quantity_s": sum(span.seconds * (span.quantity or 0.0) for span in known),
            "window_s": {slice.asset: slice.seconds},
        }

    def values(self, facts: Facts) -> Mapping[str, Any]:
        window = max(facts.get("window_s", {}).values(), default=0.0)
        a_year = turns(facts["finished_quantity"] * YEAR_S, facts["wip_quantity_s"])
        return {
            "delivered": facts["delivered"],
            "cycle_time_s": ratio(facts["cycle_s"], facts["timed"]),
            "net_cycle_time_s": ratio(facts["net_cycle_s"], facts["timed"]),
            "on_time_delivery": on_time_delivery(facts["on_time"], facts["with_due"]),
            "wip_orders": ratio(facts["wip_order_s"], window),
            "wip_quantity": ratio(facts["wip_quantity_s"], window),
            "inventory_turns": a_year,
            "inventory_days": inventory_days(a_year) if a_year else None,
        }


def quantity(action: OrderAction) -> float:
    """How much was finished: as the message says, else what was ordered."""
    stated = action.ordered if action.quantity is None else action.quantity
    return stated or 0.0


@hookimpl
def register_kpis() -> list[type[Kpi]]:
    return [Orders]
