"""What the pages do when the stream breaks, the service falls silent, or the page is hidden."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.web.conftest import Fake, Open


def test_one_stream_per_page_and_live_is_said(open_page: Open, fake: Fake) -> None:
    page = open_page("/")
    expect(page.locator(".live")).to_have_text("live")
    fake.wait_for_clients(1)


def test_broken_stream_says_so_and_comes_back(open_page: Open, fake: Fake) -> None:
    page = open_page("/", quiet=False)
    expect(page.locator(".live")).to_have_text("live")
    fake.wait_for_clients(1)
    fake.pull("drop?refuse_api=true")
    expect(page.locator(".live")).to_have_text(re.compile("reconnecting, data is .* old"))
    fake.pull("reset")
    expect(page.locator(".live")).to_have_text("live")
    fake.wait_for_clients(1)


def test_without_a_stream_the_status_is_asked_for(open_page: Open, fake: Fake) -> None:
    page = open_page("/", quiet=False)
    page.clock.install()
    page.route("**/api/v1/stream*", lambda route: route.abort())
    page.reload()
    expect(page.locator("machine-card").first).to_be_visible()
    fake.wait_for_clients(0)
    fake.pull("status/demo/packing/l1/m001", {"reason": "asked for"})
    page.clock.run_for(5500)
    shown = page.locator('machine-card[data-asset="demo/packing/l1/m001"] .card-reason')
    expect(shown).to_have_text("asked for")


def test_hidden_page_holds_no_stream(open_page: Open, fake: Fake) -> None:
    page = open_page("/")
    fake.wait_for_clients(1)
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    fake.wait_for_clients(0)
    fake.pull("status/demo/packing/l1/m001", {"reason": "while hidden"})
    page.evaluate(hide, False)
    fake.wait_for_clients(1)
    shown = page.locator('machine-card[data-asset="demo/packing/l1/m001"] .card-reason')
    expect(shown).to_have_text("while hidden")


def test_wall_says_how_old_its_data_is(open_page: Open, fake: Fake) -> None:
    page = open_page("/?wall=1", width=1920, height=1080, quiet=False)
    page.clock.install()
    page.reload()
    expect(page.locator("machine-card")).to_have_count(4)
    expect(page.locator("wall-board > .stale")).to_be_hidden()
    fake.wait_for_clients(1)
    fake.pull("drop?refuse_api=true")
    page.clock.run_for(40_000)
    expect(page.locator("wall-board > .stale")).to_have_text(re.compile(r"Data is \d+ s old"))
    expect(page.locator("html")).to_have_attribute("data-stale", "")  # which takes the colour out of the cards


def test_wall_says_when_no_messages_come_in(open_page: Open) -> None:
    said = {"ok": False, "detail": "connection refused"}
    page = open_page("/?wall=1", width=1920, height=1080, quiet=False)
    page.clock.install()
    page.route("**/health/ready", lambda route: route.fulfill(status=503, json={"components": {"mqtt": said}}))
    page.reload()
    expect(page.locator("machine-card")).to_have_count(4)
    page.clock.run_for(2000)
    banner = page.locator("wall-board > .stale")
    expect(banner).to_have_text("No messages come in from the broker: connection refused")
    said["ok"] = True
    page.clock.run_for(17_000)
    expect(banner).to_be_hidden()


def test_how_it_stands_with_influxdb_is_said_beside_the_clock(open_page: Open) -> None:
    said = {"ok": False, "detail": "", "state": "waiting", "waiting": 12345, "lag_s": 125, "dead_letters": 0}

    def answer(route: Route) -> None:
        components = {"mqtt": {"ok": True, "detail": ""}, "influx": said}
        route.fulfill(json={"status": "ready", "components": components})

    page = open_page("/")
    expect(page.locator(".outbox")).to_be_hidden()
    page.clock.install()
    page.route("**/health/ready", answer)
    page.reload()
    expect(page.locator(".outbox")).to_have_text("InfluxDB: 12,345 points wait, for 2:05 min")
    expect(page.locator(".alarm")).to_be_hidden()  # the plant goes on being shown
    said |= {"state": "denied", "detail": "401: unauthorized", "dead_letters": 2}
    page.clock.run_for(16_000)
    expect(page.locator(".outbox")).to_have_text("InfluxDB: 12,345 points wait, for 2:05 min · 2 refused")
    expect(page.locator(".alarm")).to_contain_text("InfluxDB does not take the data: 401: unauthorized")
    said |= {"ok": True, "state": "connected", "waiting": 0, "lag_s": 0, "dead_letters": 0}
    page.clock.run_for(16_000)
    expect(page.locator(".outbox")).to_have_text("InfluxDB up to date")
