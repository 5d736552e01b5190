"""The page of rejected messages in a browser."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.conftest import Fake, Open
from tests.web.fake_plant import HOSTILE


def test_rejections_are_listed_newest_first_with_counts(open_page: Open) -> None:
    page = open_page("/rejections")
    expect(page.locator(".rejection")).to_have_count(50)
    offsets = page.locator(".rejection").evaluate_all("rows => rows.map((row) => Number(row.dataset.offset))")
    assert offsets == sorted(offsets, reverse=True)
    expect(page.locator(".reasons button").first).to_have_text("Not JSON17")
    page.get_by_role("button", name="Older").click()
    expect(page.locator(".rejection")).to_have_count(60)


def test_reason_and_machine_filter(open_page: Open) -> None:
    page = open_page("/rejections")
    page.locator(".reasons button[data-reason=not_utf8]").click()
    expect(page.locator(".rejection")).to_have_count(8)
    page.locator(".rejection summary").first.click()
    expect(page.locator(".rejection pre").first).to_have_text("00 01 02 03 ff fe fd")
    page.locator(".reasons button[data-reason=not_utf8]").click()
    page.get_by_role("searchbox").fill("demo/packing/l2")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".rejection-asset").first).to_have_text("demo/packing/l2/m002")
    expect(page.locator(".reasons button")).to_have_count(1)


def test_payload_is_shown_as_text(open_page: Open) -> None:
    page = open_page("/rejections?asset=demo/assembly/l1/m003&reason=not_json")
    page.locator(".rejection summary").first.click()
    expect(page.locator(".rejection pre").first).to_have_text(HOSTILE)
    expect(page.locator("main img, main script")).to_have_count(0)


def test_new_rejection_is_read_and_what_is_open_stays_open(open_page: Open, fake: Fake) -> None:
    page = open_page("/rejections?reason=retained")
    page.locator(".rejection summary").first.click()
    expect(page.locator(".live")).to_have_text("live")
    with page.expect_response("**/api/v1/rejections*"):
        fake.pull("rejection")
    expect(page.locator(".rejection pre").first).to_be_visible()
