"""Orders: one row for each (site, order) with all that was said of it, so that a slice knows more than its messages.

An order is created, started, finished and delivered by different machines and systems of a site, in whatever order the
messages come. It counts as delivered with the part that completes its quantity; where quantities are not said, with
the last one so far. It is in process from its first start until it is finished or delivered, at the machine that began
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import apsw
import msgspec

from edge.events import OrderEvent
from edge.slices import OrderAction, OrderSpan

SCHEMA = """
create table orders(
    site text not null, name text not null, machine integer not null, started integer not null, ended integer not null,
    entries blob not null, primary key(site, name)) without rowid;
create index orders_in_process on orders(machine, started, ended);
"""
FAR = 1 << 62


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False, order=True):
    """One message about an order; instants in microseconds. The order of fields is that of the messages."""

    ts: int
    seq: int
    offset: int
    index: int
    received: int
    machine: int
    action: str
    product: str | None = None
    quantity: float | None = None
    due: int | None = None
    dwell_s: float | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Entry]).decode
Key = tuple[str, str]
Stretch = tuple[int, int, int]
"""(machine, from, to)."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is known of an order: its messages in event order, and what they come to."""

    name: str
    entries: tuple[Entry, ...]
    created: int | None
    quantity: float | None
    product: str | None
    due: int | None
    dwell_s: float
    start: Entry | None
    finish: Entry | None
    delivery: Entry | None

    @property
    def in_process(self) -> Stretch | None:
        """The machine that began it, and [from, to) in which it is in process; None before it is started."""
        if self.start is None:
            return None
        end = self.finish or self.delivery
        return self.start.machine, self.start.ts, FAR if end is None else max(end.ts, self.start.ts)


def known(name: str, entries: Iterable[Entry], received_until: int | None = None) -> Order:
    """The order from its messages; with `received_until` as it was known then."""
    found = tuple(sorted(e for e in entries if received_until is None or e.received <= received_until))
    of = {action: [e for e in found if e.action == action] for action in ("create", "start", "finish", "deliver")}
    planned = [*of["create"], *of["start"]]
    quantity = next((e.quantity for e in planned if e.quantity is not None), None)
    finish = of["finish"][-1] if of["finish"] else None
    if finish is not None and of["start"] and of["start"][-1] > finish:
        finish = None  # taken up again
    return Order(
        name=name,
        entries=found,
        created=of["create"][0].ts if of["create"] else None,
        quantity=quantity,
        product=next((e.product for e in found if e.product is not None), None),
        due=next((e.due for e in reversed(found) if e.due is not None), None),
        dwell_s=next((e.dwell_s for e in reversed(found) if e.dwell_s is not None), 0.0),
        start=of["start"][0] if of["start"] else None,
        finish=finish,
        delivery=_closing(of["deliver"], quantity),
    )


def _closing(parts: Sequence[Entry], quantity: float | None) -> Entry | None:
    """The delivery that completes the order."""
    if quantity is None or any(e.quantity is None for e in parts):
        return parts[-1] if parts else None
    delivered = 0.0
    for part in parts:
        delivered += part.quantity or 0.0
        if delivered >= quantity:
            return part
    return None


def touched(before: Order, after: Order) -> Iterator[Stretch]:
    """Where numbers change with what is known of an order."""
    for order in (before, after):
        for entry in (order.finish, order.delivery):
            if entry is not None:
                yield entry.machine, entry.ts, entry.ts + 1
    was, now = before.in_process, after.in_process
    if was is None or now is None or was[0] != now[0] or before.quantity != after.quantity:
        yield from (stretch for stretch in (was, now) if stretch is not None)
        return
    for one, other in zip(was[1:], now[1:], strict=True):
        if one != other:
            yield now[0], min(one, other), max(one, other)


@dataclass
class OrderIndex:
    """The writing side: takes messages, and says what they touch."""

    db: apsw.Connection
    _changed: dict[Key, list[Entry]] = field(default_factory=dict)
    _touched: set[Stretch] = field(default_factory=set)

    def add(self, event: OrderEvent, machine: int) -> None:
        """Take a message."""
        key = (site_of(event.asset), event.order)
        entries = self._changed.get(key)
        if entries is None:
            entries = self._changed[key] = _entries(self.db, key)
        before = known(event.order, entries)
        entries.append(
            Entry(
                event.ts, event.seq or 0, event.offset, event.index, event.received, machine, event.action,
                event.product, event.quantity, event.due, event.dwell_s,
            )
        )  # fmt: skip
        self._touched.update(touched(before, known(event.order, entries)))

    def flush(self) -> set[Stretch]:
        """Write what has changed, inside the caller's transaction; returns what it touches."""
        for key, entries in self._changed.items():
            machine, started, ended = known(key[1], entries).in_process or (0, FAR, FAR)
            self.db.execute(
                "insert or replace into orders values(?,?,?,?,?,?)", (*key, machine, started, ended, _encode(entries))
            )
        found = self._touched
        self._changed, self._touched = {}, set()
        return found


def site_of(path: str) -> str:
    """The site that a path lies in; orders are known all over it."""
    return path.partition("/")[0]


def _entries(db: apsw.Connection, key: Key) -> list[Entry]:
    found = db.execute("select entries from orders where site=? and name=?", key).fetchone()
    return _decode(found[0]) if found else []


def last_run(db: apsw.Connection, path: str, machine: int, name: str, until: int,
             before: int) -> tuple[int, int] | None:  # fmt: skip
    """[from, to) of the last time that a machine began an order before an instant, to its end or to the instant, as
    messages before an offset say."""
    said = (e for e in _entries(db, (site_of(path), name)) if e.offset < before)
    own = [e for e in said if e.machine == machine and e.ts < until]
    start = next((e.ts for e in sorted(own, reverse=True) if e.action == "start"), None)
    if start is None:
        return None
    return start, min((e.ts for e in own if e.action == "finish" and e.ts > start), default=until)


def said_between(db: apsw.Connection, path: str, machine: int, window: tuple[int, int], since: int,
                 until: int) -> Iterator[Entry]:  # fmt: skip
    """Messages of any machine, received in (since, until], about orders that a machine acts on in a window [start, end)
    or that are in process there."""
    start, end = window
    for name, blob in db.execute("select name, entries from orders where site=?", (site_of(path),)).fetchall():
        entries = _decode(blob)  # type: ignore[arg-type]  # a blob
        new = [entry for entry in entries if since < entry.received <= until]
        if not new:
            continue
        acts = any(entry.machine == machine and start <= entry.ts < end for entry in entries)
        stretches = [known(str(name), entries, instant).in_process for instant in (since, until)]
        if acts or any(one is not None and one[0] == machine and one[1] < end and one[2] > start for one in stretches):
            yield from new


class OrderBook:
    """The reading side for one machine: what its slices know of orders, as it was known at `received_until`."""

    def __init__(self, db: apsw.Connection, path: str, machine: int, received_until: int | None = None) -> None:
        self.db, self.site, self.machine, self.received_until = db, site_of(path), machine, received_until

    def actions(self, actions: Iterable[OrderAction]) -> tuple[OrderAction, ...]:
        """The actions of a slice with what is known of their orders."""
        return tuple(self._told(action) for action in actions)

    def _told(self, action: OrderAction) -> OrderAction:
        order = known(action.order, _entries(self.db, (self.site, action.order)), self.received_until)
        last = {"finish": order.finish, "deliver": order.delivery}.get(action.action)
        return msgspec.structs.replace(
            action,
            created=order.created,
            started=None if order.start is None else order.start.ts,
            due=order.due,
            ordered=order.quantity,
            dwell_s=order.dwell_s,
            closes=last is not None and (last.ts, last.machine) == (action.ts, self.machine),
        )

    def in_process(self, start: int, end: int) -> tuple[OrderSpan, ...]:
        """Orders that this machine began and that are in process in [start, end), clipped to it."""
        spans = []
        for order in self._candidates(start, end):
            machine, begun, over = order.in_process or (0, FAR, FAR)
            a, b = max(begun, start), min(over, end)
            if machine == self.machine and a < b:
                spans.append(OrderSpan(order.name, a, b, order.product, order.quantity))
        return tuple(spans)

    def _candidates(self, start: int, end: int) -> Iterator[Order]:
        if self.received_until is None:
            sql = "select name, entries from orders where machine=? and started<? and ended>?"
            rows = self.db.execute(sql, (self.machine, end, start)).fetchall()
        else:  # what was known then may have been another machine and time than now
            rows = self.db.execute("select name, entries from orders where site=?", (self.site,)).fetchall()
        for name, blob in rows:
            yield known(str(name), _decode(blob), self.received_until)  # type: ignore[arg-type]  # a blob
