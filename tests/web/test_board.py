"""The line board in a browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.web.conftest import Fake, Open
from tests.web.fake_plant import HOSTILE, HOSTILE_REASON, MACHINES

L1 = "demo/packing/l1"


def card(asset: str) -> str:
    return f'machine-card[data-asset="{asset}"]'


def order(page: Page) -> list[str]:
    return page.locator("machine-card").evaluate_all("cards => cards.map((card) => card.dataset.asset)")


def test_every_machine_is_shown_with_its_state_in_words_and_an_icon(shared_page: Open) -> None:
    page = shared_page("/")
    expect(page.locator("machine-card")).to_have_count(len(MACHINES))
    assert sorted(order(page)) == sorted(MACHINES)
    assert all(page.locator(".card-label").all_text_contents())
    icons = page.locator("machine-card .band use").evaluate_all("uses => uses.map((use) => use.getAttribute('href'))")
    assert all(re.fullmatch(r"/static/icons\.svg#\w+", icon) for icon in icons)


def test_every_icon_of_the_board_is_in_the_sprite(shared_page: Open) -> None:
    page = shared_page("/")
    expect(page.locator("machine-card")).to_have_count(len(MACHINES))
    missing = page.evaluate("""async () => {
        const text = await (await fetch("/static/icons.svg")).text();
        const sprite = new DOMParser().parseFromString(text, "image/svg+xml");
        const names = [...document.querySelectorAll("use")].map((use) => use.getAttribute("href").split("#")[1]);
        return names.filter((name) => !sprite.getElementById(name));
    }""")
    assert missing == []


def test_the_worst_stand_first(shared_page: Open) -> None:
    page = shared_page("/")
    expect(page.locator("machine-card")).to_have_count(len(MACHINES))
    assert page.locator("line-section").first.get_attribute("data-line") == L1
    assert order(page)[:2] == [f"{L1}/m002", f"{L1}/m003"]  # the long stop before the short one, both before the rest
    tones = (
        page.locator("line-section").nth(2).locator("machine-card").evaluate_all("c => c.map((x) => x.dataset.tone)")
    )
    assert tones == ["setup", "micro", "run", "no_order", "planned", "unscheduled"]


def test_line_order_is_a_choice_that_is_remembered(open_page: Open) -> None:
    page = open_page("/")
    page.get_by_role("button", name="Line order").click()
    expect(page.locator("machine-card").first).to_have_attribute("data-asset", f"{L1}/m001")
    page.reload()
    expect(page.locator("machine-card").first).to_have_attribute("data-asset", f"{L1}/m001")


def test_card_shows_headline_factors_parts_and_other_kpis(shared_page: Open) -> None:
    shown = shared_page("/").locator(card(f"{L1}/m002"))
    expect(shown.locator(".figure-title")).to_have_text("OEE")
    expect(shown.locator(".figure-number")).to_have_text("65.4")
    expect(shown.locator(".factor")).to_have_text(["Availability71.0 %", "Performance93.0 %", "Quality99.0 %"])
    expect(shown.locator(".parts-text")).to_contain_text("958 of 1,392 due by now")
    expect(shown.locator(".parts-gap")).to_have_text("434 behind")
    expect(shown.locator("[data-kpi=first_pass_yield] dd")).to_have_text("97.0 %")
    expect(shown.locator("[data-kpi=energy_per_part]")).to_have_text("Energy <i>per</i> part0.482 kWh")
    expect(shown.locator(".card-reason")).to_have_text("Jam at infeed")


def test_unheard_machines_are_never_shown_as_stopped(shared_page: Open) -> None:
    page = shared_page("/")
    for machine, tone, word in [
        ("m001", "unknown", "Unknown"),
        ("m002", "disconnected", "Disconnected"),
        ("m003", "disconnected", "Silent"),
        ("m004", "disconnected", "Never heard"),
    ]:
        shown = page.locator(card(f"demo/packing/l2/{machine}"))
        expect(shown).to_have_attribute("data-tone", tone)
        expect(shown.locator(".card-label")).to_have_text(word)
    down, gone, unknown = (
        page.locator(card(asset)).locator(".band").evaluate("e => getComputedStyle(e).background")
        for asset in (f"{L1}/m002", "demo/packing/l2/m002", "demo/packing/l2/m001")
    )
    assert len({down, gone, unknown}) == 3


def test_a_streamed_status_changes_the_card_without_reload(open_page: Open, fake: Fake) -> None:
    page = open_page("/")
    shown = page.locator(card(f"{L1}/m001"))
    expect(shown).to_have_attribute("data-tone", "run")
    page.evaluate("window.same = true")
    change = {"state": "blocked", "time_class": "down", "reason": "Full conveyor", "in_state_s": 4000}
    expect(page.locator(".live")).to_have_text("live")
    fake.pull(f"status/{L1}/m001", change)
    expect(shown).to_have_attribute("data-tone", "down")
    expect(shown.locator(".card-label")).to_have_text("Blocked")
    expect(shown.locator(".card-reason")).to_have_text("Full conveyor")
    expect(page.locator("machine-card").first).to_have_attribute("data-asset", f"{L1}/m001")
    assert page.evaluate("window.same")


def test_a_card_shows_its_shift_as_a_band_once_it_is_in_sight(open_page: Open) -> None:
    page = open_page("/", height=600)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/timeline?" in request.url else None)
    page.reload()
    first, last = page.locator("machine-card").first, page.locator("machine-card").last
    expect(first.locator(".card-strip")).to_have_attribute("aria-label", re.compile(r"Running \d"))
    assert "linear-gradient" in first.locator(".card-strip").evaluate("x => getComputedStyle(x).backgroundImage")
    expect(last.locator(".card-strip")).to_be_hidden()
    assert 0 < len(asked) < len(MACHINES)
    last.scroll_into_view_if_needed()
    expect(last.locator(".card-strip")).to_have_attribute("aria-label", re.compile(r"Running \d"))


def test_many_machines_of_a_line_are_tiles_that_still_say_what_is_wrong(open_page: Open, fake: Fake) -> None:
    page = open_page("/rejections")
    status = fake.get(f"/api/v1/assets/{L1}/status")
    status["machines"] *= 4
    machines = [machine | {"asset": f"{L1}/m{i:03d}"} for i, machine in enumerate(status["machines"], 1)]
    page.route(f"**/api/v1/assets/{L1}/status", lambda route: route.fulfill(json=status | {"machines": machines}))
    page.goto("/".join(page.url.split("/")[:3]) + f"/?asset={L1}")
    expect(page.locator("machine-card")).to_have_count(16)
    first = page.locator("machine-card").first
    expect(first.locator(".card-label")).to_have_text("Fault")
    expect(first.locator(".card-reason")).to_be_visible()
    expect(first.locator(".figure-number")).to_be_visible()
    expect(first.locator(".parts-gap")).to_have_text("434 behind")
    expect(first.locator(".factors")).to_be_hidden()
    page.locator(".count[data-tone=down]").click()
    expect(first.locator(".factors")).to_be_visible()


def test_counts_in_the_header_filter(shared_page: Open) -> None:
    page = shared_page("/")
    chip = page.locator(".count[data-tone=disconnected]")
    expect(chip).to_have_text("3Disconnected")
    chip.click()
    expect(page.locator("machine-card")).to_have_count(3)
    chip.click()
    expect(page.locator("machine-card")).to_have_count(len(MACHINES))


def test_a_line_made_what_left_it_at_its_end(open_page: Open) -> None:
    page = open_page("/")
    head = page.locator(f'line-section[data-line="{L1}"] .line-numbers')
    expect(head.locator(".parts-text")).to_contain_text("1,288 of 1,392 due by now · at Case packer")
    with page.expect_request(re.compile(r"/explain\?asset=demo%2Fpacking%2Fl1%2Fm004&")):
        head.locator(".parts-made").click()


def test_a_line_says_of_which_shift_it_speaks_and_what_was_lost_in_it(shared_page: Open) -> None:
    section = shared_page("/").locator(f'line-section[data-line="{L1}"]')
    expect(section.locator(".line-shift")).to_have_text(re.compile(r"^early \d\d:\d\d – \d\d:\d\d$"))
    lost = section.locator(".lost-list li")
    expect(lost).to_have_count(4)
    texts = lost.all_inner_texts()
    assert all(re.fullmatch(r".+\n\d+\.\d %", text) for text in texts)
    shares = [float(text.split("\n")[1][:-2]) for text in texts]
    assert shares == sorted(shares, reverse=True)
    grown = section.locator(".lost-bar span").evaluate_all("all => all.map((x) => Number(x.style.flexGrow))")
    assert all(share >= 0 for share in grown)
    assert grown[0] > 0
    expect(section.locator(".lost a")).to_have_attribute("href", "/?asset=demo%2Fpacking%2Fl1#losses")


def test_lost_leads_to_the_whole_waterfall_of_the_line(open_page: Open) -> None:
    page = open_page("/", height=500)
    page.locator(f'line-section[data-line="{L1}"] .lost a').click()
    expect(page.locator("loss-waterfall")).to_be_in_viewport()


def test_a_line_alone_shows_its_losses(open_page: Open) -> None:
    page = open_page(f"/?asset={L1}")
    expect(page.locator("machine-card")).to_have_count(4)
    expect(page.locator("loss-waterfall tr")).not_to_have_count(0)
    page.get_by_label("Site or line").select_option("")
    expect(page.locator("machine-card")).to_have_count(len(MACHINES))
    expect(page.locator("loss-waterfall")).to_be_hidden()
    assert page.url.endswith("/")


def test_hostile_names_are_text(shared_page: Open) -> None:
    page = shared_page("/")
    expect(page.locator(card("demo/assembly/l1/m003")).locator("h3")).to_have_text(HOSTILE)
    expect(page.locator(card("demo/assembly/l1/m002")).locator(".card-reason")).to_have_text(HOSTILE_REASON)
    expect(page.locator("main img, main script")).to_have_count(0)


def test_flags_and_unconfigured_machines_are_chips_in_words(shared_page: Open) -> None:
    page = shared_page("/")
    expect(page.locator(card(f"{L1}/m004")).locator(".chips")).to_have_text("Performance above 100 %")
    expect(page.locator(card("demo/assembly/l1/cell-7")).locator(".chips")).to_have_text("Not configured")


def test_time_in_state_ticks(shared_page: Open) -> None:
    time = shared_page("/").locator(card("demo/assembly/l1/m002")).locator(".card-time")
    expect(time).to_have_text(re.compile(r"\d+ s"))
    before = time.inner_text()
    expect(time).not_to_have_text(before)
