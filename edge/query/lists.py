"""Lists of what came: events, rejections, single messages."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import apsw
import msgspec

from edge.clock import HOUR, to_text
from edge.decode import Rejection
from edge.events import KINDS, AnyEvent, Event
from edge.journal.record import DUP, QOS_MASK, RETAIN, Record
from edge.store import events as event_store
from edge.store.machines import MachineRow

MAX_PREVIEW = 2048
_COMMON = len(Event.__struct_fields__)


def event_dict(event: AnyEvent) -> dict[str, Any]:
    """An event as the API shows it: times as text, members without a value left out."""
    out: dict[str, Any] = {
        "offset": event.offset,
        "index": event.index,
        "kind": KINDS[event.__class__],
        "asset": event.asset,
        "ts": to_text(event.ts),
        "received": to_text(event.received),
    }
    if event.clock_ahead:
        out["clock_ahead"] = True
    for name in ("id", "boot", "seq", *event.__struct_fields__[_COMMON:]):
        value = getattr(event, name)
        if value is not None:
            out[name] = to_text(value) if name == "produced_ts" else value
    return out


def events(db: apsw.Connection, machines: Sequence[MachineRow], filters: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Production events in order of arrival, of event time [start, end) (default: the last hour), with a cursor."""
    end = filters["end"] if filters["end"] is not None else now + HOUR
    start = filters["start"] if filters["start"] is not None else min(end, now) - HOUR
    after = tuple(filters["after"]) if filters["after"] is not None else (-1, -1)
    kind = filters["kind"]
    found: list[AnyEvent] = []
    for row in machines:
        for hour in event_store.between(db, row.number, start - start % HOUR - HOUR, end + HOUR):
            for part, _ in event_store.stored(db, row.number, hour):
                found += [
                    e
                    for e in part
                    if start <= e.ts < end
                    and (e.offset, e.index) > after
                    and (kind is None or KINDS[e.__class__] == kind)
                ]
    found.sort(key=lambda e: (e.offset, e.index))
    page = found[: filters["limit"]]
    more = len(found) > len(page)
    return {
        "events": [event_dict(e) for e in page],
        "next": f"{page[-1].offset}-{page[-1].index}" if more else None,
    }


def rejection_members(rejection: Rejection) -> dict[str, Any]:
    """A rejection as the API shows it, without its payload."""
    return {**msgspec.structs.asdict(rejection), "received": to_text(rejection.received)}


def rejection_dict(row: Sequence[Any], record: Record | None) -> dict[str, Any]:
    """A rejection with its payload, as text where it is text."""
    return {
        **rejection_members(Rejection(*row)),
        **payload_members(None if record is None else record.payload[:MAX_PREVIEW]),
    }


def payload_members(payload: bytes | None) -> dict[str, str | None]:
    """`payload` where the bytes are text, else `payload_b64`."""
    if payload is None:
        return {"payload": None, "payload_b64": None}
    try:
        return {"payload": payload.decode(), "payload_b64": None}
    except UnicodeDecodeError:
        return {"payload": None, "payload_b64": base64.b64encode(payload).decode()}


def rejection_rows(db: apsw.Connection, filters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """Rejections, newest first; one more than the limit where there are more."""
    asset = filters["asset"]
    before = filters["before"] or (1 << 62, 0)
    sql = (
        "select offset, idx, received, topic, asset, reason, detail, size from rejections "
        "where (offset, idx) < (?, ?) and (?3 is null or asset=?3 or (asset>=?4 and asset<?5)) "
        "and (?6 is null or reason=?6) and (?7 is null or received>=?7) and (?8 is null or received<?8) "
        "order by offset desc, idx desc limit ?9"
    )
    wanted = (
        *before, asset, *_below(asset), filters["reason"], filters["start"], filters["end"], filters["limit"] + 1,
    )  # fmt: skip
    return db.execute(sql, wanted).fetchall()


def rejection_counts(db: apsw.Connection, asset: str | None) -> dict[str, int]:
    """Rejections per reason, of everything or of one path."""
    sql = (
        "select reason, count(*) from rejections where (?1 is null or asset=?1 or (asset>=?2 and asset<?3)) "
        "group by reason order by 2 desc"
    )
    rows = db.execute(sql, (asset, *_below(asset)))
    return {str(reason): int(count) for reason, count in rows}


def rejected_offsets(db: apsw.Connection, reason: str | None, asset: str | None) -> list[int]:
    """Where in the journal messages are that were rejected, in order; one of which only elements were is among them."""
    sql = (
        "select distinct offset from rejections where (?1 is null or reason=?1) "
        "and (?2 is null or asset=?2 or (asset>=?3 and asset<?4)) order by offset"
    )
    rows: list[Any] = db.execute(sql, (reason, asset, *_below(asset))).fetchall()
    return [offset for (offset,) in rows]


def _below(asset: str | None) -> tuple[str | None, str | None]:
    """Between which texts the paths below one are."""
    return (None, None) if asset is None else (f"{asset}/", f"{asset}0")


def rejected_of(db: apsw.Connection, machines: Sequence[MachineRow]) -> dict[str, int]:
    """How many rejections there are of each of these machines that has any, by path."""
    sql = "select asset, count(*) from rejections where asset in (select value from json_each(?)) group by asset"
    rows = db.execute(sql, (json.dumps([row.path for row in machines]),))
    return {str(asset): int(count) for asset, count in rows}


def message_dict(record: Record, events: Sequence[Event], rejections: Sequence[Rejection]) -> dict[str, Any]:
    """A raw message and what became of it."""
    return {
        "offset": record.offset,
        "topic": record.topic,
        "received": to_text(record.received),
        "qos": record.flags & QOS_MASK,
        "retain": bool(record.flags & RETAIN),
        "dup": bool(record.flags & DUP),
        "epoch": record.epoch,
        "size": len(record.payload),
        **payload_members(record.payload),
        "events": [event_dict(e) for e in events],  # type: ignore[arg-type]  # decoded events are AnyEvent
        "rejections": [rejection_members(r) for r in rejections],
    }
