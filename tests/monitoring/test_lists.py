"""Lists of what monitors say: now by urgency, and over time, in pages of any size and with any filter."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from edge.api.parameters import id_or_place
from edge.clock import SECOND
from edge.errors import QueryError
from edge.monitor import Assessment, Monitor, Observation, RemainingLife
from edge.query.query import Query
from tests.monitoring.standins import NOON, clock, host_of, inside, reading

ANY: dict[str, Any] = {
    "asset": None, "states": frozenset(), "monitor": None, "start": None, "end": None, "limit": 1000, "after": None,
}  # fmt: skip
STATES = ("act", "plan", "watch", "unknown", "learning", "ok")


class One(Monitor):
    """Says what the value is a number of."""

    name = "one"

    def update(self, seen: Observation) -> Assessment | None:
        if seen.kind != "reading":
            return None
        value = int(seen.signals["v"])
        life = RemainingLife(value / 7) if value % 3 else None
        health = None if value % 5 == 0 else value % 11 / 11
        return Assessment(seen.ts, STATES[value % 6], health, life=life, edge="open")  # type: ignore[arg-type]


class Two(One):
    name = "two"


def pages(query: Query, limit: int, **asked: Any) -> list[Any]:
    found: list[Any] = []
    after = asked.get("after")
    while True:
        page = query.assessments({**ANY, **asked, "limit": limit, "after": after})
        found += page["assessments"]
        after = page["next"]
        if after is None:
            return found
        if isinstance(after, str):
            after = id_or_place(after)


@pytest.mark.parametrize("limit", [1, 2, 7, 40, 1000])
def test_pages_of_any_size_hold_every_row_once_in_order(tmp_path: Path, limit: int) -> None:
    chance = random.Random(limit)
    machines = [f"site/area/l{n % 3}/m{n}" for n in range(20)]
    messages = [
        reading(NOON + second * SECOND, chance.randrange(40), machine=machine)
        for second in range(6)
        for machine in machines
    ]
    messages.append(clock(NOON + 600 * SECOND))
    cases: list[dict[str, Any]] = [
        {},
        {"asset": "site/area/l1"},
        {"monitor": "two", "states": frozenset({"plan", "ok"})},
        {"start": NOON + SECOND, "end": NOON + 4 * SECOND},
        {"end": NOON + 2 * SECOND, "asset": "site/area/l2"},
        {"after": 0, "states": frozenset({"act"})},
    ]
    with inside(tmp_path, messages, host_of(One, Two)) as within, within.asking() as query:
        within.take(len(messages))
        within.pipeline.commit(whole=True)
        for asked in cases:
            whole = query.assessments({**ANY, **asked})
            assert whole["next"] is None
            assert whole["assessments"], asked
            assert pages(query, limit, **asked) == whole["assessments"]
        ended = query.assessments({**ANY, "end": NOON + 2 * SECOND})["assessments"]
        assert len(ended) == 2 * 2 * len(machines), "with an end alone it is what was said over time"


def test_a_place_in_what_holds_now_is_none_in_the_history(tmp_path: Path) -> None:
    place = (1, False, 0.5, 1.0, "site/area/line/m0", "one")
    with inside(tmp_path, [], host_of(One)) as within, within.asking() as query:
        with pytest.raises(QueryError, match="what holds now") as refused:
            query.assessments({**ANY, "start": NOON, "after": place})
        assert refused.value.parameter == "after"
