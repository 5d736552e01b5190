"""What the typed decoder's complaint means: a reason, and a sentence that names the member and what would be right."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from edge.decode.payload import COUNT_MAX
from edge.decode.rejection import Refusal, shorten
from edge.decode.rescan import TOO_DEEP

COMPLAINT = re.compile(r"(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>.*)`)?", re.DOTALL)
MEMBER = re.compile(r"[A-Za-z_]\w*")

_COUNT = f"a whole number from 0 to {COUNT_MAX}"
_NAME = "a text of 1 to 128 characters"
_TEXT = "a text of at most 128 characters"
_TIME = "RFC 3339 with an offset (2025-03-03T06:00:00Z) or whole milliseconds since 1970"
RIGHT = {
    "ts": _TIME, "produced_ts": _TIME,
    "id": "a text of 1 to 128 characters or a whole number", "boot": "a text of 1 to 128 characters or a whole number",
    "seq": "a whole number from 0", "state": "a state such as `running`, as text",
    "mode": "a unit mode such as `production`, or its number",
    "total": _COUNT, "bad": _COUNT, "value": _COUNT, "qty": _COUNT, "defects": _COUNT, "opportunities": _COUNT,
    "counter": "`total` or `bad`", "result": "`pass`, `fail` or `abort`",
    "action": "`create`, `start`, `finish` or `deliver` for an order, a text for maintenance",
    "signals": "an object of numbers, or of objects with a number `value` (null where there is none)",
    "serial": _NAME, "order": _NAME, "component": _NAME, "code": _NAME + " or a whole number",
    "product": _TEXT, "station": _TEXT, "by": _TEXT, "severity": _NAME + " or a whole number",
    "active": "true or false", "quantity": "a number from 0",
    "reason": "a text of at most 1024 characters", "text": "a text of at most 1024 characters",
}  # fmt: skip
NO_OBJECT = Refusal("not_an_object", "the payload must be one JSON object or an array of objects")
NOT_UTF8 = Refusal("not_utf8", "the payload must be UTF-8")


@lru_cache(maxsize=1024)
def _explain(complaint: str) -> Refusal:
    match = COMPLAINT.fullmatch(complaint)
    what = match["what"] if match else complaint
    path = match["path"] if match else None
    if what.startswith("Object missing required field"):
        member = what.split("`")[1]
        return Refusal("missing_member", f"`{member}` is missing; it must be {RIGHT.get(member, 'there')}")
    if not path:
        return NO_OBJECT
    named = MEMBER.search(path)
    member = named[0] if named else "payload"
    if match and match["key"]:
        return Refusal("bad_signal_name", "a signal name must have 1 to 64 characters")
    detail = shorten(f"`{member}` must be {RIGHT.get(member, 'right')}: {what[0].lower()}{what[1:]}")
    return Refusal(_reason(member, what), detail)


def _reason(member: str, what: str) -> str:
    if member in ("ts", "produced_ts"):
        return "time_invalid"
    if "out of range" in what or (re.search(r"[<>]=? -?[\d.e+]+$", what) and "length" not in what):
        return "number_out_of_range"
    return "wrong_type" if ", got `" in what else "invalid_value"


def _wrong_signal(document: bytes) -> str | None:
    """The name of the first signal that is no number, where the document can be read without types."""
    try:
        signals = msgspec.json.decode(document)["signals"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    for name, signal in signals.items():
        value = signal.get("value") if isinstance(signal, dict) else signal
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            return str(name)
    return None


def diagnose(error: Exception, document: bytes) -> Refusal:
    """The refusal for what the decoder raised on `document`."""
    if isinstance(error, RecursionError):
        return TOO_DEEP
    if isinstance(error, UnicodeDecodeError):
        return NOT_UTF8
    if isinstance(error, msgspec.ValidationError):
        refusal = _explain(str(error))
        if "`$.signals[" in str(error) and (name := _wrong_signal(document)) is not None:
            return Refusal(refusal.reason, shorten(f"signal `{name}`: {refusal.detail}"))
        return refusal
    if b"NaN" in document or b"Infinity" in document:
        return Refusal("not_json", "NaN and Infinity are not JSON: leave the member out or write null")
    if document.startswith(b"\xef\xbb\xbf"):
        return Refusal("not_json", "the payload starts with a byte order mark: leave it out")
    return Refusal("not_json", shorten(f"not JSON: {error}"))
