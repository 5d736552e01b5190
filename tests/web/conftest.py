"""A real Chromium before the fake service; every page watched for errors, foreign requests and executed names."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.brokers import free_port
from tests.patience import WAIT_S
from tests.servers import find

ROOT = Path(__file__).resolve().parent.parent.parent
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip

expect.set_options(timeout=1000 * WAIT_S)

Open = Callable[..., Page]


class Fake:
    """The fake service at `url`, and its levers."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=WAIT_S) as answer:
            return json.load(answer)

    def pull(self, lever: str, content: object = None) -> Any:
        body = json.dumps(content or {}).encode()
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.url}/fake/{lever}", body, headers), timeout=WAIT_S
        ) as answer:
            return json.load(answer)

    def put(self, path: str, content: object) -> None:
        """A change of plant data."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(content).encode(), headers, method="PUT")
        with urllib.request.urlopen(request, timeout=WAIT_S):
            pass

    def wait_for_clients(self, number: int) -> None:
        """Until so many streams are open."""
        end = time.monotonic() + WAIT_S
        while self.get("/fake/clients")["clients"] != number:
            assert time.monotonic() < end, "the page has not opened its stream"
            time.sleep(0.02)


@pytest.fixture(scope="session")
def fake_process() -> Iterator[Fake]:
    port = free_port()
    command = [sys.executable, "-m", "tests.web.fake_service", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            yield Fake(_wait_until_ready(process, f"http://127.0.0.1:{port}"))
        finally:
            process.terminate()


@pytest.fixture
def fake(fake_process: Fake) -> Iterator[Fake]:
    yield fake_process
    fake_process.pull("reset")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find("chromium", "chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Watch:
    """Opens pages and keeps what went wrong in them: errors, foreign requests, names that were executed."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._pages: list[Page] = []
        self._wrong: list[str] = []

    def open(self, path: str, width: int = 1280, height: int = 900, quiet: bool = True, **context: Any) -> Page:
        """A page in a context of its own; `quiet` = False where the test itself provokes failing requests."""
        settings = {"locale": "en-GB", "reduced_motion": "reduce", **context}
        page = self._browser.new_context(viewport={"width": width, "height": height}, **settings).new_page()
        page.set_default_timeout(1000 * WAIT_S)
        if quiet:
            page.on("console", self._note_console)
        page.on("pageerror", lambda error: self._wrong.append(str(error)))
        page.on("request", self._note_foreign)
        page.goto(self._url + path)
        self._pages.append(page)
        return page

    def close(self) -> None:
        """Close every page; nothing may have gone wrong."""
        executed = [f"a name was executed on {page.url}" for page in self._pages if page.evaluate("'pwned' in window")]
        for page in self._pages:
            page.context.close()
        assert self._wrong + executed == []

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._wrong.append(message.text)

    def _note_foreign(self, request: Request) -> None:
        if not request.url.startswith((self._url + "/", "data:")):
            self._wrong.append(f"a request left the origin: {request.url}")


@pytest.fixture
def open_page(browser: Browser, fake: Fake) -> Iterator[Open]:
    """`open_page(path, width=, height=, quiet=, **context)`: pages for one test."""
    watch = Watch(browser, fake.url)
    yield watch.open
    watch.close()


@pytest.fixture(scope="module")
def shared_page(browser: Browser, fake_process: Fake) -> Iterator[Open]:
    """The same for pages that several tests only look at."""
    watch = Watch(browser, fake_process.url)
    pages: dict[str, Page] = {}

    def once(path: str) -> Page:
        if path not in pages:
            pages[path] = watch.open(path)
        return pages[path]

    yield once
    watch.close()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> str:
    end = time.monotonic() + WAIT_S
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=WAIT_S):
                return url
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError("the fake service did not become ready")
