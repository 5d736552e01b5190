"""InfluxQL: whatever a signal is called, it is asked for by its name, and nothing else is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import DAY, HOUR, MINUTE, SECOND
from edge.influx.history import History
from edge.influx.influxql import field, identifier, literal, quoted, where
from edge.influx.querying import InfluxRefused, InfluxUnavailable, Querying
from tests.influx.sending import send_all, verification
from tests.influxdb import Influx
from tests.properties.inside import Inside
from tests.scenarios.scenario import Message

BEGIN = (time.time_ns() // 1000 // DAY - 1) * DAY
PATH = "works/hall/l-1/m.1"
NAMES = (
    "plain", "a b", "a,b", "a=b", 'a"b', "a'b", "a\\b", "a\\", "\\", "time", "site", "_field", "#x", "%41", "50%",
    "é😀", "count_a", '"; drop measurement reading; --', "' or 1=1", "/.*/", "*", "a.b",
)  # fmt: skip


@given(st.text(max_size=40), st.sampled_from("\"'"))
def test_quoted_text_ends_where_its_mark_ends(text: str, mark: str) -> None:
    found = quoted(text, mark)
    at = 1
    while found[at] != mark:
        at += 2 if found[at] == "\\" else 1
    assert at == len(found) - 1
    assert "\n" not in found


def test_parts_of_a_statement() -> None:
    assert (identifier("site"), field("site"), field("time"), literal("it's")) == (
        '"site"', '"%73ite"', '"%74ime"', "'it\\'s'",
    )  # fmt: skip
    assert where("a/b/c/d", 1, 2) == (
        "\"site\" = 'a' and \"area\" = 'b' and \"line\" = 'c' and \"machine\" = 'd' and time >= 1000 and time < 2000"
    )


def messages() -> list[Message]:
    made = []
    for n in range(5):
        at = BEGIN + n * MINUTE
        said = {"ts": at // 1000, "signals": {name: n + place / 8 for place, name in enumerate(NAMES)}}
        made.append(Message(f"shopfloor/v1/{PATH}/reading", json.dumps(said).encode(), at + SECOND))
    return made


def test_any_signal_is_written_compared_and_read_back(tmp_path: Path) -> None:
    with Influx() as influx, Inside(tmp_path, {}, messages()) as inside:
        inside.take(1 << 30)
        inside.clock = BEGIN + DAY
        inside.pipeline.catch_up()
        send_all(inside, influx, tmp_path / "outbox.db")

        querying = Querying(influx.url, influx.bucket, lambda: influx.token)
        for exact in (False, True):
            verdict = verification(inside, influx, PATH, exact=exact).run(BEGIN, BEGIN + DAY)
            assert (verdict.missing, verdict.different, verdict.extra) == (0, 0, 0), verdict.examples
        assert verdict.points >= 5 * len(NAMES)
        history = History(querying)
        for place, name in enumerate(NAMES):
            found = history.points(PATH, name, BEGIN, BEGIN + HOUR)
            assert found == [(BEGIN + n * MINUTE, n + place / 8) for n in range(5)], name
            ((at, stat),) = history.figures(PATH, name, BEGIN, BEGIN + HOUR, HOUR)
            assert (at, stat.n, stat.low, stat.high) == (BEGIN, 5, place / 8, 4 + place / 8), name
        assert history.points(PATH, "no such", BEGIN, BEGIN + HOUR) == []


def test_errors_say_whether_asking_again_may_help() -> None:
    with Influx() as influx:
        good = Querying(influx.url, influx.bucket, lambda: influx.token)
        with pytest.raises(InfluxRefused, match="failed to parse"):
            good.series("selct")
        for wrong in (
            Querying(influx.url, influx.bucket, lambda: "wrong"),
            Querying("http://127.0.0.1:9", influx.bucket, lambda: "t"),
            Querying(influx.url, influx.bucket, (influx.folder / "no-token").read_text),
        ):
            with pytest.raises(InfluxUnavailable):
                wrong.series("show measurements")
