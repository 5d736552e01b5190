"""Widths, themes, wall, words: what every page must keep on every screen."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.conftest import Open

PAGES = {
    "board": ("/", "machine-card"),
    "line": ("/?asset=demo/packing/l1", "loss-waterfall svg"),
    "machine": ("/assets/demo/packing/l1/m002", "signal-chart canvas"),
    "maintenance": ("/maintenance", ".fleet-row"),
    "plant": ("/plant", "[data-part=products] tbody tr"),
    "rejections": ("/rejections", ".rejection"),
    "wall": ("/?wall=1", "machine-card"),
}
SMALL = """() => [...document.querySelectorAll("button, select, summary, a.button, a.nav-link, a.tool, input")]
    .filter((node) => node.offsetParent && node.getBoundingClientRect().height < 43.5).map((node) => node.outerHTML)"""
LEVELS = """all => all.filter((node) => node.offsetParent)
    .map((node) => Number(node.getAttribute("aria-level") ?? node.tagName.slice(1)))"""
NAMELESS = """() => [
    ...[...document.querySelectorAll("button, a, select, input, [role=group], nav")].filter((node) => node.offsetParent
        && !(node.getAttribute("aria-label") || node.textContent.trim() || node.labels?.length)),
    ...[...document.querySelectorAll("th")].filter((node) => !node.textContent.trim()),
    ...[...document.querySelectorAll("body *")].filter((node) => node.offsetParent
        && !node.closest("main, [role=banner], dialog, .skip")
        && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())),
].map((node) => node.outerHTML.slice(0, 200))"""
CONTRAST = """() => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (node) => {
        for (; node; node = node.parentElement) {
            const colour = rgb(getComputedStyle(node).backgroundColor);
            if (colour.length < 4 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const texts = [...document.querySelectorAll("body *")].filter((node) => node.offsetParent
        && !node.closest(".visually-hidden, .skip")
        && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
    if (texts.length < 30) return ["nothing to look at"];
    return texts.map((node) => {
        const [a, b] = [light(rgb(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
        return [(a + 0.05) / (b + 0.05), node.className || node.tagName, node.textContent.trim().slice(0, 30)];
    }).filter(([ratio]) => ratio < 4.5);
}"""


def seen(shared_page: Open, name: str, width: int, scheme: str) -> Page:
    """The page at that width and in that light, drawn to the end."""
    path, ready = PAGES[name]
    page = shared_page(path)
    page.set_viewport_size({"width": width, "height": 740})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # light or dark
    expect(page.locator(ready).first).to_be_visible()
    return page


@pytest.mark.parametrize("name", PAGES)
def test_phone_scrolls_in_one_direction_only_and_fingers_find_the_buttons(shared_page: Open, name: str) -> None:
    page = seen(shared_page, name, 360, "light")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.evaluate(SMALL) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_screen_reader_finds_landmarks_headings_in_order_and_names(shared_page: Open, name: str) -> None:
    page = seen(shared_page, name, 1280, "light")
    levels = page.locator("h1, h2, h3, h4").evaluate_all(LEVELS)
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.evaluate(NAMELESS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["board", "machine", "maintenance", "plant", "rejections"])
def test_text_stands_out_from_its_ground(shared_page: Open, name: str, scheme: str) -> None:
    page = seen(shared_page, name, 1280, scheme)
    expect(page.locator("html")).to_have_attribute("data-theme", scheme)
    assert page.evaluate(CONTRAST) == []


def test_theme_follows_the_system_until_one_is_chosen(open_page: Open) -> None:
    page = open_page("/", color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-theme", "dark")
    assert page.evaluate(background) != light
    page.get_by_role("button", name="Theme").click()  # from the system's to light
    expect(root).to_have_attribute("data-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")
    assert page.evaluate(background) == light


def test_wall_is_dark_fills_the_screen_and_walks_over_the_lines(open_page: Open) -> None:
    page = open_page("/?wall=1&rotate=5", width=1920, height=1080, color_scheme="light")
    page.clock.install()
    page.reload()
    expect(page.locator("wall-board h1")).to_have_text("Packing 1")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollHeight <= innerHeight && {root}.scrollWidth <= innerWidth")
    cut = "all => all.filter((body) => body.scrollHeight > body.clientHeight + 2).length"
    for line in ("Packing 2", "Assembly <b>one</b>"):
        assert page.locator(".card-body").evaluate_all(cut) == 0
        page.clock.run_for(5000)
        expect(page.locator("wall-board h1")).to_have_text(line)


def test_wall_keeps_its_order_with_a_long_name(open_page: Open) -> None:
    page = open_page("/rejections", width=1920, height=1080)
    name = "Linie 1: Abfüllung und Etikettierung für Großgebinde, Halle 7"

    def rename(route: Route) -> None:
        answer = route.fetch().json()
        titled = [asset | ({"title": name} if asset["kind"] == "line" else {}) for asset in answer["assets"]]
        route.fulfill(json={"assets": titled})

    page.route("**/api/v1/assets", rename)
    page.goto("/".join(page.url.split("/")[:3]) + "/?wall=1")
    expect(page.locator("wall-board h1")).to_have_text(name)
    boxes = [page.locator(f".wall-head > {part}").bounding_box() for part in ("h1", ".wall-numbers", ".clock")]
    edges = [(box["x"], box["x"] + box["width"]) for box in boxes if box]
    assert len(edges) == 3
    assert edges == sorted(edges)
    assert all(before[1] <= after[0] for before, after in pairwise(edges))
    assert edges[-1][1] <= 1920


def test_german_has_every_text_and_german_numbers(open_page: Open) -> None:
    page = open_page("/", locale="de-DE")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("button", name="Schlimmste zuerst")).to_be_visible()
    expect(page.locator(".figure-number", has_text="65,4")).to_be_visible()
    keys = "async () => { const { TEXTS } = await import('/static/js/strings.js');"
    keys += " return Object.values(TEXTS).map((texts) => Object.keys(texts)); }"
    english, german = map(set, page.evaluate(keys))
    assert english <= german
    assert all(key.startswith("value.") for key in german - english)  # words that plugins say in English
    page.get_by_role("button", name="Language: English").click()
    expect(page.get_by_role("button", name="Worst first")).to_be_visible()
