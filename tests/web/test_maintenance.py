"""The fleet by urgency, and what monitors say on the page of a machine, in a browser."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.web.conftest import Fake, Open

MACHINE = "demo/packing/l1/m002"
PAGE = f"/assets/{MACHINE}"


def test_machines_stand_by_urgency_with_reason_and_remaining_life(shared_page: Open) -> None:
    page = shared_page("/maintenance")
    rows = page.locator(".fleet-row")
    expect(rows).to_have_count(6)
    expect(rows.first).to_have_attribute("data-asset", MACHINE)
    expect(rows.first).to_contain_text("Act now")
    expect(rows.first.locator(".fleet-first")).to_have_text("vibration 4.1 instead of 2.2 (+86 %)")
    expect(rows.first).to_contain_text("26 h (11 h … 2 d)")
    expect(rows.first).to_contain_text("Check the bearings")
    expect(page.locator(".fleet-troubles")).to_contain_text("failed 4 times")


def test_place_of_an_empty_plant_is_not_asked_for(open_page: Open) -> None:
    page = open_page("/maintenance?asset=demo")
    expect(page.locator(".fleet-row")).not_to_have_count(0)
    page.route("**/api/v1/assets", lambda route: route.fulfill(json={"assets": []}))
    page.route("**/api/v1/assessments?*", lambda route: route.fulfill(status=404, json={"detail": "no such asset"}))
    page.reload()
    expect(page.locator(".notice")).to_contain_text("No monitor says anything yet")


def test_reason_that_is_a_limit_says_which_and_no_change(open_page: Open) -> None:
    page = open_page("/maintenance")
    told = page.evaluate("""async () => {
        const { reasonText } = await import("/static/js/health.js");
        const limit = { signal: "vibration", value: 7.3, expected: null, text: "above its limit (7.1)" };
        const trend = { ...limit, value: null, text: "goes to 7.1 (above its limit) at +2 a day" };
        const before = { ...limit, expected: 2, change_pct: 265, text: "before the work" };
        return [limit, trend, before].map(reasonText);
    }""")
    assert told == [
        "vibration 7.3 above its limit (7.1)",
        "vibration goes to 7.1 (above its limit) at +2 a day",
        "vibration 7.3 instead of 2 (+265 %), before the work",
    ]


def test_counts_filter_and_the_address_keeps_it(open_page: Open) -> None:
    page = open_page("/maintenance")
    page.locator(".count[data-health=plan]").click()
    expect(page.locator(".fleet-row")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?state=plan$"))
    page.locator("select").select_option("demo/packing/l1")
    expect(page).to_have_url(re.compile("asset=demo%2Fpacking%2Fl1"))


def test_a_row_leads_to_the_health_of_its_machine(open_page: Open) -> None:
    page = open_page("/maintenance")
    page.locator(".fleet-name").first.click()
    panel = page.locator("[data-panel=health]")
    expect(panel.locator(".health-pill")).to_have_text("Act now")
    expect(panel.locator("tr[data-signal=vibration]")).to_contain_text(re.compile(r"4\.1.*2\.2.*\+86 %.*12\.5 σ"))
    expect(panel).to_contain_text("These are about sensors, not about the machine.")
    expect(panel.locator("signal-chart canvas")).to_have_count(3)  # health, and the signals of both reasons
    expect(panel.locator(".health-work")).to_have_text("Check the bearings and the lubrication.")
    expect(panel).to_be_in_viewport()


def test_an_alarm_is_acknowledged_with_a_name_and_that_is_shown(open_page: Open, fake: Fake) -> None:
    page = open_page(PAGE)
    page.get_by_role("button", name="Acknowledge").click()
    sheet = page.locator("[data-sheet=acknowledge]")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.get_by_role("alert")).to_be_visible()
    sheet.locator("[name=by]").fill("Ann")
    sheet.locator("[name=why]").fill("bearing ordered")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet).to_have_count(0)
    expect(page.locator(".health-taken")).to_contain_text(re.compile("Ann, .*: bearing ordered"))


def test_work_done_names_the_component(open_page: Open, fake: Fake) -> None:
    page = open_page(PAGE)
    page.get_by_role("button", name="Work done").click()
    sheet = page.locator("[data-sheet=work-done]")
    offered = sheet.locator("datalist option")
    for at, name in enumerate(("bearing", "belt", "vibration")):  # components, then the signals behind the alarm
        expect(offered.nth(at)).to_have_attribute("value", name)
    sheet.locator("[name=by]").fill("Ann")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.get_by_role("alert")).to_have_text("Say on which component.")
    sheet.locator("[name=component]").fill("bearing")
    sheet.locator("[name=action]").fill("replaced")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet).to_have_count(0)
    assert fake.get("/fake/works") == [
        {"asset": MACHINE, "by": "Ann", "why": "maintenance", "component": "bearing", "action": "replaced"}
    ]


def test_cards_say_what_is_to_be_planned_or_done_and_only_that(shared_page: Open) -> None:
    page = shared_page("/")
    care = page.locator("machine-card .card-care:visible")
    expect(care).to_have_count(2)
    expect(page.locator(f"machine-card[data-asset='{MACHINE}'] .card-care")).to_have_text(
        "Maintenance: act now · vibration"
    )


def test_a_machine_without_monitors_says_so(open_page: Open) -> None:
    page = open_page("/assets/demo/packing/l1/m004")
    expect(page.locator("[data-panel=health]")).to_contain_text("No monitor says anything of this machine yet.")


def test_a_machine_that_is_away_is_one_finding_not_one_for_each_signal(shared_page: Open) -> None:
    script = (
        """async (findings) => (await import('/static/js/health.js')).together(findings).map(({signal}) => signal)"""
    )
    findings = [{"signal": name, "kind": "no_value", "text": "nothing comes"} for name in ("current", "speed")]
    stuck = {"signal": "pressure", "kind": "stuck", "text": None}
    assert shared_page("/maintenance").evaluate(script, [*findings, stuck]) == ["current, speed", "pressure"]
