"""What a comparison says while the service goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path

from edge.clock import DAY, HOUR, SECOND
from edge.influx.keeping import kept_s
from edge.influx.managing import Management
from edge.influx.querying import Querying
from edge.influx.writing import InfluxWriting
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


def test_what_the_bucket_lets_go_is_beyond_retention_and_not_missing(tmp_path: Path) -> None:
    with Influx() as influx, Inside(tmp_path, {}, [message(n) for n in range(30)]) as inside:
        inside.take(30)
        inside.clock = BEGIN + HOUR
        inside.pipeline.catch_up()
        (bucket,) = influx.request("GET", f"/api/v2/buckets?name={influx.bucket}")["buckets"]
        here = Management(influx.url, influx.token), Querying(influx.url, influx.bucket, lambda: influx.token)
        assert kept_s(*here) is None
        rule = {"type": "expire", "everySeconds": 86_400, "shardGroupDurationSeconds": 3600}
        influx.request("PATCH", f"/api/v2/buckets/{bucket['id']}", {"retentionRules": [rule]})
        assert kept_s(*here) == 86_400
        for exact in (False, True):
            looking = verification(inside, influx, PATH, exact=exact, pause=lambda _: None)
            assert looking.run(BEGIN, BEGIN + DAY).missing > 30
            looking = verification(inside, influx, PATH, exact=exact, pause=lambda _: None)
            looking.kept_from = BEGIN + DAY
            verdict = looking.run(BEGIN, BEGIN + DAY)
            assert (verdict.missing, verdict.expired, verdict.well) == (0, verdict.points, True)


def test_windows_that_the_service_sends_while_older_ones_are_mended_stand_in_the_end(tmp_path: Path) -> None:
    with Influx() as influx, Inside(tmp_path, {}, [message(n) for n in range(60)]) as inside:
        writing = InfluxWriting(influx.url, influx.org, influx.bucket, lambda: influx.token)
        inside.clock = BEGIN + HOUR
        inside.take(30)
        inside.pipeline.catch_up()

        def send(lines: list[str]) -> None:
            if inside.taken < 60 and any(line.startswith("kpi_") for line in lines):
                inside.take(30)  # late, so that windows change
                inside.pipeline.catch_up()
                send_all(inside, influx, tmp_path / "outbox.db")
            assert writing.write(lines).verdict == "taken"

        looking = verification(inside, influx, PATH, pause=lambda _: None)
        looking.send = send
        assert looking.run(BEGIN, BEGIN + DAY).sent > 0
        assert inside.taken == 60
        verdict = verification(inside, influx, PATH, pause=lambda _: None).run(BEGIN, BEGIN + DAY)
        assert (verdict.missing, verdict.different, verdict.extra) == (0, 0, 0), verdict.examples
