"""Tests whose server is missing are skipped by name with the reason, and fail in CI where it could be installed."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.influxdb import executable
from tests.servers import ServerMissing, find

settings.register_profile("edge", deadline=None)  # a busy machine is no failure
settings.load_profile("edge")

WANTED = {"mosquitto": ("mosquitto",), "chromium": ("chromium", "chromium-browser", "google-chrome")}


def pytest_report_header() -> list[str]:
    lines = []
    for package, programs in WANTED.items():
        try:
            lines.append(f"{package}: {find(package, *programs)}")
        except ServerMissing as missing:
            lines.append(f"{package}: MISSING, its tests are skipped: {missing}")
    try:
        lines.append(f"influxd: {executable()}")
    except ServerMissing as missing:
        lines.append(f"influxd: MISSING, its tests are skipped: {missing}")
    return lines


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    return (yield from _skipped_without_server())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    return (yield from _skipped_without_server())


def _skipped_without_server() -> Generator[None, object, object]:
    try:
        return (yield)
    except ServerMissing as missing:
        if missing.installable and os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
