"""The page of one machine in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import Fake, Open
from tests.web.fake_plant import HOSTILE, HOSTILE_REASON

MACHINE = "demo/packing/l1/m002"
PAGE = f"/assets/{MACHINE}"
PAINTED = """canvas => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.filter((value, i) => i % 4 === 3 && value > 0).length;
}"""


def spans(page: Page) -> int:
    return page.locator("state-timeline rect.span").count()


def test_timeline_draws_spans_with_a_legend(shared_page: Open) -> None:
    page = shared_page(PAGE)
    expect(page.locator("state-timeline rect.span").first).to_be_visible()
    assert spans(page) > 5
    expect(page.locator("state-timeline .legend")).to_contain_text("Down")
    expect(page.locator("state-timeline .tick-text").first).to_have_text(re.compile(r"\d\d:\d\d|\w+ \d+"))


def test_the_window_is_named_by_its_shift_and_the_crumbs_by_titles(shared_page: Open) -> None:
    page = shared_page(PAGE)
    expect(page.locator(".frame-text")).to_have_text(re.compile(r"^early, \d+ \w+, \d\d:\d\d:\d\d – "))
    expect(page.locator(".crumbs a").last).to_have_text("Packing 1")
    written = page.evaluate("""async () => {
        const { rangeText } = await import("/static/js/format.js");
        const at = (text) => Date.parse(`2025-03-03T${text}Z`);
        return [rangeText(at("05:00:00"), at("13:00:00"), "Europe/Berlin"),
            rangeText(at("21:00:00"), at("23:30:07"), "Europe/Berlin")];
    }""")
    assert written == ["3 Mar, 06:00 – 14:00", "3 Mar, 22:00:00 – 4 Mar, 00:30:07"]


def test_window_buttons_and_dragging_zoom(open_page: Open) -> None:
    page = open_page(PAGE)
    expect(page.locator("state-timeline rect.span").first).to_be_visible()
    page.get_by_role("button", name="24 h").click()
    expect(page).to_have_url(re.compile("window=24h"))
    box = page.locator("svg.timeline").bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from=.*to="))
    page.get_by_role("button", name="Leave zoom").click()
    expect(page).to_have_url(re.compile(r"\?window=24h$"))


def test_timeline_is_walked_with_the_keyboard(open_page: Open) -> None:
    page = open_page(PAGE)
    expect(page.locator("state-timeline rect.span").first).to_be_visible()
    page.locator("svg.timeline").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tip")).to_be_visible()
    before = page.locator(".tip").inner_text()
    page.keyboard.press("ArrowLeft")
    assert page.locator(".tip").inner_text() != before
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("from=.*to="))


def test_waterfall_goes_from_calendar_time_to_good_parts(shared_page: Open) -> None:
    page = shared_page(PAGE)
    rows = page.locator("loss-waterfall tbody tr")
    expect(rows.first).to_contain_text("Calendar time")
    expect(rows.last).to_contain_text("Ideal time, good parts")
    edges = rows.evaluate_all("""rows => rows.map((row) => {
        const bar = row.querySelector("rect");
        const [x, width] = ["x", "width"].map((name) => Number(bar.getAttribute(name)));
        return [row.dataset.kind, x, x + width];
    })""")
    level = 0.0
    for kind, left, right in edges:
        if kind == "loss":
            assert right == pytest.approx(level, abs=3.1)  # it hangs from where the one before it ended
        level = left if kind == "loss" else right


def test_reasons_are_sorted_by_time_and_by_count(open_page: Open) -> None:
    page = open_page(PAGE + "?window=24h")
    counts = page.locator("stop-reasons tbody tr td:nth-child(3)")
    expect(counts.first).to_be_visible()
    page.get_by_role("button", name="Count").click()
    numbers = [int(text) for text in counts.all_inner_texts()]
    assert numbers == sorted(numbers, reverse=True)


def test_stops_without_a_reason_are_counted_and_shown(open_page: Open) -> None:
    page = open_page(PAGE + "?window=24h")
    told = page.locator("stop-reasons .stop-hint")
    expect(told).to_have_text(re.compile(r"^\d+\.\d % of the stop time has no reason \(\d+ ×\)\.$"))
    told.click()
    expect(page.locator("stop-list")).to_contain_text("Only: no reason given")
    rows = page.locator("stop-list .stop-text")
    assert all(text.startswith("no reason given\nStopped · ") for text in rows.all_inner_texts())


def test_a_state_that_says_why_needs_no_reason(open_page: Open) -> None:
    page = open_page(PAGE + "?window=24h")
    page.locator("stop-reasons .pick", has_text="Starved").first.click()
    row = page.locator("stop-list .stop-row").first
    expect(row.locator(".stop-reason:not(.missing)")).to_have_text("Starved")
    expect(row.locator(".stop-hint")).to_have_text("Say more")
    starved = [{"reason": None, "state": "starved", "time_class": "down", "seconds": 300, "count": 2}]
    reasons = page.evaluate_handle("document.createElement('stop-reasons')")
    reasons.evaluate("(node, rows) => node.show(rows)", starved)
    assert reasons.evaluate("node => node.querySelector('p').textContent") == "Of every stop it is known why."


def test_every_signal_is_plotted_with_its_unit(shared_page: Open) -> None:
    page = shared_page(PAGE)
    expect(page.locator("[data-panel=signals] signal-chart canvas")).to_have_count(4)
    titles = page.locator("[data-panel=signals] signal-chart h3")
    expect(titles).to_have_text(["vibration (mm/s)", "temperature (°C)", "motor_current (A)", HOSTILE])
    for i in range(4):
        assert page.locator("[data-panel=signals] signal-chart canvas").nth(i).evaluate(PAINTED) > 2000
    first = page.locator("[data-panel=signals] signal-chart .reading").first
    expect(first).to_have_text(re.compile(r"mm/s.* · \d\d:\d\d:\d\d"))


def test_new_readings_are_appended(open_page: Open) -> None:
    page = open_page(PAGE + "?window=1h")
    reading = page.locator("[data-panel=signals] signal-chart .reading").first
    expect(reading).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    before = reading.inner_text()
    expect(reading).not_to_have_text(before)


def test_kpis_say_how_they_came_about(open_page: Open) -> None:
    page = open_page(PAGE)
    expect(page.locator(".kpi-card[data-kpi=energy_per_part] .chip")).to_have_text("Failures of third_party: 3")
    page.locator(".kpi-card[data-kpi=first_pass_yield] .how").click()
    expect(page.locator("dialog .facts").nth(1)).to_contain_text("EOL<1>")
    expect(page.locator("dialog")).to_contain_text("revision 3")


def test_the_course_of_a_kpi_is_a_bar_for_each_hour_that_opens_its_sum(open_page: Open) -> None:
    page = open_page(PAGE)
    bars = page.locator(".kpi-card[data-kpi=oee] .course-bar")
    expect(bars.nth(5)).to_be_visible()
    hours = bars.count()  # of five hours and a bit
    assert hours in (6, 7)
    expect(bars.nth(1)).to_have_attribute("data-unknown", "")
    expect(bars.nth(2)).to_have_attribute("aria-label", re.compile(r"^\d\d:00 – \d\d:00: 65\.4 %$"))
    assert bars.evaluate_all("all => all.map((bar) => bar.tabIndex)") == [-1] * (hours - 1) + [0]
    bars.last.focus()
    page.keyboard.press("ArrowLeft")
    expect(bars.nth(hours - 2)).to_be_focused()
    with page.expect_request(re.compile(r"/kpis/oee/explain\?.*00%3A00.000Z&to=.*%3A00%3A00.000Z")):
        page.keyboard.press("Enter")
    expect(page.locator("dialog h2")).to_have_text("OEE")


def test_values_are_called_by_words_and_have_their_units(shared_page: Open) -> None:
    rows = shared_page(PAGE).locator(".kpi-card[data-kpi=energy_per_part] .factor")
    expect(rows.locator(".factor-name")).to_have_text(["Base load", "Idle", "Cost <i>an</i> hour"])
    expect(rows.locator(".factor-value")).to_have_text(["1:30 h", "2.5 kWh", "3.25 €/h"])
    assert rows.locator(".factor-bar:visible").count() == 0


def test_rejections_and_events_of_the_machine_are_listed(shared_page: Open) -> None:
    page = shared_page(PAGE)
    rows = page.locator("[data-panel=rejections] .rejection")
    expect(rows.first).to_contain_text("Unknown kind")
    rows.first.locator("summary").click()
    expect(rows.first.locator("pre")).to_have_text('{"ts": 1, "state": "running"}')
    expect(page.locator(".events tr").first).to_contain_text("Parts")


def test_streamed_status_changes_the_head(open_page: Open, fake: Fake) -> None:
    page = open_page(PAGE)
    expect(page.locator("machine-card .card-label")).to_have_text("Fault")
    expect(page.locator(".live")).to_have_text("live")
    fake.pull(f"status/{MACHINE}", {"state": "running", "time_class": "run", "reason": None, "in_state_s": 1})
    expect(page.locator("machine-card .card-label")).to_have_text("Running")


def test_hostile_names_are_text(open_page: Open) -> None:
    page = open_page("/assets/demo/assembly/l1/m003")
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page).to_have_title(HOSTILE)
    expect(page.locator("stop-reasons")).to_contain_text(HOSTILE_REASON)
    expect(page.locator("main img, main script")).to_have_count(0)


def test_path_of_a_line_leads_to_the_board(open_page: Open) -> None:
    page = open_page("/assets/demo/packing/l1")
    expect(page.locator("machine-card")).to_have_count(4)
    expect(page).to_have_url(re.compile(r"/\?asset=demo%2Fpacking%2Fl1"))


def test_missing_machine_is_said(open_page: Open) -> None:
    page = open_page("/assets/demo/packing/l9/nobody", quiet=False)
    expect(page.locator(".notice")).to_have_text("No machine called demo/packing/l9/nobody has been heard.")
