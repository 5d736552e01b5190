"""The routes without a browser: headers, escaping, and files that come from nowhere else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from edge.web.pages import HERE, add_pages

OWN = [
    file
    for file in (HERE / "static").rglob("*")
    if file.suffix in (".js", ".css", ".svg") and "vendored" not in file.parts
]
TEMPLATES = list((HERE / "templates").glob("*.html"))
PAGES = ["/", "/?wall=1", "/assets/demo/packing/l1/m001", "/rejections", "/plant"]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    add_pages(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("path", [*PAGES, "/static/js/board.js", "/static/icons.svg"])
async def test_page_and_file_keep_foreign_script_out(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_hostile_path_is_escaped(client: httpx.AsyncClient) -> None:
    text = (await client.get("/assets/%22%3E%3Cscript%3Ealert(1)%3C/script%3E")).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


async def test_line_leads_to_the_filtered_board(client: httpx.AsyncClient) -> None:
    answer = await client.get("/lines/demo/packing/l1", follow_redirects=False)
    assert answer.headers["location"] == "/?asset=demo%2Fpacking%2Fl1"


@pytest.mark.parametrize("path", ["/nothing", "/boards/%3Cscript%3Ealert(1)%3C/script%3E"])
async def test_browser_at_no_page_gets_a_page_that_says_so(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "<missing-page>" in answer.text
    assert "alert(1)" not in answer.text


@pytest.mark.parametrize(("path", "accept"), [("/nothing", "*/*"), ("/api/v1/nothing", "text/html")])
async def test_program_at_no_page_gets_no_page(client: httpx.AsyncClient, path: str, accept: str) -> None:
    answer = await client.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")


async def test_static_leaves_its_folder_never(client: httpx.AsyncClient) -> None:
    assert (await client.get("/static/..%2fpages.py")).status_code == 404


async def test_unchanged_file_is_not_sent_again(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/static/js/dom.js")).headers["etag"]
    assert (await client.get("/static/js/dom.js", headers={"If-None-Match": tag})).status_code == 304


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_template_has_no_inline_script_or_style(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\sstyle=|\son\w+=|\|\s*safe|javascript:", text)


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.name)
def test_file_parses_no_text_as_html_and_names_no_other_host(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc", text)
    assert set(re.findall(r"https?://[^\s\"')]+", text)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", PAGES)
async def test_everything_a_page_loads_is_there(client: httpx.AsyncClient, path: str) -> None:
    seen: set[str] = set()
    waiting = re.findall(r'(?:src|href)="(/static/[^"]+)"', (await client.get(path)).text)
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        answer = await client.get(file)
        assert answer.status_code == 200, file
        if file.endswith(".js"):
            names = re.findall(r'(?:from|import) "(\.[^"]+)"', answer.text)
            waiting += [str(httpx.URL("http://test").join(file).join(name).path) for name in names]
    assert seen
