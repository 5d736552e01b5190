"""Parts of a window, by where they are booked: rulings 10, 16 to 19, 27, 28, 33 and 41."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.oracle.history import History
from tests.oracle.messages import SECOND, Fact, microseconds


@dataclass(frozen=True)
class Booking:
    """Parts at an instant. `judged` of them came from a source that speaks of rejects."""

    ts: int
    product: str | None
    where: str  # scheduled, gap, unscheduled
    total: int
    bad: int
    judged: int


class Parts:
    """All parts of a machine up to the cut of its history, and flags as (instant, name)."""

    def __init__(self, history: History) -> None:
        self.history, self.machine = history, history.machine
        self.flags: list[tuple[int, str]] = []
        self.bookings = [*self._increments(), *self._levels(), *self._scrap(), *self._amended()]
        self.flags += [(effect(fact), "clock_ahead") for fact in history.facts if fact.ahead and counted(fact)]

    def product_at(self, ts: int) -> str | None:
        """What is being made: the last word before or at `ts`."""
        product = None
        for fact in self.history.facts:
            starts = fact.kind != "order" or fact.body["action"] == "start"
            if fact.kind in ("product", "state", "order") and fact.ts <= ts and starts:
                product = fact.body.get("product") or product
        for fact in sorted(self._of("amended product"), key=lambda fact: fact.place):
            if fact.ts <= ts < min(microseconds(fact.body["to"]), fact.received):
                product = fact.body["product"]
        return product or self.machine.at(ts).product

    def where(self, ts: int) -> str:
        if self.machine.kind_at(ts) == "unscheduled":
            return "unscheduled"
        return "gap" if self.history.state_at(ts) == "unknown" else "scheduled"

    def judged(self, ts: int, heard: int, total: int) -> int:
        """How many parts count as judged, with what the settings say of it."""
        return {"auto": heard, "yes": max(heard, total), "no": 0}[self.machine.at(ts).reject_signal]

    def _increments(self) -> Iterator[Booking]:
        for fact in self._of("count"):
            if "counter" in fact.body:
                continue
            total, bad = fact.body.get("total") or 0, fact.body.get("bad")
            heard = 0 if bad is None else max(total, 1)
            product = fact.body.get("product") or self.product_at(fact.ts)
            yield Booking(fact.ts, product, self.where(fact.ts), total, bad or 0, self.judged(fact.ts, heard, total))

    def _scrap(self) -> Iterator[Booking]:
        for fact in self._of("scrap"):
            qty, ts = fact.body["qty"], effect(fact)
            product = fact.body.get("product") or self.product_at(ts)
            yield Booking(ts, product, self.where(ts), 0, qty, self.judged(ts, qty, 0))

    def _amended(self) -> Iterator[Booking]:
        for fact in self._of("amended"):
            total, bad = fact.body.get("total", 0), fact.body.get("bad", 0)
            judged = self.judged(fact.ts, max(total, 1), total)
            yield Booking(fact.ts, self.product_at(fact.ts), self.where(fact.ts), total, bad, judged)
        for fact in self._of("amended scrap"):
            qty = fact.body["qty"]
            yield Booking(fact.ts, self.product_at(fact.ts), self.where(fact.ts), 0, qty, self.judged(fact.ts, qty, 0))

    def _levels(self) -> Iterator[Booking]:
        last: dict[str, Fact] = {}
        for fact in self._of("count"):
            name = fact.body.get("counter")
            if name is None:
                continue
            before, last[name] = last.get(name), fact
            if before is None:
                continue
            at = fact.ts - 1  # a sample closes the time before it
            product = fact.body.get("product") or self.product_at(at)
            parts, flag = self._increase(before, fact, product)
            if flag:
                self.flags.append((at, flag))
            where = self.where(at)
            if where == "scheduled" and any(a < fact.ts and b > before.ts for a, b in self.history.unknown()):
                where = "gap"
            total, bad = (0, parts) if name == "bad" else (parts, 0)
            yield Booking(at, product, where, total, bad, self.judged(at, parts, total))

    def _increase(self, before: Fact, after: Fact, product: str | None) -> tuple[int, str | None]:
        old, new = before.body["value"], after.body["value"]
        if new >= old:
            return new - old, None
        machine = self.machine.at(after.ts - 1)
        ideal = machine.ideal(product)
        elapsed_s = (after.ts - before.ts) / SECOND
        possible = float("inf") if ideal is None else machine.factor * elapsed_s / ideal + 1
        modulus = machine.modulus
        if modulus is not None and 0 <= modulus - old + new <= possible:
            return modulus - old + new, "rollover"
        if new <= possible:
            return new, "reset"
        return 0, "backwards"

    def _of(self, kind: str) -> Iterator[Fact]:
        return (fact for fact in self.history.facts if fact.kind == kind)


def effect(fact: Fact) -> int:
    """The instant at which a fact is booked."""
    if fact.kind == "count" and "counter" in fact.body:
        return fact.ts - 1
    if fact.kind == "scrap" and fact.body.get("produced_ts") is not None:
        produced = microseconds(fact.body["produced_ts"])
        return produced if produced <= fact.received + 60 * SECOND else fact.received
    return fact.ts


def counted(fact: Fact) -> bool:
    return fact.kind not in ("reading", "heartbeat")
