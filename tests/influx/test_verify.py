"""What a comparison says while the service goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path

from edge.clock import DAY, HOUR, SECOND
from tests.influx.sending import send_all, verification
from tests.influxdb import Influx
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

BEGIN = (time.time_ns() // 1000 // DAY - 2) * DAY + 8 * HOUR
PATH = "works/hall/l1/m1"


def message(number: int) -> Message:
    at = BEGIN + number * SECOND
    if number % 3:
        kind, said = "reading", {"signals": {"flow": number / 8}}
    else:
        kind, said = "count", {"total": number + 1}
    return Message(f"shopfloor/v1/{PATH}/{kind}", json.dumps({"ts": at // 1000, **said}).encode(), at)


def test_what_is_on_its_way_is_not_missing_and_what_stays_away_is(tmp_path: Path) -> None:
    with Influx() as influx, Inside(tmp_path, {}, [message(n) for n in range(90)]) as inside:
        positions = tmp_path / "outbox.db"

        def take(count: int) -> None:
            inside.take(count)
            inside.pipeline.catch_up()

        def sent_meanwhile(_: float) -> None:
            send_all(inside, influx, positions)
            take(30)  # in the store and not sent, at the second look

        take(30)
        verdict = verification(inside, influx, PATH, pause=sent_meanwhile).run(BEGIN, BEGIN + DAY)
        assert (verdict.missing, verdict.different, verdict.extra) == (0, 0, 0), verdict.examples
        assert verdict.points >= 60

        for exact in (False, True):
            send_all(inside, influx, positions)
            influx.query(f'delete from "reading" where time = {(BEGIN + SECOND) * 1000}')
            verdict = verification(inside, influx, PATH, exact=exact, pause=lambda _: take(15)).run(BEGIN, BEGIN + DAY)
            assert (verdict.missing, verdict.different, verdict.extra) == (1, 0, 0), verdict.examples
