"""A store that is behind its positions: nothing that comes again is passed over."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from edge.clock import DAY, MINUTE, SECOND
from tests.influx.sending import send_all, verification
from tests.influxdb import Influx
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

BEGIN = (time.time_ns() // 1000 // DAY - 2) * DAY
PATH = "works/hall/l1/m1"


def message(number: int) -> Message:
    at = BEGIN + number * MINUTE
    kind, said = ("count", {"total": number + 1}) if number % 2 else ("reading", {"signals": {"flow": number / 8}})
    if not number % 10:
        said = {"total": "nonsense"}
    return Message(f"shopfloor/v1/{PATH}/{kind}", json.dumps({"ts": at // 1000, **said}).encode(), at + SECOND)


def test_what_a_power_cut_took_from_the_store_alone_comes_again_in_other_pieces(tmp_path: Path) -> None:
    store, positions = tmp_path / "store.db", tmp_path / "outbox.db"
    with Influx() as influx, Inside(tmp_path, {}, [message(n) for n in range(200)]) as inside:
        inside.take(60)
        inside.pipeline.close()
        shutil.copy(store, tmp_path / "before.db")
        inside._open()
        for _ in range(40):  # one after the other
            inside.take(1)
            inside.pipeline.commit()
        inside.evaluate()
        send_all(inside, influx, positions)
        inside.pipeline.close()
        shutil.copy(tmp_path / "before.db", store)
        inside._open()
        send_all(inside, influx, positions)  # begins before the store grows again, as the service does
        inside.take(100)  # all at once
        inside.clock = BEGIN + DAY
        inside.pipeline.catch_up()
        send_all(inside, influx, positions)
        verdict = verification(inside, influx, PATH, exact=True, pause=lambda _: None).run(BEGIN, BEGIN + DAY)
        assert (verdict.missing, verdict.different, verdict.extra) == (0, 0, 0), verdict.examples
