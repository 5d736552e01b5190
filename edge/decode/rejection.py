"""Why a message, or one element of its array, could not become an event."""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import final

import msgspec

MAX_DETAIL = 240
MAX_TOPIC = 300

REASONS: dict[str, str] = {
    "array_empty": "An array without elements",
    "array_too_long": "An array with too many elements",
    "bad_signal_name": "A signal name that is empty, too long or not printable",
    "bad_topic": "The topic is not <root>/<site>/<area>/<line>/<machine>/<kind>",
    "conflicting_members": "Members that exclude each other",
    "duplicate_key": "One JSON object has the same key twice",
    "empty": "No payload",
    "invalid_value": "A member outside its allowed values or length",
    "journal_damaged": "The journal's checksum does not match: what was received is not certain",
    "missing_member": "A required member is missing",
    "no_signals": "A reading without any value",
    "not_an_object": "Valid JSON, but neither an object nor an array of objects",
    "not_json": "Not JSON (RFC 8259)",
    "not_utf8": "Not UTF-8",
    "number_out_of_range": "A number beyond its bounds",
    "retained": "A retained copy: what it says happened at an unknown time and may have been counted already",
    "time_far_future": "The event time lies far in the future",
    "time_invalid": "The event time is neither RFC 3339 with an offset nor whole milliseconds",
    "time_missing": "No event time",
    "time_too_old": "The event time lies before anything this plant can report",
    "too_deep": "Nested too deeply",
    "too_large": "More bytes than allowed",
    "too_many_machines": "More machines than allowed that the plant file does not speak of",
    "too_many_signals": "More signals in one reading, or of one machine, than allowed",
    "unknown_kind": "The topic's last level is no kind of message",
    "unknown_state": "No state of the vocabulary",
    "unmapped": "A topic of a mapping, but a payload that none of its mappings speaks of",
    "wrong_type": "A member of the wrong JSON type",
}


@final  # so that `type(x) is Refusal` tells it from an event, at a fifth of the cost of isinstance
class Refusal(msgspec.Struct, frozen=True, gc=False):
    """A reason (a key of REASONS) and a sentence that names the member and says what would be right."""

    reason: str
    detail: str


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """`index` is the place in the payload's array (0 for the message as a whole), `size` its payload's bytes.

    `received` is in microseconds; `asset` is None where the topic names none; `topic` and `detail` are cut to length.
    """

    offset: int
    index: int
    received: int
    topic: str
    asset: str | None
    reason: str
    detail: str
    size: int


def shorten(text: str, length: int = MAX_DETAIL) -> str:
    """`text` in at most `length` characters, in one printable line."""
    if len(text) > length:
        text = text[: length - 1] + "…"
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


@lru_cache(maxsize=1024)
def nearest(word: str, words: frozenset[str]) -> str:
    """A hint with the likeliest of `words`, or with all of them where none is near."""
    known = sorted(words)
    close = difflib.get_close_matches(word.strip().lower()[:64], known, n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else "known are " + ", ".join(known)
