"""What was known then, asked before the hours of it have been evaluated."""

import json
from pathlib import Path

from edge.clock import from_text
from edge.decode import DecodeSettings
from edge.host import load
from edge.plant import Plant
from edge.processing.pipeline import Pipeline
from edge.query.query import Asked, Query
from edge.query.reading import Connections
from edge.query.window import Window
from edge.settings.plant import PlantSettings
from tests.scenarios.offline import Records, answering
from tests.scenarios.scenario import Message


def said(ts: str, kind: str, **members: object) -> Message:
    return Message(f"shopfloor/v1/s/a/l/m/{kind}", json.dumps({"ts": ts, **members}).encode(), from_text(ts))


def test_hours_that_wait_for_evaluation_are_part_of_the_past(tmp_path: Path) -> None:
    records = Records([said("2025-03-03T05:00:00Z", "state", state="running"),
                       said("2025-03-03T06:30:00Z", "state", state="fault")])  # fmt: skip
    plant = Plant(PlantSettings.model_validate({"machines": {"s/*": {"stale_after_s": 0}}}))
    pipeline = Pipeline(tmp_path / "store.db", records, plant, DecodeSettings(), load())
    pipeline.open()
    pipeline.take_batch()
    pipeline.commit()
    connections = Connections(tmp_path / "store.db")
    query = Query(connections, plant, pipeline.host, records, DecodeSettings())  # type: ignore[arg-type]  # in memory
    window = Asked("s/a/l/m", Window(from_text("2025-03-03T06:00:00Z"), from_text("2025-03-03T07:00:00Z")))
    facts = query.kpi("oee", window, None, from_text("2025-03-03T06:45:00Z"))["facts"]
    connections.close()
    pipeline.close()
    assert (facts["run_time_s"], facts["down_s"]) == (1800, 900)


def test_a_machine_that_had_not_published_is_no_part_of_its_line(tmp_path: Path) -> None:
    other = Message("shopfloor/v1/s/a/l/n/state", b'{"ts": "2025-03-03T06:10:00Z", "state": "running"}',
                    from_text("2025-03-03T07:20:00Z"))  # fmt: skip
    messages = [
        said("2025-03-03T06:00:00Z", "state", state="running"),
        said("2025-03-03T07:10:00Z", "heartbeat"),
        other,
    ]
    window = Asked("s/a/l", Window(from_text("2025-03-03T06:00:00Z"), from_text("2025-03-03T07:00:00Z")))
    plant = {"machines": {"s/*": {"stale_after_s": 0}}}
    with answering(plant, messages) as query:
        before, after, none = (
            query.kpi("oee", window, None, from_text(f"2025-03-03T{at}:00Z"))["facts"]["calendar_s"]
            for at in ("07:15", "07:25", "05:00")
        )
    named = {"machines": {**plant["machines"], "s/a/l/n": {}}}
    with answering(named, messages) as query:
        from_the_file = query.kpi("oee", window, None, from_text("2025-03-03T07:15:00Z"))["facts"]["calendar_s"]
    assert (before, after, none, from_the_file) == (3600, 7200, 0, 7200)
