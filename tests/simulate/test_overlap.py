"""Two simulations over the same hours change no number of the service: every message is recognised."""

import threading
import time
from pathlib import Path

from edge.clock import MINUTE, to_text
from edge.publisher import Publisher
from edge.settings.load import load
from edge.simulate.feed import Feed
from edge.simulate.layout import lay_out
from edge.simulate.plant import Plant
from tests.brokers import Broker
from tests.running import Service

CONFIG = Path(__file__).parents[2] / "config"


def test_a_second_run_over_the_same_time_is_all_duplicates() -> None:
    now = time.time_ns() // 10**6 * 1000
    window = {"from": to_text(now - 25 * MINUTE), "to": to_text(now - 5 * MINUTE)}
    text = (CONFIG / "plant.toml").read_text(encoding="utf-8")
    with Broker() as broker, Service(broker.url, plant=text) as service:
        settings = load(CONFIG, [f"mqtt.url={broker.url}"], environ={})
        answers = []
        sent = 0
        for begin in (now - 40 * MINUTE, now - 30 * MINUTE):
            plant = Plant(lay_out(settings.plant))
            feed = Feed(plant, settings.service.mqtt.root, threading.Event(), lambda: now)
            with Publisher(settings.service.mqtt, "test") as publisher:
                feed.run(publisher.publish, begin, 0)
            sent += feed.messages
            service.wait_processed(sent)
            names = ("oee", "first_pass_yield")
            answers.append([service.get(f"/api/v1/kpis/{name}", asset="demo", **window)["facts"] for name in names])
        assert answers[0][0]["total_count"] > 100
        assert answers[0][1]["units"] > 10
        assert answers[1] == answers[0]
        assert service.get("/api/v1/rejections")["total"] == 0
