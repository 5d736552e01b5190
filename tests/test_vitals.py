"""What the service says of itself: whether it keeps up, and what holds it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge import vitals
from edge.host import PluginHost
from edge.vitals import Vitals


def test_processing_that_stands_while_messages_wait_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(vitals.time, "monotonic", lambda: now)
    link: Any = SimpleNamespace(status=SimpleNamespace(last_offset=5))
    pipeline: Any = SimpleNamespace(counts=SimpleNamespace(cursor=3))
    seen = Vitals(link, pipeline, PluginHost(), Path("store.db"), lambda: True)
    assert seen._processing()["ok"]
    now += vitals.STUCK_S + 1
    said = seen._processing()
    assert not said["ok"]
    assert said["detail"] == "stuck: 2 messages wait, and none has been taken for 16 s"
    pipeline.counts.cursor = 4
    assert seen._processing()["ok"]
    pipeline.counts.cursor, now = 5, now + 1000
    assert seen._processing()["ok"]
    link.status.last_offset = 6  # came just now
    assert seen._processing()["ok"]
