"""What comes while somebody presses is drawn after the release, so that every gesture ends where it began."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.web.conftest import Fake, Open

MACHINE = "demo/packing/l1/m002"
PAGE = f"/assets/{MACHINE}"
# Answers to the addresses with `part` in them come when the test calls `letCome`.
HOLD = """(() => {
    const ask = window.fetch;
    const gate = new Promise((open) => (window.letCome = open));
    window.fetch = async (address, ...rest) => {
        const answer = await ask(address, ...rest);
        if (!address.includes("PART")) return answer;
        const content = await answer.text();
        window.held = true;
        await gate;
        return new Response(content, answer);
    };
})()"""
# ... and have been drawn, if they are drawn at once, when another question is answered.
LET_COME = "async () => { window.letCome(); await (await fetch('/api/v1/kpis')).json(); }"


def redraw_begun(page: Page) -> Locator:
    """The spans of the timeline; those of a whole day are on their way."""
    spans = page.locator("state-timeline rect.span")
    expect(spans.first).to_be_visible()
    page.evaluate(HOLD.replace("PART", "/timeline"))
    page.get_by_role("button", name="24 h").click()
    page.wait_for_function("() => window.held")
    return spans


def press(page: Page, target: Locator, x: float = 5) -> None:
    target.hover(position={"x": x, "y": 10})
    page.mouse.down()


def test_a_drag_over_a_redraw_zooms_to_what_was_dragged_over(open_page: Open) -> None:
    page = open_page(PAGE)
    spans = redraw_begun(page)
    before = spans.count()
    press(page, page.locator("svg.timeline"), 200)
    box = page.locator("svg.timeline").bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 20, steps=3)
    page.evaluate(LET_COME)
    assert spans.count() == before
    assert page.locator("svg.timeline .selection").get_attribute("visibility") == "visible"
    page.mouse.move(box["x"] + 400, box["y"] + 20, steps=3)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from=.*to="))
    asked = parse_qs(urlsplit(page.url).query)
    start, end = (datetime.fromisoformat(asked[name][0]) for name in ("from", "to"))
    assert timedelta(hours=1) < end - start < timedelta(hours=2)  # of a shift of eight hours, not of the day


def test_a_button_that_is_replaced_while_it_is_pressed_still_does_what_it_says(open_page: Open) -> None:
    page = open_page("/plant")
    button = page.get_by_role("button", name="Change", exact=True).first
    expect(button).to_be_visible()
    page.evaluate(HOLD.replace("PART", "/plant"))
    page.get_by_role("button", name="Now").click()
    page.wait_for_function("() => window.held")
    pressed = button.element_handle()
    press(page, button)
    page.evaluate(LET_COME)
    page.mouse.up()
    expect(page.locator("dialog")).to_be_visible()
    page.wait_for_function("button => !button.isConnected", arg=pressed)


def test_a_release_that_the_page_never_sees_holds_nothing_back(open_page: Open) -> None:
    page = open_page(PAGE)
    spans = redraw_begun(page)
    before = spans.count()
    press(page, page.locator("h2").first)
    page.evaluate(LET_COME)
    assert spans.count() == before
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    expect(spans).not_to_have_count(before)


def test_what_is_streamed_waits_for_the_release_and_keeps_its_order(open_page: Open, fake: Fake) -> None:
    page = open_page(PAGE)
    label = page.locator("machine-card .card-label")
    expect(label).to_have_text("Fault")
    expect(page.locator(".live")).to_have_text("live")
    page.evaluate("""() => new EventSource('/api/v1/stream?kinds=status').addEventListener('status', ({ data }) => {
        window.heard = JSON.parse(data).state;
    })""")
    fake.wait_for_clients(2)
    press(page, page.locator("machine-card"))
    for state, time_class in (("idle", "down"), ("running", "run")):
        fake.pull(f"status/{MACHINE}", {"state": state, "time_class": time_class, "reason": None, "in_state_s": 1})
    page.wait_for_function("() => window.heard === 'running'")
    assert label.inner_text() == "Fault"
    page.mouse.up()
    expect(label).to_have_text("Running")


def test_what_is_shown_first_does_not_move_when_the_rest_comes(open_page: Open) -> None:
    page = open_page(PAGE)
    page.add_init_script(HOLD.replace("PART", "/readings"))
    page.reload()
    page.wait_for_function("() => window.held")
    expect(page.locator("state-timeline rect.span").first).to_be_visible()
    before = page.locator("svg.timeline").bounding_box()
    page.evaluate(LET_COME)
    expect(page.locator("[data-panel=signals] canvas").first).to_be_visible()
    assert page.locator("svg.timeline").bounding_box() == before
