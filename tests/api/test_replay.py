"""The log behind the stream: bounded, with rising ids, and honest about what it no longer knows."""

from __future__ import annotations

from edge.api.replay import NO_ID, Entry, ReplayLog, parse_id


def log_with(*offsets: int, entries: int = 100, kept_bytes: int = 10**6) -> ReplayLog:
    log = ReplayLog(entries=entries, kept_bytes=kept_bytes)
    log.begin(7)
    for offset in offsets:
        log.append(offset, "event", "a", {"offset": offset})
    return log


def everything(entry: Entry) -> bool:
    return True


def ids(log: ReplayLog, position: int) -> list[bytes]:
    texts, _ = log.read(position, everything, 10**6)
    return [text.split(b"\n")[0].removeprefix(b"id: ") for text in texts]


def test_ids_count_the_items_of_one_offset_and_never_fall() -> None:
    log = log_with(5, 5, 6, 4, 6)
    assert ids(log, 0) == [b"5-0", b"5-1", b"6-0", b"6-1", b"6-2"]


def test_items_after_an_id_are_found() -> None:
    log = log_with(5, 5, 6, 8)
    found = log.find((5, 1))
    assert found is not None
    assert ids(log, found) == [b"6-0", b"8-0"]


def test_id_between_two_items_is_found() -> None:
    log = log_with(5, 8)
    found = log.find((6, 3))
    assert found is not None
    assert ids(log, found) == [b"8-0"]


def test_newest_id_is_found_with_nothing_after_it() -> None:
    log = log_with(5)
    assert log.find(log.last) == log.end


def test_id_before_everything_known_is_not_found() -> None:
    log = log_with(5)
    assert log.find((4, 0)) is None


def test_id_from_the_future_is_not_found() -> None:
    log = log_with(5)
    assert log.find((9, 0)) is None


def test_start_is_found_until_its_first_item_is_forgotten() -> None:
    log = log_with(entries=2)
    start = log.last
    for offset in (5, 6):
        log.append(offset, "event", "a", {})
    assert log.find(start) == 0
    log.append(7, "event", "a", {})
    assert log.find(start) is None


def test_last_forgotten_id_still_resumes_exactly() -> None:
    log = log_with(5, 6, 7, entries=2)
    found = log.find((5, 0))
    assert found is not None
    assert ids(log, found) == [b"6-0", b"7-0"]
    assert log.find((4, 9)) is None


def test_bytes_are_bounded() -> None:
    log = ReplayLog(entries=1000, kept_bytes=2000)
    for offset in range(100):
        log.append(offset, "event", "a", "x" * 100)
    assert 5 < log.end - log.first < 20


def test_too_large_item_is_refused() -> None:
    log = log_with()
    assert not log.append(5, "event", "a", "x" * 70_000)
    assert log.end == 0


def test_new_start_forgets_and_tells_itself_from_the_old_one() -> None:
    log = log_with(5, 6)
    old = log.last
    log.begin(8)
    assert log.find(old) is None
    assert log.find((6, 8)) == log.end


def test_reading_stops_at_the_limit_and_goes_on_there() -> None:
    log = log_with(*range(10))
    texts, position = log.read(0, everything, 100)
    rest, end = log.read(position, everything, 10**6)
    assert 1 < len(texts) < 10
    assert (len(texts) + len(rest), end) == (10, 10)


def test_id_of_another_service_is_none_of_ours() -> None:
    assert parse_id("12-3") == (12, 3)
    for text in ("", "12", "-1-2", "12-3-4", "٣-1", "9" * 19 + "-0", "1" * 5000):
        assert parse_id(text) == NO_ID
