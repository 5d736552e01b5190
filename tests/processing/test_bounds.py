"""Topics and names that anybody can make up do not fill the memory: what is too much is refused and counted."""

import json

import pytest

from edge.processing import intake
from edge.query.query import Asked
from edge.query.window import Window
from edge.store import readings
from tests.scenarios.offline import answering
from tests.scenarios.scenario import Message

FILTERS = {"asset": None, "reason": None, "start": None, "end": None, "limit": 10, "before": None}


def reading(machine: str, number: int, signals: dict[str, float]) -> Message:
    payload = {"ts": 1_741_000_000_000 + number, "boot": "b", "seq": number, "signals": signals}
    return Message(f"shopfloor/v1/s/a/l/{machine}/reading", json.dumps(payload).encode(), 1_741_000_000_000_000)


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MACHINES", 3)
    monkeypatch.setattr(readings, "SIGNALS", 5)
    monkeypatch.setattr(readings, "NAME_SETS", 4)
    return


def test_machines_that_nobody_configured_are_bounded() -> None:
    messages = [reading(f"m{n}", n, {"a": 1}) for n in range(6)]
    with answering({"machines": {"s/a/l/m5": {}}}, messages) as query:
        paths = [a["path"] for a in query.assets()["assets"] if a["kind"] == "machine"]
        found = query.rejections(FILTERS)
    assert paths == ["s/a/l/m0", "s/a/l/m1", "s/a/l/m5"]
    assert found["counts"] == {"too_many_machines": 3}


def test_signals_of_a_machine_are_bounded_and_known_ones_go_on() -> None:
    made_up = [reading("m", n, {f"s{n}": 1.0}) for n in range(9)]
    with answering({}, [*made_up, reading("m", 9, {"s0": 2.0})]) as query:
        (machine,) = [a for a in query.assets()["assets"] if a["kind"] == "machine"]
        found = query.rejections(FILTERS)
    assert {s["name"]: s["last"]["value"] for s in machine["signals"]} == {"s0": 2.0, "s1": 1.0, "s2": 1.0, "s3": 1.0}
    assert found["counts"] == {"too_many_signals": 5}
    assert found["rejections"][0]["payload"] is not None


def test_sums_beyond_64_bits_are_kept_as_good_as_floats_are() -> None:
    ts, most = 1_741_000_000_000, 2**53
    told = [("count", {"total": most, "bad": most}), ("scrap", {"qty": most})]
    told += [("order", {"order": "o", "action": "create", "quantity": 1.7e308})]
    messages = [
        Message(f"shopfloor/v1/s/a/l/m/{kind}", json.dumps({"ts": ts + n, **body}).encode(), ts * 1000)
        for n in range(1100)
        for kind, body in told
    ]
    with answering({"machines": {"s/*": {"stale_after_s": 0, "default_state": "running"}}}, messages) as query:
        window = Asked("s/a/l/m", Window((ts - 86_400_000) * 1000, (ts + 86_400_000) * 1000))
        answers = {name: query.kpi(name, window, "1h", None) for name in query.host.kpis}
    assert answers["oee"]["facts"]["total_count"] == pytest.approx(1100 * most)
