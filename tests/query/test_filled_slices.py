"""Readings and orders in slices: exact over any cut, whatever the order of arrival, and settled after late messages."""

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edge.clock import from_text
from edge.facts import total
from edge.query.query import Asked
from edge.query.window import Window
from edge.store.schema import open_writer
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

START = datetime(2025, 3, 3, 6, tzinfo=UTC)
LINE = "s/a/l"
ASSET = f"{LINE}/m1"
SIGNALS = {
    "force": {"low": 4.0, "high": 16.0, "sigma": 1.0, "rules": "nelson"},
    "meter": {"kind": "energy", "unit": "kWh"},
    "load": {"kind": "power", "unit": "kW"},
}


def plant(*signals: str) -> dict[str, Any]:
    machine = {"product": "A", "stale_after_s": 0, "demand_per_h": 60, "signals": {n: SIGNALS[n] for n in signals}}
    return {"products": {"A": {"ideal_cycle_s": 30}}, "machines": {"s/*": machine}}


def at(minute: float) -> str:
    return (START + timedelta(minutes=minute)).isoformat()


def said(minute: float, kind: str, asset: str = ASSET, received: float | None = None, **members: object) -> Message:
    payload = {"ts": at(minute), **members}
    arrived = from_text(at(minute if received is None else received))
    return Message(f"shopfloor/v1/{asset}/{kind}", json.dumps(payload).encode(), arrived)


def measured(signal: str, values: Iterable[tuple[float, float]]) -> list[Message]:
    return [said(minute, "reading", signals={signal: value}) for minute, value in values]


def kpi(query: Any, name: str, start: float, end: float, asset: str = ASSET, as_of: float | None = None) -> Any:
    window = Asked(asset, Window(from_text(at(start)), from_text(at(end))))
    return query.kpi(name, window, None, None if as_of is None else from_text(at(as_of)))


FORCES = [(minute, 10 + random.Random(minute).gauss(0, 1)) for minute in range(1, 299)]


@pytest.mark.parametrize("name", ["capability", "control_chart"])
def test_windows_of_readings_sum_to_their_union_in_any_order_of_arrival(name: str) -> None:
    messages = measured("force", FORCES)
    shuffled = random.Random(1).sample(messages, len(messages))
    with answering(plant("force"), messages) as query, answering(plant("force"), shuffled) as other:
        whole = kpi(query, name, 0, 300)
        parts = [kpi(query, name, a, b)["facts"] for a, b in ((0, 37), (37, 60), (60, 181), (181, 300))]
        again = kpi(other, name, 0, 300)
    assert whole["values"]["signals"]["force"]
    for found in (total(parts), again["facts"]):
        assert flat(found) == pytest.approx(flat(whole["facts"]), rel=1e-9, abs=1e-6)


def flat(facts: dict[str, Any], path: str = "") -> dict[str, float]:
    out: dict[str, float] = {}
    for name, value in facts.items():
        out |= flat(value, f"{path}/{name}") if isinstance(value, dict) else {f"{path}/{name}": value}
    return out


def test_capability_is_that_of_all_values() -> None:
    with answering(plant("force"), measured("force", FORCES)) as query:
        found = kpi(query, "capability", 0, 300)["values"]["signals"]["force"]
    values = [value for _, value in FORCES]
    mean = sum(values) / len(values)
    sd = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    assert (found["n"], found["mean"], found["sigma_overall"]) == pytest.approx((len(values), mean, sd))
    assert found["pp"] == pytest.approx(12 / (6 * sd))


def test_a_late_reading_changes_the_step_into_the_hour_after_it() -> None:
    early = measured("force", [(10, 10.0), (70, 12.0), (130, 11.0)])
    late = said(50, "reading", received=200, signals={"force": 20.0})
    with answering(plant("force"), [*early, said(190, "heartbeat"), late]) as query:
        hours = [kpi(query, "capability", 60 * n, 60 * n + 60)["facts"]["signals"]["force"] for n in range(3)]
    steps = [sum(part["step_sum"] for part in hour.values()) for hour in hours]
    assert steps == pytest.approx([10.0, 8.0, 1.0])


def test_energy_of_a_meter_telescopes_and_of_power_holds_between_readings() -> None:
    metered = [*measured("meter", [(10, 100.0), (70, 104.0), (100, 106.0)]), said(20, "count", total=12)]
    with answering(plant("meter"), metered) as query:
        assert kpi(query, "energy", 0, 120)["values"]["energy_per_part_kwh"] == pytest.approx(0.5)
        assert [kpi(query, "energy", a, b)["facts"]["energy_kwh"] for a, b in ((0, 60), (60, 120))] == [0.0, 6.0]
    powered = measured("load", [(0, 6.0), (30, 12.0), (50, 0.0)])
    with answering(plant("load"), powered) as query:
        parts = [kpi(query, "energy", a, b)["facts"]["energy_kwh"] for a, b in ((0, 40), (40, 90))]
    assert parts == pytest.approx([5.0, 2.0])


ORDER = [
    said(0, "order", f"{LINE}/erp", order="4711", action="create", quantity=100, due=at(290), dwell_s=600),
    said(60, "order", order="4711", action="start"),
    said(180, "order", order="4711", action="finish", quantity=100),
    said(240, "order", f"{LINE}/dock", order="4711", action="deliver", quantity=60),
    said(270, "order", f"{LINE}/dock", order="4711", action="deliver", quantity=40),
    said(299, "heartbeat"),
]


def test_an_order_is_known_over_all_machines_of_its_site_in_any_order_of_arrival() -> None:
    for messages in (ORDER, ORDER[::-1]):
        with answering(plant(), messages) as query:
            values = kpi(query, "orders", 0, 300, LINE)["values"]
        assert (values["delivered"], values["cycle_time_s"], values["net_cycle_time_s"]) == (1, 270 * 60, 260 * 60)
        assert values["on_time_delivery"] == 1.0
        assert (values["wip_orders"], values["wip_quantity"]) == pytest.approx((0.4, 40.0))


def test_work_in_process_of_neighbouring_windows_adds_up() -> None:
    with answering(plant(), ORDER) as query:
        parts = [kpi(query, "orders", a, b)["facts"]["wip_order_s"] for a, b in ((0, 90), (90, 150), (150, 300))]
    assert parts == [30 * 60, 60 * 60, 30 * 60]


def test_a_late_start_puts_the_order_into_process_in_hours_that_were_settled() -> None:
    beats = [said(minute, "heartbeat") for minute in range(0, 300, 20)]
    late = said(60, "order", received=400, order="4711", action="start")
    with answering(plant(), [*beats, said(180, "order", order="4711", action="finish"), late]) as query:
        assert kpi(query, "orders", 0, 300)["facts"]["wip_order_s"] == 120 * 60
        assert kpi(query, "orders", 0, 300, as_of=350)["facts"]["wip_order_s"] == 0


def test_settings_of_the_machine_reach_the_kpi() -> None:
    messages = [said(0, "state", state="running"), said(30, "count", total=90), said(60, "heartbeat")]
    with answering(plant(), messages) as query:
        values = kpi(query, "throughput", 0, 60)["values"]
    assert (values["takt_s"], values["takt_attainment"]) == (60.0, 1.5)


def test_cards_show_only_what_is_for_the_board() -> None:
    with answering(plant(), ORDER) as query:
        assert set(query.status(ASSET)["kpis"]) == {"oee", "first_pass_yield"}


@pytest.mark.parametrize(("signals", "flags"), [((), []), (("force",), ["incomplete"])])
def test_only_an_answer_that_needs_readings_which_are_gone_is_incomplete(
    signals: tuple[str, ...], flags: list[str]
) -> None:
    with answering(plant(*signals), measured("force", FORCES)) as query:
        writer = open_writer(query.connections._path)
        writer.execute("replace into reading_retention values('points', ?)", (from_text(at(10_000)),))
        writer.close()
        assert kpi(query, "capability", 10, 20)["flags"] == flags
        assert kpi(query, "capability", 60, 120)["flags"] == []  # facts of whole hours stay
