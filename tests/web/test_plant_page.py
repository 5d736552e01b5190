"""The page of plant data in a browser: what holds at an instant, forms that change it, and who changed what."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.web.conftest import Fake, Open
from tests.web.fake_plant import HOSTILE


def opened(page: Page, button: str) -> Locator:
    page.get_by_role("button", name=button, exact=True).first.click()
    sheet = page.locator("dialog[data-sheet=plant]")
    sheet.locator("[name=by]").fill("Eva")
    return sheet


def test_products_calendar_and_machines_are_shown_as_text(open_page: Open) -> None:
    page = open_page("/plant")
    products = page.locator("[data-part=products]")
    expect(products.locator("tbody tr")).to_have_count(2)
    expect(products).to_contain_text(HOSTILE)
    expect(page.locator("[data-part=calendar]")).to_contain_text("06:00 – 14:00")
    expect(page.locator("[data-part=machines]")).to_contain_text("demo/packing/*")
    expect(page.locator("[data-part=changes]")).to_contain_text("Nothing has been changed")


def test_a_product_is_changed_from_an_instant_on_and_the_change_revoked(open_page: Open, fake: Fake) -> None:
    page = open_page("/plant", quiet=False)
    sheet = opened(page, "Change")
    sheet.locator("[name=ideal_cycle_s]").fill("0")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.locator(".failure")).to_contain_text("must be greater than 0")
    sheet.locator("[name=ideal_cycle_s]").fill("3.8")
    sheet.locator("[name=valid_from]").fill("2025-03-03T06:00:00")
    sheet.get_by_role("button", name="Save").click()
    row = page.locator("[data-part=products] tbody tr").first
    expect(row).to_contain_text("3.8 s")
    expect(row).to_contain_text("Eva")
    page.locator("input[name=at]").fill("2025-03-02T06:00:00")
    page.locator("input[name=at]").blur()
    expect(row).to_contain_text("4 s")
    page.locator("[data-part=changes]").get_by_role("button", name="Revoke").click()
    page.locator("dialog [name=by]").fill("Eva")
    page.locator("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("[data-part=changes] li")).to_have_attribute("data-revoked", "")


def test_shifts_exceptions_and_reasons_are_said(open_page: Open, fake: Fake) -> None:
    page = open_page("/plant")
    sheet = opened(page, "Other shifts from an instant on")
    sheet.locator("[name=breaks]").fill("09:00 15 breakfast, 12:00 30 lunch")
    sheet.get_by_role("button", name="Add a shift").click()
    sheet.locator("fieldset").nth(1).locator("[name=name]").fill("late")
    sheet.locator("fieldset").nth(1).locator("[name=start]").fill("14:00")
    sheet.locator("fieldset").nth(1).locator("[name=end]").fill("22:00")
    sheet.get_by_role("button", name="Save").click()
    expect(page.locator("[data-part=calendar]")).to_contain_text("12:00 lunch (30 min)")
    expect(page.locator("[data-part=calendar]")).to_contain_text("14:00 – 22:00")
    sheet = opened(page, "Add a planned stop or unscheduled time")
    sheet.locator("[name=reason]").fill("maintenance")
    sheet.get_by_role("button", name="Save").click()
    expect(page.locator("[data-part=calendar]")).to_contain_text("maintenance")
    page.locator("[data-part=machines]").get_by_role("button", name="Change", exact=True).click()
    sheet = page.locator("dialog[data-sheet=plant]")
    sheet.locator("[name=stop_reasons]").fill("\n".join(f"reason {n}" for n in range(13)))
    sheet.get_by_role("button", name="Save").click()
    expect(page.locator("[data-part=machines]")).to_contain_text("reason 12")
    expect(page.locator("plant-page .saved")).to_contain_text("13 reasons")


def test_the_form_of_a_stop_offers_the_reasons_of_its_machine(open_page: Open, fake: Fake) -> None:
    names = ["no film", "jam", HOSTILE]
    body = {"stop_reasons": names, "valid_from": "2025-01-01T00:00:00Z", "by": "Eva", "why": "a list"}
    fake.put("/api/v1/plant/reasons/demo/packing/*", body)
    page = open_page("/assets/demo/packing/l1/m001")
    page.locator(".stop-row").first.click()
    expect(page.locator("dialog .choice")).to_have_text(names)
