"""Which messages were there before: a message counts once, however often a broker or a device sends it.

Identity is the message's `id`; else (machine, `boot`, `seq`); else its content (machine, kind, time, values). The
memory is bounded: sequence numbers are ranges, ids and contents are forgotten some days after they came. Days go by
received times, never by the clock, so that a journal read again forgets as it did the first time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import apsw
import msgspec

from edge.clock import DAY
from edge.events import Event, Heartbeat, Reading

MAX_RANGES = 10_000
BOOTS_KEPT = 16
_encode = msgspec.msgpack.Encoder().encode
_decode_ranges = msgspec.msgpack.Decoder(tuple[list[int], list[int]]).decode


class Sequence:
    """Sequence numbers seen, as sorted disjoint ranges [start, end]."""

    __slots__ = ("ends", "starts")

    def __init__(self, starts: list[int] | None = None, ends: list[int] | None = None) -> None:
        self.starts, self.ends = starts or [], ends or []

    def add(self, seq: int) -> bool:
        """Take a number; False where it was there."""
        starts, ends = self.starts, self.ends
        if not ends or seq > ends[-1] + 1:
            starts.append(seq)
            ends.append(seq)
            if len(starts) > MAX_RANGES:  # forget the oldest: bounded, and far outside any redelivery
                del starts[0], ends[0]
            return True
        if seq == ends[-1] + 1:
            ends[-1] = seq
            return True
        at = bisect_right(starts, seq) - 1
        if at >= 0 and seq <= ends[at]:
            return False
        joins_left = at >= 0 and ends[at] == seq - 1
        joins_right = starts[at + 1] == seq + 1
        if joins_left and joins_right:
            ends[at] = ends.pop(at + 1)
            del starts[at + 1]
        elif joins_left:
            ends[at] = seq
        elif joins_right:
            starts[at + 1] = seq
        else:
            starts.insert(at + 1, seq)
            ends.insert(at + 1, seq)
        return True

    @property
    def missing(self) -> int:
        """How many numbers between the first and the last seen have not come."""
        return sum(start - end - 1 for start, end in zip(self.starts[1:], self.ends, strict=False))

    def holes(self) -> list[tuple[int, int]]:
        """Ranges [from, to] of the numbers that have not come."""
        return [(end + 1, start - 1) for start, end in zip(self.starts[1:], self.ends, strict=False)]


def content_key(event: Event, kind: str) -> int:
    """A 63-bit name of an event: of its id, or of all that it says. Its time is the device's own, which a redelivery
    repeats, also where the received time counts."""
    if event.id is not None:
        said: object = (event.asset, event.id)
    else:
        fields = event.__struct_fields__[len(Event.__struct_fields__) :]
        said = (event.asset, kind, event.ts + event.clock_ahead, event.seq, [getattr(event, name) for name in fields])
    return int.from_bytes(blake2b(_encode(said), digest_size=8).digest(), "big") >> 1


@dataclass
class Identities:
    """What has been seen, in memory and in the store; written by `flush` in the caller's transaction."""

    db: apsw.Connection
    days: int = 7
    _sequences: dict[tuple[int, str], Sequence] = field(default_factory=dict)
    _changed: dict[tuple[int, str], int] = field(default_factory=dict)  # with the received time
    _new: dict[int, int] = field(default_factory=dict)  # with the day of the received time
    _known: dict[int, int] = field(default_factory=dict)
    _today: int = 0
    _forgotten_day: int = 0

    def prepare(self, keys: Iterable[int]) -> None:
        """Look up content keys of a batch at once; `seen` answers for these."""
        wanted = [key for key in keys if key not in self._new]
        self._known = {}
        if wanted:
            sql = "select key, day from ids where key in (select value from json_each(?))"
            self._known = dict(self.db.execute(sql, (msgspec.json.encode(wanted).decode(),)))

    def seen(self, key: int, received: int) -> bool:
        """Whether a content key came in the last days; it has now."""
        day = received // DAY
        before = self._new.get(key, self._known.get(key))
        if before is not None and day - before <= self.days:
            return True
        self._new[key] = day
        self._today = max(self._today, day)
        return False

    def seen_sequence(self, machine: int, boot: str, seq: int, received: int) -> bool:
        """Whether (machine, boot, seq) came before; it has now."""
        place = (machine, boot)
        sequence = self._sequences.get(place)
        if sequence is None:
            sequence = self._sequences[place] = self._load(machine, boot)
        if sequence.add(seq):
            self._changed[place] = received
            return False
        return True

    def _load(self, machine: int, boot: str) -> Sequence:
        sql = "select ranges from sequences where machine=? and boot=?"
        found = self.db.execute(sql, (machine, boot)).fetchone()
        return Sequence(*_decode_ranges(found[0])) if found else Sequence()

    def flush(self) -> None:
        """Write what is new, and forget ids and contents older than `days` once a day."""
        self.db.executemany("insert or replace into ids values(?,?)", self._new.items())
        self._new.clear()
        self.db.executemany(
            "insert or replace into sequences values(?,?,?,?)",
            [
                (*place, received, _encode((sequence.starts, sequence.ends)))
                for place, received in self._changed.items()
                for sequence in (self._sequences[place],)
            ],
        )
        self._changed.clear()
        if self._today != self._forgotten_day:
            self._forgotten_day = self._today
            self.db.execute("delete from ids where day<?", (self._today - self.days,))
            self._forget_boots()

    def _forget_boots(self) -> None:
        self.db.execute(
            "delete from sequences where (machine, boot) in (select machine, boot from (select machine, boot, "
            "row_number() over (partition by machine order by changed desc) n from sequences) where n>?)",
            (BOOTS_KEPT,),
        )
        self._sequences.clear()


def missing(db: apsw.Connection, machine: int) -> list[tuple[str, list[tuple[int, int]]]]:
    """Sequence numbers of a machine that have not come: (boot, ranges)."""
    out = []
    for boot, blob in db.execute("select boot, ranges from sequences where machine=? order by changed", (machine,)):
        holes = Sequence(*_decode_ranges(blob)).holes()
        if holes:
            out.append((boot, holes))
    return out


def has_weak_identity(event: Event) -> bool:
    """Readings and heartbeats without id or sequence are idempotent anyway and are not remembered by content."""
    return isinstance(event, Reading | Heartbeat) and event.id is None
