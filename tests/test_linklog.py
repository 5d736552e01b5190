"""The log of the way in: what is new is said once, whatever comes in between."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest

from edge.ingest.control import IngestStatus
from edge.linklog import LinkLog
from edge.logs import FIELDS, Log

UP = IngestStatus(connected=True, subscribed=True, broker="b:1883")
DOWN = IngestStatus(broker="b:1883", error="Connection refused")


def changed(status: IngestStatus, **members: Any) -> IngestStatus:
    return msgspec.structs.replace(status, **members)


def said(caplog: pytest.LogCaptureFixture, *statuses: IngestStatus) -> list[tuple[str, str, str | None]]:
    with caplog.at_level(logging.INFO):
        log = LinkLog(Log())
        for status in statuses:
            log.take(status)
    return [(one.levelname, one.getMessage(), getattr(one, FIELDS).get("why")) for one in caplog.records]


def test_a_broker_that_is_found_lost_and_found_is_told_once_each(caplog: pytest.LogCaptureFixture) -> None:
    refused = changed(DOWN, error="not authorized")
    told = said(
        caplog, DOWN, DOWN, refused, changed(DOWN, error="not authorized"), UP, changed(UP, received=9), DOWN, UP
    )
    assert told == [
        ("WARNING", "nothing comes in", "Connection refused"),
        ("WARNING", "nothing comes in", "not authorized"),
        ("INFO", "subscribed", None),
        ("WARNING", "nothing comes in", "Connection refused"),
        ("INFO", "subscribed", None),
    ]


@pytest.mark.parametrize(
    ("before", "after", "levels"),
    [
        ({}, {"session_lost": 1}, ["WARNING"]),
        ({"session_lost": 1}, {"session_lost": 1}, ["WARNING"]),
        ({}, {"takeovers": 2}, ["WARNING"]),
        ({"disk_full": True}, {"disk_full": True}, ["ERROR"]),
        ({"disk_full": True}, {}, ["ERROR", "INFO"]),
    ],
)
def test_what_goes_wrong_on_the_way_is_told_once(
    caplog: pytest.LogCaptureFixture, before: dict[str, Any], after: dict[str, Any], levels: list[str]
) -> None:
    told = said(caplog, UP, changed(UP, **before), changed(UP, **after))
    assert [level for level, text, _ in told if text != "subscribed"] == levels
