"""What a number is made of and what people may say over the record, in a browser."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.conftest import Fake, Open
from tests.web.fake_plant import HOSTILE, HOSTILE_REASON

PAGE = "/assets/demo/packing/l1/m002?window=24h"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OUTSIDE = """sheet => [...sheet.querySelectorAll("button, input, summary")].filter((node) => node.offsetParent
    && !node.closest(".table-scroll")).map((node) => node.getBoundingClientRect())
    .filter((box) => box.height < 43.5 || box.left < 0 || box.right > innerWidth).length"""


def sheet(page: Page, name: str) -> Locator:
    return page.locator(f"dialog[data-sheet={name}]")


def opened_stop(page: Page) -> Locator:
    """The form of the newest stop, once its reasons are there."""
    page.locator(".stop-row").first.click()
    expect(sheet(page, "stop").locator(".choice").first).to_be_visible()
    return sheet(page, "stop")


def posted(fake: Fake) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = fake.get("/fake/corrections")["corrections"]
    return rows


def seconds(row: dict[str, Any], start: str, end: str) -> float:
    return (datetime.fromisoformat(row[end]) - datetime.fromisoformat(row[start])).total_seconds()


def test_number_opens_what_it_is_the_sum_of(open_page: Open) -> None:
    page = open_page(PAGE)
    page.locator(".kpi-card[data-kpi=oee] .figure").click()
    panel = sheet(page, "explain")
    expect(panel.locator("[data-part=facts]")).to_contain_text("Planned busy time")
    expect(panel.locator("[data-part=intervals] tbody")).to_contain_text("34: A stop: shorter than the threshold")
    expect(panel.locator("[data-part=counts] tfoot")).to_contain_text("26,000")
    expect(panel.locator(".explain-flags")).to_contain_text("faster than its ideal cycle")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.locator(".kpi-card[data-kpi=oee] .figure")).to_be_focused()


def test_factor_opens_its_quotient_by_keyboard(open_page: Open) -> None:
    page = open_page(PAGE)
    page.locator(".kpi-card[data-kpi=oee] [data-value=availability]").press("Enter")
    line = sheet(page, "explain").locator(".explain-sum")
    expect(line).to_have_text("Run time 7:40 h (27,600 s)/Planned busy time 7:50 h (28,200 s)=97.9 %")


def test_a_restated_number_says_what_changed_and_why(open_page: Open) -> None:
    page = open_page("/assets/demo/packing/l1/m002?window=previous")
    expect(page.locator(".frame-bar [aria-pressed=true]")).to_have_text("Shift before")
    page.locator(".kpi-card[data-kpi=oee] .restated").click()
    part = sheet(page, "explain").locator("[data-part=revisions]")
    expect(part.locator("summary")).to_contain_text("What changed since")
    expect(part).to_contain_text("First result, known at")
    change = part.locator("[data-revision='2']")
    expect(change).to_contain_text(f"({HOSTILE}: seen)")
    expect(change.locator("tbody")).to_contain_text("Quality99.0 % → 98.0 %")
    change.locator("[data-kind=count] .offset").click()
    expect(sheet(page, "message")).to_contain_text("#80001")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator(".kpi-card[data-kpi=first_pass_yield] .restated")).to_be_hidden()


def test_numbers_of_the_head_open_too(open_page: Open) -> None:
    page = open_page(PAGE)
    page.locator("machine-card .figure").click()
    expect(sheet(page, "explain").locator("h2")).to_have_text("OEE")
    page.keyboard.press("Escape")
    page.locator("machine-card .parts-made").click()
    expect(sheet(page, "loss").locator("[data-part=counts] tfoot")).to_contain_text("1,300")
    page.keyboard.press("Escape")
    page.locator("machine-card [data-kpi=energy_per_part] button").click()
    expect(sheet(page, "explain").locator("h2")).to_have_text("Energy <i>per</i> part")


def test_offset_opens_the_message_over_the_explanation(open_page: Open) -> None:
    page = open_page(PAGE)
    page.locator(".kpi-card[data-kpi=oee] .figure").click()
    units = sheet(page, "explain").locator("[data-part=units]")
    units.locator("summary").click()
    expect(units).to_contain_text(HOSTILE)
    units.locator(".offset").click()
    message = sheet(page, "message")
    expect(message.locator("pre")).to_contain_text(HOSTILE)
    expect(message.locator(".refused")).to_contain_text(HOSTILE_REASON)
    message.get_by_role("button", name="Message after").click()
    expect(message).to_contain_text("#80101")
    page.keyboard.press("Escape")
    expect(sheet(page, "explain")).to_be_visible()
    expect(page.locator("main img, dialog img, dialog script")).to_have_count(0)


def test_missing_message_is_said(open_page: Open, fake: Fake) -> None:
    page = open_page(PAGE, quiet=False)
    page.locator(".kpi-card[data-kpi=oee] .figure").click()
    page.route("**/api/v1/messages/*", lambda route: route.fulfill(status=404, json={"detail": "gone"}))
    sheet(page, "explain").locator("[data-part=counts] .offset").click()
    expect(sheet(page, "message").locator(".notice")).to_contain_text("or has it no more")


def test_one_press_gives_a_stop_its_reason(open_page: Open, fake: Fake) -> None:
    page = open_page(PAGE)
    form = opened_stop(page)
    form.locator("[name=by]").fill("Anna <b>")
    sizes = form.locator(".choice").evaluate_all("all => all.map((node) => node.getBoundingClientRect().height)")
    assert min(sizes) >= 64
    form.get_by_role("button", name="Jam at infeed").click()
    row = page.locator(".corrections li[data-id]")
    expect(row).to_contain_text("Reason: Jam at infeed")
    expect(row).to_contain_text("Anna <b>")
    sent = posted(fake)[0]
    assert (sent["kind"], sent["reason"], sent["why"]) == ("reason", "Jam at infeed", "said on the page")
    assert seconds(sent, "from", "to") > 0
    expect(opened_stop(page).locator("[name=by]")).to_have_value("Anna <b>")


def test_pressing_the_band_or_space_on_a_stop_opens_it(open_page: Open) -> None:
    page = open_page(PAGE)
    box = page.locator('rect.span[data-tone="down"]').last.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    expect(sheet(page, "stop")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("svg.timeline").focus()
    for _ in range(200):
        page.keyboard.press("ArrowLeft")
        if "Fault" in page.locator(".tip").inner_text():
            break
    page.keyboard.press(" ")
    expect(sheet(page, "stop").locator(".stop-now")).to_contain_text("Fault")


def test_reason_is_typed_and_needs_a_name(open_page: Open, fake: Fake) -> None:
    page = open_page(PAGE)
    form = opened_stop(page)
    form.locator("[name=reason]").fill(HOSTILE)
    form.locator("[name=reason]").press("Enter")
    expect(form.locator(".failure")).to_contain_text("needs the name")
    expect(form.locator("[name=by]")).to_be_focused()
    form.locator("[name=by]").fill("ah")
    form.locator("[name=why]").fill("seen it")
    form.get_by_role("button", name="Save").click()
    expect(page.locator(".corrections")).to_contain_text(HOSTILE)
    assert [(row["reason"], row["why"]) for row in posted(fake)] == [(HOSTILE, "seen it")]


def test_stop_is_split_at_a_time_and_merged_with_the_next(open_page: Open, fake: Fake) -> None:
    page = open_page(PAGE)
    page.locator(".stop-row").nth(2).click()
    form = sheet(page, "stop")
    form.locator("[name=by]").fill("ah")
    form.locator("[data-part=split] summary").click()
    form.locator("[name=after]").fill("Cleaning")
    form.get_by_role("button", name="Split", exact=True).click()
    expect(page.locator(".corrections li[data-kind=split]")).to_contain_text("→ Cleaning")
    page.locator(".stop-row").nth(2).click()
    form.locator("[data-part=merge] summary").click()
    form.get_by_role("button", name="Merge", exact=True).click()
    expect(page.locator(".corrections li[data-kind=merge]")).to_be_visible()
    split, merge = posted(fake)
    assert 0 < seconds(split, "from", "at") < seconds(split, "from", "to")
    assert seconds(merge, "from", "to") > seconds(split, "from", "to")


def test_scrap_is_reported_in_the_plants_time_and_revoked(open_page: Open, fake: Fake) -> None:
    page = open_page(PAGE, timezone_id="America/New_York")
    page.get_by_role("button", name="Report scrap").click()
    form = sheet(page, "scrap")
    form.locator("[name=by]").fill("ah")
    form.locator("[name=qty]").fill("3")
    form.locator("[name=at]").fill("2025-01-15T08:30:00")
    form.get_by_role("button", name="Save").click()
    row = page.locator(".corrections li[data-kind=scrap]")
    expect(row).to_contain_text("Scrap: 3 · 15 Jan, 08:30:00")
    assert (posted(fake)[0]["qty"], posted(fake)[0]["at"]) == (3, "2025-01-15T07:30:00.000Z")
    row.get_by_role("button", name="Revoke").click()
    sheet(page, "revoke").get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("Revoked by ah: revoked on the page")
    expect(row.get_by_role("button")).to_have_count(0)


def opened_record(page: Page, kind: str) -> Locator:
    page.get_by_role("button", name="Correct the record").click()
    form = sheet(page, "record")
    form.locator("[name=by]").fill("ah")
    form.locator("[name=kind]").select_option(kind)
    return form


@pytest.mark.parametrize(
    ("kind", "value", "text"), [("state", "cleaning", "State: Cleaning"), ("order", "WO-7", "Order: WO-7")]
)
def test_what_a_machine_did_not_say_is_said_for_a_time(
    open_page: Open, fake: Fake, kind: str, value: str, text: str
) -> None:
    page = open_page(PAGE, timezone_id="America/New_York")
    form = opened_record(page, kind)
    form.locator("[name=from]").fill("2025-01-15T08:30:00")
    form.locator("[name=to]").fill("2025-01-15T09:00:00")
    field = form.locator(f"[name={kind}]")
    (field.select_option if kind == "state" else field.fill)(value)
    form.get_by_role("button", name="Save").click()
    expect(page.locator(f".corrections li[data-kind={kind}]")).to_contain_text(f"{text} · 15 Jan, 08:30:00 – 09:00:00")
    (sent,) = posted(fake)
    assert (sent["kind"], sent[kind], sent["why"]) == (kind, value, "corrected on the page")
    assert (sent["from"], sent["to"]) == ("2025-01-15T07:30:00.000Z", "2025-01-15T08:00:00.000Z")


def test_an_unknown_product_is_taken_and_warned_about(open_page: Open) -> None:
    page = open_page(PAGE)
    form = opened_record(page, "product")
    expect(form.locator("datalist option").first).to_be_attached()
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".failure")).to_have_text("Which one?")
    form.locator("[name=product]").fill("P9")
    form.get_by_role("button", name="Save").click()
    expect(page.locator(".saved")).to_have_text(f"Saved. The numbers follow. no product {HOSTILE}")


def test_parts_that_were_not_counted_are_added(open_page: Open, fake: Fake) -> None:
    page = open_page(PAGE)
    form = opened_record(page, "count")
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".failure")).to_have_text("How many parts?")
    form.locator("[name=total]").fill("-12")
    form.get_by_role("button", name="Save").click()
    expect(page.locator(".corrections li[data-kind=count]")).to_contain_text("-12 parts, 0 rejects")
    assert (posted(fake)[0]["total"], posted(fake)[0]["bad"]) == (-12, 0)


def test_refusal_is_shown_as_text_and_the_form_stays(open_page: Open, fake: Fake) -> None:
    fake.pull("refuse_corrections", {"detail": f"to does not fit {HOSTILE}", "expected": "later than from"})
    page = open_page(PAGE, quiet=False)
    form = opened_stop(page)
    form.locator("[name=by]").fill("ah")
    form.locator(".choice").first.click()
    expect(form.locator(".failure")).to_have_text(f"Not saved: to does not fit {HOSTILE}; expected: later than from")
    expect(form).to_be_visible()


def test_reason_of_the_pareto_shows_its_stops(open_page: Open) -> None:
    page = open_page(PAGE)
    page.locator("stop-reasons .pick", has_text="Jam at infeed").first.click()
    names = page.locator("stop-list .stop-reason")
    expect(page.locator("stop-list")).to_contain_text("Only: Jam at infeed")
    assert set(names.all_inner_texts()) == {"Jam at infeed"}
    page.get_by_role("button", name="All stops").click()
    expect(names.first).not_to_have_text(re.compile("^Only"))


@pytest.mark.parametrize("name", ["explain", "stop", "scrap", "record", "message"])
def test_sheet_fits_a_phone(open_page: Open, name: str) -> None:
    page = open_page(PAGE, width=360, height=740)
    if name == "scrap":
        page.get_by_role("button", name="Report scrap").click()
    elif name == "record":
        opened_record(page, "count")
    elif name == "stop":
        opened_stop(page).locator("summary").first.click()
    else:
        page.locator(".kpi-card[data-kpi=oee] .figure").click()
        expect(sheet(page, "explain").locator(".offset").first).to_be_visible()
    if name == "message":
        sheet(page, "explain").locator(".offset").first.click()
        expect(sheet(page, "message").locator("pre")).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
    assert sheet(page, name).evaluate(OUTSIDE) == 0
    assert sheet(page, name).locator(".sheet-body").evaluate("node => node.scrollWidth - node.clientWidth") <= 0


def test_a_step_of_the_waterfall_opens_the_intervals_that_it_is_the_sum_of(open_page: Open) -> None:
    page = open_page(PAGE)
    page.locator("[data-panel=losses] [data-name=internal_down_s] .pick").click()
    panel = sheet(page, "loss")
    expect(panel.locator("h2")).to_have_text("Stops")
    expect(panel.locator("[data-part=intervals] tbody tr").first).to_contain_text("Down")
    page.keyboard.press("Escape")
    page.locator("[data-panel=losses] [data-name=quality_s] .pick").click()
    expect(panel.locator("[data-part=counts] tfoot")).to_contain_text("26,000")


def test_numbers_of_a_line_open_what_they_are_the_sum_of(open_page: Open) -> None:
    page = open_page("/?asset=demo/packing/l1")
    page.locator("line-section .line-numbers .figure").click()
    expect(sheet(page, "explain").locator("[data-part=intervals]").first).to_be_visible()
    page.keyboard.press("Escape")
    line = page.locator("line-section .line-others [data-value=line_oee]")
    expect(line).to_contain_text("OEE of the line at its constraint")
    line.locator("button").click()
    expect(sheet(page, "explain").locator("h2")).to_have_text("OEE: OEE of the line at its constraint")
    page.keyboard.press("Escape")
    page.locator("line-section .line-others button").first.click()
    expect(sheet(page, "explain")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("loss-waterfall [data-name=run_time_s] .pick").click()
    expect(sheet(page, "loss").locator("[data-part=intervals] tbody tr").first).to_be_visible()
