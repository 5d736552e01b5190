"""The pages of the real service: from a message at the broker to what a browser shows, without a reload."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from edge.decode import REASONS
from tests.brokers import Broker, publish
from tests.running import Service
from tests.web.conftest import Watch
from tests.web.fake_plant import HOSTILE

MACHINE = "demo/packing/l1/m001"
PLUGIN = """
from edge import Kpi, hookimpl


class Pace(Kpi):
    name, title, unit = "pace", "Pace <b>now</b>", "1/h"

    def facts(self, slice):
        return {"parts": sum(c.total for c in slice.counts), "window_s": slice.seconds}

    def values(self, facts):
        return {"pace": 7.5}


@hookimpl
def register_kpis():
    return [Pace]
"""
Say = Callable[..., None]


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as broker:
        yield broker


@pytest.fixture(scope="module")
def service(broker: Broker) -> Iterator[Service]:
    service = Service(broker.url, plant={"machines": {"demo/packing/*": {"title": "Capper", "stale_after_s": 600}}})
    (service.folder / "plugins.d" / "pace.py").write_text(PLUGIN)
    with service:
        yield service


@pytest.fixture
def say(broker: Broker) -> Say:
    def say(kind: str, asset: str = MACHINE, **members: object) -> None:
        publish(broker.port, [(f"shopfloor/v1/{asset}/{kind}", json.dumps({"ts": ago(0), **members}).encode())])

    return say


@pytest.fixture
def open_page(browser: Browser, service: Service) -> Iterator[Callable[..., Page]]:
    watch = Watch(browser, service.url)
    yield watch.open
    watch.close()


def test_a_new_machine_appears_and_changes_without_reload(open_page: Callable[..., Page], say: Say) -> None:
    page = open_page("/")
    expect(page.locator(".live")).to_have_text("live")
    expect(page.locator(".notice")).to_contain_text("No machine has been heard yet")
    say("state", state="running")
    label = page.locator(f'machine-card[data-asset="{MACHINE}"] .card-label')
    expect(label).to_have_text("Running")
    say("state", state="fault", reason=HOSTILE)
    expect(page.locator(".card-reason")).to_have_text(HOSTILE)
    expect(page.locator(".card-name")).to_have_text("Capper")


def test_a_kpi_nobody_knew_is_on_the_card(open_page: Callable[..., Page], say: Say) -> None:
    say("count", total=1)
    page = open_page("/")
    expect(page.locator("machine-card [data-kpi=pace]")).to_have_text(re.compile("Pace <b>now</b>7.5 1/h"))


def test_signals_states_and_rejections_of_a_machine_are_drawn(open_page: Callable[..., Page], say: Say) -> None:
    for second in range(5):
        say("reading", ts=ago(10 - second), signals={HOSTILE: {"value": second, "unit": "<i>bar"}})
    say("reading", signals="nonsense")
    page = open_page(f"/assets/{MACHINE}?window=1h")
    expect(page.locator("signal-chart h3")).to_have_text(f"{HOSTILE} (<i>bar)")
    expect(page.locator("signal-chart .reading")).to_contain_text("4 <i>bar")
    expect(page.locator("state-timeline rect.span").last).to_be_visible()
    expect(page.locator("loss-waterfall tbody tr").first).to_contain_text("Calendar time")
    expect(page.locator("[data-panel=rejections] .rejection")).to_have_count(1)
    expect(page.locator(".kpi-card[data-kpi=pace]")).to_be_visible()


def test_every_rejection_has_a_reason_in_words(open_page: Callable[..., Page], broker: Broker) -> None:
    publish(
        broker.port, [(f"shopfloor/v1/{MACHINE}/state", payload) for payload in (b"{", b"\xff\xfe", HOSTILE.encode())]
    )
    page = open_page("/rejections")
    expect(page.locator(".reasons")).to_contain_text("Not JSON")
    expect(page.locator(".reasons")).to_contain_text("Not UTF-8")
    expect(page.locator(".rejection code", has_text="onerror")).to_have_text(HOSTILE)


def test_reasons_of_decode_are_all_in_the_texts(open_page: Callable[..., Page]) -> None:
    script = "async () => Object.keys((await import('/static/js/strings.js')).TEXTS.en)"
    texts = set(open_page("/rejections").evaluate(script))
    flags = {"incomplete", "messages_lost", "no_ideal_cycle", "clock_ahead", "performance_gt_1", "low_coverage"}
    assert {f"rejection.{reason}" for reason in REASONS} | {f"flag.{flag}" for flag in flags} <= texts
