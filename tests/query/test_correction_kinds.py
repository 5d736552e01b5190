"""Every kind of correction: numbers follow, over a kill and a rebuild too; revoked, and in the past, they do not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.clock import from_text
from edge.query.query import Asked
from edge.query.window import Window
from tests.properties.inside import Inside
from tests.query.test_corrections import ASSET, LOTS, PLANT, RECORD, at, corrected, said
from tests.scenarios.scenario import Message

WINDOW = Asked(ASSET, Window(from_text(at(0)), from_text(at(480))))
BETWEEN = {"from": at(60), "to": at(70)}
KINDS: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], Any], Any, Any]] = {
    "reason": (BETWEEN | {"reason": "material"}, lambda a: a["reasons"]["material"], 0.0, 600.0),
    "state": (BETWEEN | {"state": "changeover"}, lambda a: a["setup_s"], 0.0, 600.0),
    "split": (BETWEEN | {"at": at(61), "reason_after": "cleaning"}, lambda a: a["reasons"]["cleaning"], 0.0, 540.0),
    "merge": ({"from": at(60), "to": at(85)}, lambda a: a["down_s"], 900.0, 1500.0),
    "product": ({"from": at(190), "to": at(210), "product": "B"}, lambda a: a["ideal_total_s"], 10200.0, 19200.0),
    "order": ({"from": at(190), "to": at(210), "order": "L9"}, lambda a: "L9" in a["orders"], False, True),
    "count": ({"at": at(300), "total": -20, "bad": 2}, lambda a: a["good_count"], 340, 318),
    "scrap by time": ({"at": at(201), "qty": 3}, lambda a: a["good_count"], 340, 337),
    "scrap by serial": ({"serial": "u1", "qty": 3}, lambda a: a["good_count"], 340, 337),
    "scrap by lot": ({"lot": "L2", "qty": 3}, lambda a: a["good_count"], 340, 337),
}  # fmt: skip


def answer(inside: Inside, as_of: int | None = None) -> dict[str, Any]:
    with inside.asking() as query:
        facts = query.kpi("oee", WINDOW, None, as_of)["facts"]
        (machine,) = query.explain("oee", WINDOW, as_of)["machines"]
    reasons: dict[str | None, float] = defaultdict(float)
    for interval in machine["intervals"]:
        reasons[interval["reason"]] += interval["seconds"]
    return facts | {"reasons": reasons, "orders": {interval["order"] for interval in machine["intervals"]}}


@pytest.mark.parametrize("name", KINDS)
def test_it_holds_until_it_is_revoked_and_the_past_does_not_know_it(name: str, tmp_path: Path) -> None:
    members, seen, before, after = KINDS[name]
    record = [*RECORD[:-1], *LOTS, RECORD[-1]]
    said_then, revoked = corrected(490, "c1", name.split()[0], **members), corrected(500, "c2", "revoke", revokes="c1")
    end = said(510, "heartbeat")
    come: list[Message] = [*record, said_then, revoked, end]
    with Inside(tmp_path, PLANT, come) as inside:
        inside.take(len(record))
        inside.evaluate()
        assert seen(answer(inside)) == before
        inside.take(1)
        inside.evaluate()
        assert seen(answer(inside)) == after
        for kill in (True, False):
            inside.restart(kill=kill)
            assert seen(answer(inside)) == after
        inside.take(2)
        inside.evaluate()
        assert seen(answer(inside)) == before
        assert seen(answer(inside, said_then.received)) == after
        assert seen(answer(inside, said_then.received - 1)) == before
    (tmp_path / "again").mkdir()
    with Inside(tmp_path / "again", PLANT, come[:-2]) as rebuilt:
        rebuilt.take(len(come))
        rebuilt.pipeline.catch_up()
        assert seen(answer(rebuilt)) == after
