"""Numbers that positions speak of are never given twice, whatever the store lets go."""

from __future__ import annotations

import json
import time
from pathlib import Path

from edge.clock import DAY, HOUR, MINUTE, SECOND
from edge.processing.retention import Retention
from tests.influx.sending import send_all, verification
from tests.influxdb import Influx
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

BEGIN = (time.time_ns() // 1000 // DAY - 2) * DAY
LONG_AGO = BEGIN - 4000 * DAY
PATH = "works/hall/l1/m1"


def message(at: int, received: int, total: int) -> Message:
    body = json.dumps({"ts": at // 1000, "total": total}).encode()
    return Message(f"shopfloor/v1/{PATH}/count", body, received)


def test_what_comes_after_old_events_were_let_go_is_sent(tmp_path: Path) -> None:
    prompt = [message(BEGIN + n * MINUTE, BEGIN + n * MINUTE + SECOND, n + 1) for n in range(8)]
    late = [message(LONG_AGO + n * HOUR, BEGIN + 4 * MINUTE, 1) for n in range(3)]  # from a clock that was reset
    with Influx() as influx, Inside(tmp_path, {}, [*prompt[:4], *late, *prompt[4:]]) as inside:
        inside.take(4)
        inside.pipeline.catch_up()
        for _ in range(3):
            inside.take(1)
            inside.pipeline.catch_up()
        send_all(inside, influx, tmp_path / "outbox.db")
        while True:
            with inside.pipeline.db:
                if not Retention().step(inside.pipeline.db, inside.pipeline.readings, inside.clock):
                    break
        for _ in range(2):
            inside.take(1)
            inside.pipeline.catch_up()
        inside.clock = BEGIN + HOUR + MINUTE
        inside.evaluate()
        inside.evaluate()
        send_all(inside, influx, tmp_path / "outbox.db")
        verdict = verification(inside, influx, PATH, exact=True, pause=lambda _: None).run(BEGIN, BEGIN + DAY)
        assert (verdict.missing, verdict.different, verdict.extra) == (0, 0, 0), verdict.examples
        assert len(influx.query('select total from "count"')) == 9
