"""Settings that change from an instant on reach monitors in event time, and are the same again after a restart."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from edge.changes import TOPIC
from edge.clock import MINUTE, SECOND, to_text
from edge.host import PluginHost
from edge.monitor import Assessment, Monitor, Observation
from edge.monitoring.apart import outpost
from edge.store import assessments
from tests.monitoring.standins import MACHINE, NOON, clock, host_of, inside, reading, said
from tests.monitoring.test_apart import kept, plugins
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

PLANT: dict[str, Any] = {
    "machines": {
        "site/*": {
            "stale_after_s": 0, "product": "A", "signals": {"v*": {"high": 5.0, "preset": "cycle"}},
            "monitors": {"settled": {"margin": 1.0, "parts": {"belt": 3}}},
        }
    }
}  # fmt: skip


class Settled(Monitor):
    """Says, in its suggestion, which settings it goes by; remembers how much it has seen."""

    name = "settled"
    settings = {"margin": 0.0, "parts": {}}  # noqa: RUF012  # of the class

    def update(self, seen: Observation) -> Assessment | None:
        self.state["seen"] = self.state.get("seen", 0) + 1
        signal, own = self.machine.signal("v"), self.machine.settings
        said = [signal.get("high"), signal.get("preset"), own["margin"], len(own["parts"]), seen.product]
        return Assessment(seen.ts, "ok", edge="clear", work=" ".join(map(str, said)), version=str(self.state["seen"]))


SETTLED = (
    "class Settled(Monitor):\n"
    + (
        (text := Path(__file__).read_text(encoding="utf-8"))[
            text.index('    name = "settled"') : text.index("\n\nSETTLED")
        ]
    )
)
FILE = "5.0 cycle 1.0 1 A"


def apart(folder: Path) -> PluginHost:
    return plugins(folder / "plugins.d", settled=SETTLED)


def changed(number: str, since: int, received: int, **value: Any) -> Message:
    body = {"id": number, "kind": "machine", "name": "site/*", "by": "ann", "why": "test", "value": value}
    return Message(TOPIC, json.dumps({**body, "valid_from": to_text(since)}).encode(), received)


def revoked(number: str, received: int) -> Message:
    body = {"id": f"r{number}", "kind": "revoke", "by": "ann", "why": "test", "revokes": number}
    return Message(TOPIC, json.dumps(body).encode(), received)


def said_by_second(within: Inside) -> dict[int, str]:
    """What was said of each second after noon."""
    within.pipeline.commit(whole=True, patience_s=60)
    saids = [row.said for row in assessments.following(within.pipeline.db, 0, 1000)]
    assert [one.version for one in saids] == [str(n) for n in range(1, len(saids) + 1)], "it forgot something"
    return {(one.ts - NOON) // SECOND: one.work for one in saids}


def steady(count: int, start: int = 0) -> list[Message]:
    return [reading(NOON + n * SECOND, 1.0) for n in range(start, start + count)]


@pytest.mark.parametrize("where", ["in the service", "apart"])
def test_from_an_instant_on_a_monitor_has_other_settings_and_remembers_what_it_knew(tmp_path: Path, where: str) -> None:
    host = host_of(Settled) if where == "in the service" else apart(tmp_path)
    values = {"signals": {"v*": {"high": 9.0}}, "monitors": {"settled": {"parts": {}}}, "product": "B"}
    messages = [
        *steady(10),
        changed("1", NOON + 20 * SECOND, NOON + 10 * SECOND, **values),
        *steady(30, 10),
        changed("2", NOON + 5 * SECOND, NOON + 40 * SECOND, signals={"v": {"high": 7.0}}),
        *steady(10, 40),
        revoked("1", NOON + 50 * SECOND),
        *steady(10, 50),
        clock(NOON + 5 * MINUTE),
    ]
    with inside(tmp_path / "data", messages, host, PLANT) as within:
        within.take(len(messages))
        found = said_by_second(within)
    assert {found[n] for n in range(20)} == {FILE}
    assert {found[n] for n in range(20, 37)} == {"9.0 cycle 1.0 0 B"}
    assert {found[n] for n in range(40, 47)} == {"7.0 cycle 1.0 0 B"}, "of `v` its own limit, the rest of `v*`"
    assert {found[n] for n in range(50, 60)} == {"7.0 cycle 1.0 1 A"}


def test_a_product_that_messages_say_wins_over_the_one_that_is_set(tmp_path: Path) -> None:
    messages = [
        said("product", NOON, product="C"),
        *steady(5),
        changed("1", NOON, NOON + 5 * SECOND, product="B"),
        *steady(5, 5),
        clock(NOON + 5 * MINUTE),
    ]
    with inside(tmp_path / "data", messages, host_of(Settled), PLANT) as within:
        within.take(len(messages))
        assert {work[-1] for work in said_by_second(within).values()} == {"C"}


@pytest.mark.parametrize("where", ["in the service", "apart"])
@pytest.mark.parametrize("seed", range(3))
def test_killed_anywhere_the_same_settings_held_for_the_same_observations(
    tmp_path: Path, seed: int, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outpost, "BATCH", 5)
    chance = random.Random(seed)
    messages = [
        reading(NOON + n * SECOND, 1.0, machine=f"{MACHINE[:-1]}{n % 2}", received=NOON + n * SECOND)
        for n in range(200)
    ]
    for number in range(12):
        place = chance.randrange(1, len(messages))
        received = messages[place - 1].received
        value = chance.choice([{"signals": {"v": {"high": float(number)}}}, {"product": f"P{number}"}])
        said_of = changed(str(number), NOON + chance.randrange(200) * SECOND, received, **value)
        messages.insert(place, revoked(str(number - 1), received) if chance.random() < 0.3 else said_of)
    messages.append(clock(NOON + 10 * MINUTE))
    with inside(tmp_path / "whole", messages, host_of(Settled), PLANT) as whole:
        whole.take(len(messages))
        expected = kept(whole)
    host = host_of(Settled) if where == "in the service" else apart(tmp_path)
    with inside(tmp_path / "pieces", messages, host, PLANT) as pieces:
        while pieces.taken < len(messages):
            pieces.take(chance.randrange(1, 30))
            if chance.random() < 0.5:
                pieces.pipeline.commit(whole=chance.random() < 0.3, patience_s=60)
            if chance.random() < 0.3:
                pieces.restart(kill=chance.random() < 0.7)
        assert kept(pieces) == expected
