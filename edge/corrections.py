"""Corrections: what a person says about the record, kept as messages over it; the record itself never changes.

A correction is one JSON object in the journal under `$edge/correction`, with who, when and why. It may be revoked by a
later one. What it means for the timeline is worked out here; pure.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from edge.clock import DAY, from_text
from edge.events import STARTUP, STATES

TOPIC = "$edge/correction"  # no MQTT client can publish there
LONGEST = 31 * DAY
LATEST = 230 * 365 * DAY  # in the 22nd century; calendars end some time
MOST_PARTS = 1_000_000_000
Kind = Literal[
    "reason", "state", "product", "order", "split", "merge", "count", "scrap", "acknowledge", "work_done", "revoke"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
SPANNING = frozenset({"reason", "state", "product", "order", "split", "merge"})
OF_MONITORS = frozenset({"acknowledge", "work_done"})


class Correction(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """A correction as it is said. Times are RFC 3339 with an offset.

    `reason`, `state`, `product`, `order`: of the interval [from, to). `split`: the stop in [from, to) has `reason`
    before `at` and `reason_after` from then on. `merge`: everything in [from, to) is one stop. `count`: `total` and
    `bad` parts more (or less) at `at`. `scrap`: `qty` rejects found later, made at `at`, with the unit `serial`,
    or in the `lot` (an order that the machine made).
    `acknowledge`: somebody has taken note of the alarm of `monitor` (None: of all). `work_done`: on `component`.
    `revoke`: the correction `revokes` does not hold any more."""

    id: str
    kind: Kind
    by: str
    why: str
    asset: str | None = None
    from_: str | None = None
    to: str | None = None
    at: str | None = None
    state: str | None = None
    reason: str | None = None
    reason_after: str | None = None
    product: str | None = None
    order: str | None = None
    total: int = 0
    bad: int = 0
    qty: int = 0
    serial: str | None = None
    lot: str | None = None
    monitor: str | None = None
    component: str | None = None
    action: str | None = None
    revokes: str | None = None


class Interval(msgspec.Struct, frozen=True, array_like=True):
    """What lies over the record in [start, end); None where it says nothing. `merged`: all of it is one stop."""

    start: int
    end: int
    state: str | None = None
    reason: str | None = None
    product: str | None = None
    order: str | None = None
    merged: bool = False


class Parts(msgspec.Struct, frozen=True, array_like=True):
    """Parts more or less at an instant; `scrap` are rejects of parts that are counted already."""

    ts: int
    total: int = 0
    bad: int = 0
    scrap: int = 0
    product: str | None = None
    startup: bool = False  # rejects of a set-up


def problem(correction: Correction) -> tuple[str, str] | None:
    """(member, what would be right) where a correction cannot be used; None where it can."""
    for member in ("by", "why"):
        if not str(getattr(correction, member)).strip():
            return member, "a correction says who made it and why"
    if correction.kind == "revoke":
        return None if correction.revokes else ("revokes", "the id of the correction to revoke")
    if correction.asset is None or correction.asset.count("/") != 3:
        return "asset", "the path of one machine: site/area/line/machine"
    return _times_problem(correction) or _content_problem(correction)


def _times_problem(correction: Correction) -> tuple[str, str] | None:
    spanning = correction.kind in SPANNING
    wanted = {"from_", "to"} if spanning else set()
    named = correction.kind == "scrap" and (correction.serial or correction.lot)
    if correction.kind in ("split", "count", "scrap") and not named:
        wanted.add("at")
    for member in ("from_", "to", "at"):
        text = getattr(correction, member)
        if (text is not None or member in wanted) and not _is_time(text):
            return member.rstrip("_"), "a time such as 2025-03-03T06:00:00Z"
    if spanning:
        start, end = from_text(correction.from_ or ""), from_text(correction.to or "")
        if not start < end <= start + LONGEST:
            return "to", "later than from, by at most 31 days"
        if correction.kind == "split" and not start < from_text(correction.at or "") < end:
            return "at", "between from and to"
    return None


def _is_time(text: str | None) -> bool:
    try:
        return 0 <= from_text(text or "") < LATEST
    except ValueError:
        return False


def _content_problem(correction: Correction) -> tuple[str, str] | None:
    if correction.state is not None and correction.state not in STATES:
        return "state", f"one of {', '.join(sorted(STATES))}"
    needed = {
        "reason": "reason", "state": "state", "product": "product", "order": "order", "split": "reason_after",
        "work_done": "component",
    }  # fmt: skip
    member = needed.get(correction.kind)
    if member is not None and not getattr(correction, member):
        return member, f"a {correction.kind} correction needs it"
    if correction.kind == "count" and not (correction.total or correction.bad):
        return "total", "how many parts more (or, negative, less); or bad"
    if correction.kind == "scrap" and correction.qty < 1:
        return "qty", "how many rejects"
    for member in ("total", "bad", "qty"):
        if abs(getattr(correction, member)) > MOST_PARTS:
            return member, f"at most {MOST_PARTS}"
    return None


def intervals(correction: Correction, known_until: int) -> list[Interval]:
    """What the correction lays over the record, in microseconds, not beyond `known_until`."""
    if correction.kind not in SPANNING:
        return []
    start, end = from_text(correction.from_ or ""), min(from_text(correction.to or ""), known_until)
    if start >= end:
        return []
    if correction.kind == "split":
        at = min(from_text(correction.at or ""), end)
        return [Interval(start, at, reason=correction.reason), Interval(at, end, reason=correction.reason_after)]
    return [
        Interval(
            start, end, correction.state, correction.reason, correction.product, correction.order,
            merged=correction.kind == "merge",
        )
    ]  # fmt: skip


def parts(correction: Correction, produced_ts: int | None) -> list[Parts]:
    """Parts that the correction adds; `produced_ts` places scrap that was reported by serial or lot."""
    at = produced_ts if correction.at is None else from_text(correction.at)
    if at is None:
        return []
    if correction.kind == "count":
        return [Parts(at, correction.total, correction.bad, product=correction.product)]
    if correction.kind == "scrap":
        startup = (correction.reason or "").casefold() in STARTUP
        return [Parts(at, scrap=correction.qty, product=correction.product, startup=startup)]
    return []
