"""Compares what the service answers with the ledger of the load."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.ledger import Account, Ledger
from tests.running import Service


def window(ledger: Ledger) -> dict[str, str]:
    """A window with everything that the ledger knows; it ends in the past, so that answers no longer change."""
    start, end = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (ledger.start_ms, ledger.end_ms))
    return {"from": (start - timedelta(hours=1)).isoformat(), "to": end.isoformat()}


def facts(service: Service, ledger: Ledger, path: str) -> dict[str, dict[str, Any]]:
    """The facts of both KPIs for one machine."""
    return {
        kpi: service.get(f"/api/v1/kpis/{kpi}", asset=path, **window(ledger))["facts"]
        for kpi in ("oee", "first_pass_yield")
    }


def all_facts(service: Service, ledger: Ledger) -> dict[str, dict[str, dict[str, Any]]]:
    """The facts of every machine."""
    return {path: facts(service, ledger, path) for path in ledger.machines}


def differences(service: Service, ledger: Ledger) -> Iterator[str]:
    """Every number of the ledger that the service does not have to the unit."""
    for path, account in ledger.machines.items():
        yield from _machine(path, account, facts(service, ledger, path))
    yield from unbalanced(service.metrics())
    metrics = service.metrics()
    accepted = metrics["edge_messages_accepted_total"]
    if accepted != ledger.messages:
        yield f"accepted {accepted:.0f} messages of {ledger.messages}"


def _machine(path: str, account: Account, found: dict[str, dict[str, Any]]) -> Iterator[str]:
    parts, units = found["oee"], found["first_pass_yield"]
    pairs = {
        "parts": (parts["total_count"] + parts["gap_count"] + parts["unscheduled_count"], account.total),
        "units": (units["units"], account.units),
        "first_pass": (units["first_pass"], account.first_pass),
    }
    for name, (got, want) in pairs.items():
        if got != want:
            yield f"{path}: {name} {got} instead of {want}"


def rejected(metrics: dict[str, float]) -> float:
    """Rejected messages of all reasons."""
    return sum(value for name, value in metrics.items() if name.startswith("edge_messages_rejected_total"))


def unbalanced(metrics: dict[str, float]) -> Iterator[str]:
    """Received messages must all be accepted, duplicate or rejected."""
    received = metrics["edge_messages_received_total"]
    accepted, duplicate = metrics["edge_messages_accepted_total"], metrics["edge_messages_duplicate_total"]
    if received != accepted + duplicate + rejected(metrics):
        yield f"received {received} is not accepted {accepted} + duplicate {duplicate} + rejected {rejected(metrics)}"
