"""Histories for any test: what machines said, when they said it, when it arrived, and what was said twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby
from typing import Any

from hypothesis import strategies as st

from tests.properties.plants import BREAKS, ROSTERS, Setting
from tests.scenarios.scenario import Message

SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
FLAP = 5 * SECOND  # heard again so soon, a machine was never gone: see `edge.timeline.alive`

GAPS = (0, 1, 4, 5, 6, 29, 30, 31, 59, 60, 61, 119, 120, 121, 300, 301, 600, 1799, 3600, 5400, 7200, 20_000)
UNREPEATED = ("heartbeat", "reading", "offline", "correction", "change")
LAGS = (50_000, 50_000, 50_000, 7 * SECOND, 90 * SECOND, 20 * MINUTE, 3 * HOUR, 30 * HOUR)
EARLY = (-30 * SECOND, -60 * SECOND, -61 * SECOND, -600 * SECOND)  # a clock that is ahead
STATES = (
    *("running",) * 6, "slow", *("stopped",) * 3, "idle", *("fault",) * 3, "starved", "blocked", "setup", "changeover",
    "cleaning", "maintenance", "operator", "no_order", "unknown",
    *(f"packml:{number}" for number in (1, 2, 5, 6, 6, 9, 11, 16, 17)),
)  # fmt: skip


@dataclass(frozen=True)
class Said:
    """One thing said at `ts` by a machine (number), and how long it took to arrive."""

    machine: int
    kind: str
    ts: int
    body: Mapping[str, Any]
    lag: int


small = st.integers(0, 12)
products = st.sampled_from(("P", "Q", "R", "nameless"))
maybe_product = st.fixed_dictionaries({}, optional={"product": products})

settings_said = st.fixed_dictionaries(
    {"microstop_threshold_s": st.sampled_from((0, 301, 60, 121, 7200))},
    optional={
        "debounce_s": st.sampled_from((0, 5, 31)),
        "stale_after_s": st.sampled_from((0, 60, 300)),
        "no_order_is_loss": st.booleans(),
        "planned_maintenance_only": st.booleans(),
        "planned_stops_are_loss": st.booleans(),
        "reject_signal": st.sampled_from(("auto", "yes", "no")),
        "product": st.sampled_from(("P", "R", None)),
        "counter_modulus": st.sampled_from((100, None)),
        "target_oee": st.just(0.5),
    },
)
begins = st.sampled_from((30, 600, 4000, 30_000, 0, -30, -7200, 100_000))
machine_changes = st.fixed_dictionaries(
    {
        "kind": st.just("machine"),
        "name": st.sampled_from(("site/area/line/m0", "site/area/line/m1", "site/area/line/m2", "site/*")),
        "back_s": begins,
        "value": settings_said,
    }
)
plant_changes = st.one_of(
    machine_changes,
    machine_changes,
    st.fixed_dictionaries(
        {
            "kind": st.just("product"),
            "name": st.sampled_from(("P", "P", "Q", "nameless")),
            "back_s": begins,
            "value": st.fixed_dictionaries(
                {"ideal_cycle_s": st.sampled_from((0.3, 5, 20))}, optional={"parts_per_cycle": st.just(2)}
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("shifts"),
            "name": st.just("site"),
            "back_s": begins,
            "value": st.sampled_from([{"shifts": ROSTERS[name], "breaks": BREAKS[name]} for name in sorted(ROSTERS)]),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("exception"),
            "name": st.just("site"),
            "slot": st.sampled_from(("planned", "unscheduled")),
            "back_s": begins,
            "for_s": st.sampled_from((1, 59, 600, 7200, 50_000)),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("revoke"), "revokes": st.sampled_from([f"c{n}" for n in range(12)])}),
)

BODIES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "state": st.fixed_dictionaries({"state": st.sampled_from(STATES)}),
    "count": st.fixed_dictionaries({"total": small}, optional={"bad": st.integers(0, 3), "product": products}),
    "counter": st.fixed_dictionaries(
        {
            "counter": st.sampled_from(("total", "total", "bad")),
            "value": st.sampled_from((0, 1, 2, 5, 40, 41, 60, 90, 99, 100, 150, 700, 65530)),
        },
        optional={"product": products},
    ),
    "unit": st.fixed_dictionaries(
        {"serial": st.sampled_from("abcdef"), "result": st.sampled_from((*("pass",) * 5, "fail", "abort"))},
        optional={
            "station": st.sampled_from(("S1", "S2", "S1", "S2", "S3")),
            "product": products,
            "defects": st.integers(0, 3),
            "opportunities": st.sampled_from((0, 4, 9)),
        },
    ),
    "product": st.fixed_dictionaries({"product": products}),
    "order": st.fixed_dictionaries(
        {"order": st.sampled_from(("o1", "o2")), "action": st.sampled_from(("create", "start", "finish"))},
        optional={"product": products},
    ),
    "scrap": st.fixed_dictionaries({"qty": st.integers(1, 3)}, optional={"back_s": st.sampled_from((0, 60, 9000))}),
    "offline": st.just({}),
    "heartbeat": st.just({}),
    "reading": st.just({"signals": {"x": 1.5}}),
    "change": plant_changes,
    "correction": st.one_of(
        st.fixed_dictionaries(
            {
                "kind": st.just("state"),
                "state": st.sampled_from([s for s in STATES if ":" not in s]),
                "back_s": st.sampled_from((30, 600, 4000, 30_000)),
                "for_s": st.sampled_from((1, 59, 119, 600, 7200, 50_000)),
            }
        ),
        st.fixed_dictionaries(
            {
                "kind": st.just("merge"),
                "back_s": st.sampled_from((30, 600, 4000)),
                "for_s": st.sampled_from((59, 600, 7200)),
            }
        ),
        st.fixed_dictionaries(
            {
                "kind": st.just("product"),
                "product": products,
                "back_s": st.sampled_from((30, 600, 4000)),
                "for_s": st.sampled_from((59, 600, 7200)),
            }
        ),
        st.fixed_dictionaries(
            {
                "kind": st.just("count"),
                "back_s": st.sampled_from((30, 4000)),
                "total": st.sampled_from((1, 3, -2)),
                "bad": st.integers(0, 2),
            }
        ),
        st.fixed_dictionaries({"kind": st.just("scrap"), "back_s": st.sampled_from((0, 4000)), "qty": st.just(1)}),
        st.fixed_dictionaries({"kind": st.just("revoke"), "revokes": st.sampled_from([f"c{n}" for n in range(12)])}),
    ),
}
KINDS: dict[str, tuple[str, ...]] = {
    "stops": (*("state",) * 12, "count", "correction"),
    "silence": (*("heartbeat",) * 5, *("state",) * 4, *("offline",) * 3, *("count",) * 2, "counter", "reading"),
    "counters": (*("counter",) * 9, *("state",) * 2, "product", "heartbeat", "offline"),
    "units": (*("unit",) * 12, "state", "count"),
    "changes": (*("change",) * 4, *("state",) * 8, *("count",) * 4, "counter", "counter", "product", "correction"),
}
KINDS["everything"] = (
    *("state",) * 9, *("count",) * 4, *("counter",) * 3, *("unit",) * 3, "product", "order", "scrap", "offline",
    "heartbeat", "reading", "correction", "correction", "change",
)  # fmt: skip


@st.composite
def said(draw: st.DrawFn, setting: Setting, *, most: int = 40, ahead: bool = True) -> list[Said]:
    """What the machines say, in event time; each machine's heartbeats in between."""
    out: list[Said] = []
    at = setting.begin
    lags = LAGS + (EARLY if ahead else ())
    prompt = 1 if setting.focus == "silence" else 3
    for _ in range(draw(st.integers(1, most))):
        at += draw(st.sampled_from(GAPS)) * SECOND + draw(st.sampled_from((0, 0, 0, 1000, 250_000)))
        kind = draw(st.sampled_from(KINDS[setting.focus]))
        body = draw(BODIES[kind])
        machine = draw(st.integers(0, len(setting.paths) - 1))
        lag = draw(st.sampled_from(lags)) if draw(st.integers(0, prompt)) == 0 else LAGS[0]
        if kind == "scrap" and "back_s" in body:
            body = {"qty": body["qty"], "produced_ts": (at // 1000) - body["back_s"] * 1000}
        out.append(Said(machine, kind, at, body, lag))
    for machine in range(len(setting.paths)):
        every = draw(st.sampled_from((0, 0, 50, 240, 900)))
        if every:
            until = min(at, setting.begin + 200 * every * SECOND)
            out += _heartbeats(machine, setting.begin, until, every, draw(st.sampled_from(LAGS)))
    return [one for one in sorted(out, key=lambda one: one.ts) if one.kind != "offline" or not _flaps(one, out)]


def _heartbeats(machine: int, start: int, end: int, every_s: int, lag: int) -> Iterator[Said]:
    for at in range(start, end, every_s * SECOND):
        yield Said(machine, "heartbeat", at, {}, lag)


def _flaps(notice: Said, others: Sequence[Said]) -> bool:
    """Whether the machine is heard again at once."""
    gone = _counts(notice)
    silent = ("offline", "correction", "change")
    heard = [_counts(one) for one in others if one.machine == notice.machine and one.kind not in silent]
    before, after = [at for at in heard if at <= gone], [at for at in heard if at > gone]
    return bool(before) and bool(after) and min(after) - max(before) <= FLAP


def _counts(one: Said) -> int:
    return one.ts if one.lag >= -MINUTE else one.ts + one.lag


@st.composite
def messages(draw: st.DrawFn, setting: Setting, *, most: int = 40, ahead: bool = True) -> list[Message]:
    """A history as it arrives: in order of receipt, some of it again, with or without identities of the device's."""
    numbering = draw(st.sampled_from(("none", "id", "seq")))
    out = []
    for number, one in enumerate(draw(said(setting, most=most, ahead=ahead))):
        first = message(setting, one, number, numbering)
        out.append(first)
        if one.kind not in UNREPEATED and draw(st.integers(0, 7)) == 0:
            out.append(Message(first.topic, first.payload, first.received + draw(st.sampled_from(LAGS))))
    out = list(_together(draw(st.booleans()), out))
    out.sort(key=lambda one: one.received)
    return out


@st.composite
def orderless(draw: st.DrawFn, setting: Setting, *, most: int = 40) -> list[Message]:
    """A history in which no machine says two things at one instant, so that its order lies in event time alone."""
    told: set[tuple[int, int]] = set()
    out = []
    numbering = draw(st.sampled_from(("none", "id", "seq")))
    for number, one in enumerate(draw(said(setting, most=most, ahead=False))):
        if (one.machine, one.ts) not in told and one.kind != "change":  # of changes the later word counts
            told.add((one.machine, one.ts))
            out.append(message(setting, one, number, numbering))
    return out


def in_order(order: Sequence[Message]) -> list[Message]:
    """The messages as they stand, received one after the other when all has happened, also what corrections speak of:
    of the time after its receipt a correction says nothing."""
    after = max((max(one.received, _spoken_until(one)) for one in order), default=0)
    return [Message(one.topic, one.payload, after + n * SECOND) for n, one in enumerate(order)]


def _spoken_until(one: Message) -> int:
    to = json.loads(one.payload).get("to") if one.topic.startswith("$") else None
    return 0 if to is None else round(datetime.fromisoformat(to).timestamp() * 1_000_000)


def _together(wanted: bool, single: Sequence[Message]) -> Iterator[Message]:
    """Neighbours of one topic as one array, which arrives with the last of them."""
    for _, group in groupby(single, key=lambda one: one.topic if wanted and one.topic[0] != "$" else id(one)):
        same = list(group)
        body = b"[" + b",".join(one.payload for one in same) + b"]" if len(same) > 1 else same[0].payload
        yield Message(same[0].topic, body, max(one.received for one in same))


def message(setting: Setting, one: Said, number: int, numbering: str) -> Message:
    """What is published. Odd numbers write their time as text, even ones as milliseconds."""
    if one.kind == "correction":
        return correction(setting, one, number)
    if one.kind == "change":
        return change(one, number)
    identity: dict[str, Any] = {}
    if numbering == "id":
        identity = {"id": number}
    elif numbering == "seq":
        identity = {"boot": "b", "seq": number}
    body = {"ts": one.ts // 1000 if number % 2 else _text(one.ts), **identity, **one.body}
    kind = "count" if one.kind == "counter" else one.kind
    topic = f"shopfloor/v1/{setting.paths[one.machine]}/{kind}"
    return Message(topic, json.dumps(body).encode(), one.ts + one.lag)


def correction(setting: Setting, one: Said, number: int) -> Message:
    """What a person says of the record, some time after it happened."""
    body = {"id": f"c{number}", "by": "a test", "why": "to see what it does", "asset": setting.paths[one.machine]}
    body |= {name: value for name, value in one.body.items() if not name.endswith("_s")}
    begin = one.ts - one.body.get("back_s", 0) * SECOND
    if "for_s" in one.body:
        body |= {"from": _text(begin), "to": _text(begin + one.body["for_s"] * SECOND)}
    elif body["kind"] != "revoke":
        body["at"] = _text(begin)
    return Message("$edge/correction", json.dumps(body).encode(), one.ts + max(one.lag, LAGS[0]))


def change(one: Said, number: int) -> Message:
    """What a person says of the plant, and from when on it holds."""
    body = {"id": f"c{number}", "by": "a test", "why": "to see what it does"}
    body |= {name: value for name, value in one.body.items() if not name.endswith("_s") and name != "slot"}
    begin = one.ts - one.body.get("back_s", 0) * SECOND
    if body["kind"] == "exception":
        slot = {"kind": one.body["slot"], "from": _text(begin), "to": _text(begin + one.body["for_s"] * SECOND)}
        body["value"] = slot
    elif body["kind"] != "revoke":
        body["valid_from"] = _text(begin)
    return Message("$edge/plant", json.dumps(body).encode(), one.ts + max(one.lag, LAGS[0]))


def _text(us: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    return moment.astimezone(timezone(timedelta(hours=3, minutes=30))).isoformat()
